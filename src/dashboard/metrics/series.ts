/**
 * Samples on their way out, by the family that they belong to.
 */
import type { FamilyName } from './families.ts'

export interface Sample {
  /** The same names for all samples of a family. */
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export class Series {
  readonly #samples = new Map<FamilyName, Sample[]>()

  /** Those that have samples, in the order in which they came. */
  get families(): Iterable<readonly [FamilyName, readonly Sample[]]> {
    return this.#samples
  }

  add(family: FamilyName, labels: Sample['labels'], value: number): void {
    const samples = this.#samples.get(family)
    if (samples === undefined) this.#samples.set(family, [{ labels, value }])
    else samples.push({ labels, value })
  }
}
