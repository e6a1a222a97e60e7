/**
 * What several runs come to.
 */

/** The middle of several runs, and how far they are apart. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

export interface Percentiles {
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly p999: number
  readonly max: number
}

export function spreadOf(numbers: readonly number[]): Spread {
  const sorted = numbers.toSorted((a, b) => a - b)
  const half = sorted.length / 2
  const lower = sorted[Math.ceil(half) - 1] ?? Number.NaN
  const upper = sorted[Math.floor(half)] ?? Number.NaN
  return { median: (lower + upper) / 2, min: at(sorted, 0), max: at(sorted, 1) }
}

export function percentilesOf(numbers: Float64Array): Percentiles {
  const sorted = numbers.toSorted()
  return {
    p50: at(sorted, 0.5),
    p95: at(sorted, 0.95),
    p99: at(sorted, 0.99),
    p999: at(sorted, 0.999),
    max: at(sorted, 1),
  }
}

function at(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
