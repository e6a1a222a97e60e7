/**
 * Samples on their way out, by the family that they belong to.
 */
import type { DurationFigures } from '../../core/figures.ts'
import type { FamilyName } from './families.ts'

export interface Sample {
  /** The same names for all samples of a family. */
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** A part of a histogram, which has several names. */
interface PartSample extends Sample {
  readonly metricName: string
}

export class Series {
  readonly #samples = new Map<FamilyName, Sample[]>()

  /** Those that have samples, in the order in which they came. */
  get families(): Iterable<readonly [FamilyName, readonly Sample[]]> {
    return this.#samples
  }

  add(family: FamilyName, labels: Sample['labels'], value: number): void {
    this.#of(family).push({ labels, value })
  }

  /** A histogram, in seconds. */
  addDurations(family: FamilyName, labels: Sample['labels'], { count, totalMs, buckets }: DurationFigures): void {
    const add = (part: string, also: Sample['labels'], value: number): void => {
      const sample: PartSample = { metricName: `${family}_${part}`, labels: { ...labels, ...also }, value }
      this.#of(family).push(sample)
    }
    for (const [upToMs, upTo] of buckets) add('bucket', { le: bound(upToMs / 1_000) }, upTo)
    add('bucket', { le: '+Inf' }, count)
    add('sum', {}, totalMs / 1_000)
    add('count', {}, count)
  }

  #of(family: FamilyName): Sample[] {
    let samples = this.#samples.get(family)
    if (samples === undefined) this.#samples.set(family, (samples = []))
    return samples
  }
}

/** OpenMetrics has one form for each number, so that a bucket is the same in every scrape. */
function bound(seconds: number): string {
  return Number.isInteger(seconds) ? `${seconds}.0` : `${seconds}`
}
