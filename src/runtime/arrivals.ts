/**
 * When records of a partition were first seen in the log, so that their commit can tell how long they took.
 */

/** How many are remembered: an instance that lags far keeps coarser times, never more of them. */
const marksMax = 64

export class Arrivals {
  /** Ends of the partition, rising, and when each was first seen. */
  readonly #ends: number[] = []
  readonly #seenMs: number[] = []

  /** The partition ends here now. */
  seen(endOffset: number, nowMs: number): void {
    if (this.#ends.length === marksMax) this.#thin()
    this.#ends.push(endOffset)
    this.#seenMs.push(nowMs)
  }

  /** Takes two arrivals together as one, as early as the first: what is told is never too short. */
  #thin(): void {
    let kept = 0
    for (let i = 0; i < marksMax; i += 2) {
      this.#ends[kept] = this.#ends[i + 1] ?? 0
      this.#seenMs[kept] = this.#seenMs[i] ?? 0
      kept++
    }
    this.#ends.length = this.#seenMs.length = kept
  }

  /** Everything before this offset is durable: tells of each arrival that is complete, and forgets it. */
  committed(position: number, tell: (seenMs: number) => void): void {
    let done = 0
    while (done < this.#ends.length && (this.#ends[done] ?? 0) <= position) done++
    if (done === 0) return
    for (const seenMs of this.#seenMs.splice(0, done)) tell(seenMs)
    this.#ends.splice(0, done)
  }
}
