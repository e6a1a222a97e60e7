/**
 * How much memory an application takes of its own: not the pages of the log that the system keeps at hand for it.
 */
import { readFileSync } from 'node:fs'
import { type ClickOptions, count } from './clicks.ts'
import { countVisits, type VisitOptions } from './visits.ts'

export interface MemoryResult {
  /** The most anonymous memory that was resident. */
  readonly anonymousBytes: number
  /** The most that the heap of V8 held. */
  readonly heapBytes: number
}

const lookEveryMs = 20

function anonymousBytes(): number {
  const [, kibibytes] = /^RssAnon:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  if (kibibytes === undefined) throw new Error('/proc/self/status has no line RssAnon; the figure needs Linux')
  return Number(kibibytes) * 1_024
}

async function most(work: () => Promise<unknown>): Promise<MemoryResult> {
  let anonymous = anonymousBytes()
  let heap = 0
  const look = (): void => {
    anonymous = Math.max(anonymous, anonymousBytes())
    heap = Math.max(heap, process.memoryUsage().heapUsed)
  }
  const timer = setInterval(look, lookEveryMs)
  await work()
  clearInterval(timer)
  look()
  return { anonymousBytes: anonymous, heapBytes: heap }
}

export function memoryOfBacklog(options: ClickOptions): Promise<MemoryResult> {
  return most(() => count(options))
}

export function memoryOfState(options: VisitOptions): Promise<MemoryResult> {
  return most(() => countVisits(options))
}
