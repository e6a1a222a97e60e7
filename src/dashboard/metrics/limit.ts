/**
 * How much of a log gets series of its own. A log of very many topics would fill the memory of whatever stores them, so
 * each kind of thing has a limit, and what it leaves out is counted: never silently.
 */

/** What a log may have very many of. */
export const limitedKinds = [
  'applications',
  'application_topics',
  'positions',
  'operators',
  'stores',
  'caches',
  'groups',
  'group_topics',
  'group_positions',
  'topics',
  'topic_partitions',
] as const
export type LimitedKind = (typeof limitedKinds)[number]

/** Of each kind. */
export const ofAKindMax = 2_000

export class Limit {
  readonly #admitted = new Map<LimitedKind, number>()
  readonly #leftOut = new Map<LimitedKind, number>()

  /** Whether this many more of a kind fit; all of them or none, which counts as left out. */
  admits(kind: LimitedKind, count: number = 1): boolean {
    const admitted = (this.#admitted.get(kind) ?? 0) + count
    if (admitted > ofAKindMax) {
      this.leaveOut(kind, count)
      return false
    }
    this.#admitted.set(kind, admitted)
    return true
  }

  leaveOut(kind: LimitedKind, count: number): void {
    this.#leftOut.set(kind, this.leftOut(kind) + count)
  }

  leftOut(kind: LimitedKind): number {
    return this.#leftOut.get(kind) ?? 0
  }
}
