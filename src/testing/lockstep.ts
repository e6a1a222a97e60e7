/**
 * Compares two sequences while both are made: what one run has said waits until the other has said the same thing. The
 * first thing that differs is kept, and nothing after it.
 */

/** Which of two runs. */
export type Side = 0 | 1

/** A place at which two sequences differ first; undefined: the sequence of that run has nothing there. */
export interface Difference<T> {
  /** How many were equal before. */
  readonly index: number
  readonly sides: readonly [T | undefined, T | undefined]
}

/** The longest that one run may be ahead of the other. */
const waitingMax = 100_000

export class Lockstep<T> {
  readonly #isSame: (one: T, other: T) => boolean
  /** What only one of the runs has said, the oldest first from `#at` on. */
  #waiting: T[] = []
  #at = 0
  #ahead: Side = 0
  #count = 0
  difference: Difference<T> | undefined

  constructor(isSame: (one: T, other: T) => boolean) {
    this.#isSame = isSame
  }

  /** How many were equal. */
  get count(): number {
    return this.#count
  }

  add(side: Side, item: T): void {
    if (this.difference !== undefined) return
    const other = this.#waiting[this.#at]
    if (other === undefined || this.#ahead === side) {
      this.#ahead = side
      this.#waiting.push(item)
      if (this.#waiting.length - this.#at > waitingMax) this.end()
      return
    }
    if (!this.#isSame(other, item)) return this.#differ(side === 0 ? [item, other] : [other, item])
    this.#count++
    this.#at++
    if (this.#at < 1_024 && this.#at < this.#waiting.length) return
    this.#waiting = this.#waiting.slice(this.#at)
    this.#at = 0
  }

  /** Nothing more comes from the other run, so what waits has no counterpart. */
  end(): void {
    const first = this.#waiting[this.#at]
    if (first === undefined || this.difference !== undefined) return
    this.#differ(this.#ahead === 0 ? [first, undefined] : [undefined, first])
  }

  /** The oldest that waits, and whose it is. */
  get head(): { readonly side: Side; readonly item: T } | undefined {
    const item = this.#waiting[this.#at]
    return item === undefined ? undefined : { side: this.#ahead, item }
  }

  #differ(sides: Difference<T>['sides']): void {
    this.difference = { index: this.#count, sides }
    this.#waiting = []
    this.#at = 0
  }
}
