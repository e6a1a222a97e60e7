/**
 * How far a long piece of work has come: what is done, how fast, and how long the rest will take.
 */
import { monotonicMs } from './clock.ts'

/** How far a long piece of work has come. */
export interface WorkProgress {
  /** Bytes that are done. */
  readonly doneBytes: number
  /** Bytes in all, as far as is known by now. */
  readonly totalBytes: number
  /** Since the work began. */
  readonly bytesPerSecond: number
  /** How long the rest takes at this rate, in ms; null while nothing is done. */
  readonly leftMs: number | null
}

const reportEveryMs = 250

/** Tells a listener a few times a second, and at the end. */
export class ProgressMeter {
  totalBytes: number
  readonly #report: ((progress: WorkProgress) => void) | undefined
  readonly #startMs = monotonicMs()
  #reportedMs = 0
  #doneBytes = 0

  constructor(totalBytes: number, report: ((progress: WorkProgress) => void) | undefined) {
    this.totalBytes = totalBytes
    this.#report = report
  }

  add(bytes: number): void {
    this.reach(this.#doneBytes + bytes)
  }

  reach(doneBytes: number): void {
    this.#doneBytes = doneBytes
    if (monotonicMs() - this.#reportedMs >= reportEveryMs) this.#tell()
  }

  finish(): void {
    this.totalBytes = this.#doneBytes
    this.#tell()
  }

  #tell(): void {
    this.#reportedMs = monotonicMs()
    const elapsedMs = Math.max(1, this.#reportedMs - this.#startMs)
    const doneBytes = this.#doneBytes
    const totalBytes = Math.max(doneBytes, this.totalBytes)
    this.#report?.({
      doneBytes,
      totalBytes,
      bytesPerSecond: Math.round((doneBytes / elapsedMs) * 1_000),
      leftMs: doneBytes === 0 ? null : Math.round(((totalBytes - doneBytes) / doneBytes) * elapsedMs),
    })
  }
}
