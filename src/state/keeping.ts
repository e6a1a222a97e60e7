/**
 * Whether rows of a store are worth the memory that they take once they are committed.
 *
 * A row that is dropped then dies young, which costs the garbage collector next to nothing, and the journal still
 * finds what changed lately for little more than the cache would. A row that is kept and never asked for again costs
 * most: the garbage collector copies it, and frees it much later. So rows are kept where enough of them are asked for
 * again. Where they are not, they are kept for a few commits now and then, to see whether that has changed.
 */

/** Rows are kept where a cache that used all the room would find at least this part of those that are asked for. */
const foundPart = 1 / 2
/** It is judged once a cache that found all would have found this many rows. */
const judgedRows = 256
/** For how many commits rows are dropped before it is judged again: at first, and at most. */
const pauseMin = 8
const pauseMax = 256

export class Keeping {
  #pause = pauseMin
  /** Commits that are still to drop their rows. */
  #left = 0
  /** Which part of the room rows have taken since the last commit. */
  #keptPart = 0
  #foundBefore = 0
  #missedBefore = 0
  #found = 0
  /** How many would have been found if what was kept held its share of all that is asked for. */
  #expected = 0

  /**
   * Asked after each commit.
   *
   * @param found how often a row was found that an earlier commit had left, counted once for each commit
   * @param missed how often a row was not in memory; one that is known to be new counts too
   */
  pays(found: number, missed: number): boolean {
    const foundNow = found - this.#foundBefore
    this.#expected += (foundNow + missed - this.#missedBefore) * this.#keptPart
    this.#found += foundNow
    this.#foundBefore = found
    this.#missedBefore = missed
    if (this.#left > 0) return --this.#left === 0
    if (this.#expected < judgedRows) return true
    const isWorthIt = this.#found >= foundPart * this.#expected
    this.#found = this.#expected = 0
    if (isWorthIt) this.#pause = pauseMin
    else {
      this.#left = this.#pause
      this.#pause = Math.min(pauseMax, 2 * this.#pause)
    }
    return isWorthIt
  }

  /**
   * After room was made.
   *
   * @param part which part of the room is taken by rows that are kept
   */
  kept(part: number): void {
    this.#keptPart = Math.min(1, part)
  }
}
