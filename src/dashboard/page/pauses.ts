/**
 * How long to wait before something that was refused, or lost, is tried again: longer and longer, up to a bound.
 */

/** Within the time for which a comparison waits for those who have lost their connection. */
const firstMs = 2_000
const longestMs = 30_000

export class Pauses {
  #count = 0

  next(): number {
    return Math.min(longestMs, firstMs * 2 ** this.#count++)
  }

  /** It has succeeded: the next pause is the first again. */
  reset(): void {
    this.#count = 0
  }
}
