/**
 * How much memory an application takes of its own: not the pages of the log that the system keeps at hand for it.
 */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { type ClickOptions, count } from './clicks.ts'
import { countVisits, type VisitOptions } from './visits.ts'

export interface MemoryResult {
  /** The most anonymous memory that was resident. */
  readonly anonymousBytes: number
}

export async function mostMemory(work: () => Promise<unknown>): Promise<MemoryResult> {
  const shared = new Int32Array(new SharedArrayBuffer(8))
  const watch = new Worker(new URL('./memory-watch.mjs', import.meta.url), { workerData: shared.buffer, execArgv: [] })
  const ended = once(watch, 'exit') // rejects when the thread fails
  await once(watch, 'online')
  try {
    await work()
  } finally {
    Atomics.store(shared, 0, 1)
    Atomics.notify(shared, 0)
  }
  await ended
  return { anonymousBytes: (shared[1] ?? 0) * 1_024 }
}

export function memoryOfBacklog(options: ClickOptions): Promise<MemoryResult> {
  return mostMemory(() => count(options))
}

export function memoryOfState(options: VisitOptions): Promise<MemoryResult> {
  return mostMemory(() => countVisits(options))
}
