/**
 * Counts what is equal and what differs, and keeps the first differences as samples.
 */
import type { ComparedPart, ComparisonSample } from './comparison-face.ts'

/** What each store and each topic is compared with. */
export interface CompareLimits {
  readonly samplesMax: number
  /** For keys of topics. */
  readonly memoryBytes: number
  /** Told how many rows or keys are compared, now and then. */
  readonly onRows: (rows: number) => unknown
}

export class Tally {
  equal = 0
  onlyHere = 0
  onlyLive = 0
  different = 0
  readonly samples: ComparisonSample[] = []
  readonly #samplesMax: number

  constructor(samplesMax: number) {
    this.#samplesMax = samplesMax
  }

  /** All that was counted. */
  get rows(): number {
    return this.equal + this.onlyHere + this.onlyLive + this.different
  }

  get hasDifference(): boolean {
    return this.onlyHere + this.onlyLive + this.different > 0
  }

  /** Counts a difference by which sides have anything. */
  differ(hasHere: boolean, hasLive: boolean): void {
    if (hasHere && hasLive) this.different++
    else if (hasHere) this.onlyHere++
    else this.onlyLive++
  }

  /** Keeps a sample where there is room for it; only then it is made. */
  show(sample: () => ComparisonSample): void {
    if (this.samples.length < this.#samplesMax) this.samples.push(sample())
  }

  add(other: Tally): void {
    this.equal += other.equal
    this.onlyHere += other.onlyHere
    this.onlyLive += other.onlyLive
    this.different += other.different
    this.samples.push(...other.samples.slice(0, this.#samplesMax - this.samples.length))
  }

  part(name: string, what: ComparedPart['what'], note?: string): ComparedPart {
    const { equal, onlyHere, onlyLive, different, samples } = this
    return { name, what, equal, onlyHere, onlyLive, different, samples, ...(note === undefined ? {} : { note }) }
  }
}

export function incomparable(name: string, what: ComparedPart['what'], why: string): ComparedPart {
  return { ...new Tally(0).part(name, what), incomparable: why }
}
