/**
 * What each commit of this process takes: time, bytes written, and the memory after it.
 */
import { readFileSync } from 'node:fs'
import { Environment, type WriteTransaction } from '../src/storage/environment.ts'
import { percentilesOf } from './statistics.ts'

/** Of the commits of one run. */
export interface CommitFigures {
  readonly commits: number
  readonly commitP50Ms: number
  readonly commitP999Ms: number
  readonly commitMaxMs: number
  /** CPU time of the process during the commit that took most of it. */
  readonly commitMaxCpuMs: number
  /** What LMDB wrote; no neighbour on the machine changes it. */
  readonly writtenMedianBytes: number
  readonly writtenMaxBytes: number
  /** Of the process, for all of the work, in seconds: no neighbour on the machine changes it much. */
  readonly cpuSeconds: number
  /** The most anonymous memory that was resident after a commit. */
  readonly anonymousBytes: number
}

interface Writing {
  write: (this: Environment, work: (transaction: WriteTransaction) => unknown) => unknown
}

/** Watches the commits of all environments of this process, until it is disposed of. */
export class WatchedCommits implements Disposable {
  readonly #restore: () => void
  readonly #ms: number[] = []
  readonly #written: number[] = []
  /** CPU time of the process so far, after each commit. */
  readonly #cpuSeconds: number[] = []
  #maxCpuSeconds = 0
  #anonymousBytes = 0
  readonly #cpuBefore = cpuSeconds()

  constructor() {
    const prototype = Environment.prototype as Writing
    const { write } = prototype
    const watch = <T>(work: () => T): T => this.watch(work)
    prototype.write = function writeWatched(this: Environment, work): unknown {
      return watch(() => write.call(this, work))
    }
    this.#restore = () => {
      prototype.write = write
    }
  }

  /** Runs a commit of someone else's. */
  watch<T>(commit: () => T): T {
    const writtenBefore = writtenBytes()
    const [startedMs, cpuBefore] = [performance.now(), cpuSeconds()]
    const result = commit()
    this.#ms.push(performance.now() - startedMs)
    this.#cpuSeconds.push(cpuSeconds())
    this.#maxCpuSeconds = Math.max(this.#maxCpuSeconds, cpuSeconds() - cpuBefore)
    this.#written.push(writtenBytes() - writtenBefore)
    this.#anonymousBytes = Math.max(this.#anonymousBytes, anonymousBytes())
    return result
  }

  result(): CommitFigures {
    const ms = percentilesOf(Float64Array.from(this.#ms))
    const written = percentilesOf(Float64Array.from(this.#written))
    return {
      commits: this.#ms.length,
      commitP50Ms: ms.p50,
      commitP999Ms: ms.p999,
      commitMaxMs: ms.max,
      commitMaxCpuMs: this.#maxCpuSeconds * 1_000,
      writtenMedianBytes: written.p50,
      writtenMaxBytes: written.max,
      cpuSeconds: cpuSeconds() - this.#cpuBefore,
      anonymousBytes: this.#anonymousBytes,
    }
  }

  /**
   * Of the process for each record, where all commits have as many. The first third is left out: until then much of the
   * time goes into compiling.
   */
  nsOfCpu(records: number): number {
    const { length } = this.#cpuSeconds
    const first = Math.floor(length / 3)
    const before = this.#cpuSeconds[first - 1] ?? this.#cpuBefore
    const seconds = (this.#cpuSeconds[length - 1] ?? Number.NaN) - before
    return (seconds * 1e9) / ((records * (length - first)) / length)
  }

  [Symbol.dispose](): void {
    this.#restore()
  }
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

/** Bytes that this process has written so far. */
export function writtenBytes(): number {
  return numberOf('/proc/self/io', /^wchar: (\d+)$/m)
}

function anonymousBytes(): number {
  return numberOf('/proc/self/status', /^RssAnon:\s+(\d+) kB$/m) * 1_024
}

function numberOf(file: string, pattern: RegExp): number {
  const [, number] = pattern.exec(readFileSync(file, 'utf8')) ?? []
  if (number === undefined) throw new Error(`${file} has no line ${String(pattern)}; the figure needs Linux`)
  return Number(number)
}
