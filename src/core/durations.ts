/**
 * How long something took: percentiles of the last five minutes, and buckets since the start, as Prometheus adds them
 * up.
 *
 * The percentiles are those of Node's own histograms, one for each minute, of which the oldest is emptied and used
 * again. Time is passed in, so a test says what a minute is.
 */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import type { DurationBucket, DurationFigures } from './figures.ts'

const minuteMs = 60_000
const minutes = 5

/** The ends of the buckets, in ms: 0.1, 0.2, 0.5, 1 … 50,000. */
const steps: readonly number[] = [-1, 0, 1, 2, 3, 4].flatMap((power) =>
  [1, 2, 5].map((digit) => (power < 0 ? digit / 10 ** -power : digit * 10 ** power)),
)

/** Histograms hold whole µs, up to this; two digits of each are exact, which takes 30 KB. */
const precision = { lowest: 1, highest: 3_600_000_000, figures: 2 }
const microseconds = 1_000

/** One minute of measurements. */
interface Minute {
  readonly histogram: RecordableHistogram
  /** Which one, counted by the clock. */
  number: number
  maxMs: number
}

export class Durations {
  #count = 0
  #totalMs = 0
  /** How many were in each bucket, and in none before it. */
  readonly #counts: number[] = steps.map(() => 0)
  readonly #minutes: Minute[] = []
  #sum: RecordableHistogram | undefined

  /** @param nowMs elapsed time, which never goes back */
  record(durationMs: number, nowMs: number): void {
    this.#count++
    this.#totalMs += durationMs
    const step = steps.findIndex((upToMs) => durationMs <= upToMs)
    if (step >= 0) this.#counts[step] = (this.#counts[step] ?? 0) + 1
    const minute = this.#minute(Math.floor(nowMs / minuteMs))
    minute.maxMs = Math.max(minute.maxMs, durationMs)
    const whole = Math.round(durationMs * microseconds)
    minute.histogram.record(Math.min(Math.max(whole, precision.lowest), precision.highest))
  }

  #minute(number: number): Minute {
    const at = number % minutes
    const minute = (this.#minutes[at] ??= { histogram: createHistogram(precision), number, maxMs: 0 })
    if (minute.number === number) return minute
    minute.histogram.reset()
    minute.number = number
    minute.maxMs = 0
    return minute
  }

  figures(nowMs: number): DurationFigures {
    const oldest = Math.floor(nowMs / minuteMs) - minutes
    const recent = this.#minutes.filter(({ number }) => number > oldest)
    const maxMs = recent.reduce((longest, minute) => Math.max(longest, minute.maxMs), 0)
    const all = this.#all(recent)
    // What a histogram rounds up is no longer than the longest.
    const percentile = (share: number): number =>
      all === undefined ? 0 : Math.min(all.percentile(share) / microseconds, maxMs)
    return {
      count: this.#count,
      totalMs: Math.round(this.#totalMs * microseconds) / microseconds,
      buckets: this.#buckets(),
      p50Ms: percentile(50),
      p99Ms: percentile(99),
      maxMs,
    }
  }

  #all([first, ...others]: readonly Minute[]): RecordableHistogram | undefined {
    if (first === undefined || others.length === 0) return first?.histogram
    const all = (this.#sum ??= createHistogram(precision))
    all.reset()
    for (const { histogram } of [first, ...others]) all.add(histogram)
    return all
  }

  #buckets(): DurationBucket[] {
    let sum = 0
    return steps.map((upToMs, step) => [upToMs, (sum += this.#counts[step] ?? 0)] as const)
  }
}
