/**
 * Entries in the order of their texts, as many as a commit may change: a list of short sorted arrays.
 *
 * Finding one costs two binary searches, adding one moves at most {@link entriesMax} references: no more than a B-tree
 * of this size does, in a page of code (docs/decisions/0011-ordered-state.md).
 */

/** A longer array is cut in two. */
const entriesMax = 256

export class SortedEntries<T extends { readonly text: string }> {
  /** None is empty; each ends before the next begins. */
  #runs: T[][] = []

  /** Adds an entry, in the place of one with the same text. */
  add(entry: T): void {
    const { text } = entry
    const runs = this.#runs
    const at = Math.min(this.#runAt(text), runs.length - 1)
    const run = runs[at]
    if (run === undefined) {
      runs.push([entry])
      return
    }
    const place = firstFrom(run, text)
    if (run[place]?.text === text) {
      run[place] = entry
      return
    }
    if (place === run.length) run.push(entry)
    else run.splice(place, 0, entry)
    if (run.length > entriesMax) runs.splice(at + 1, 0, run.splice(entriesMax / 2))
  }

  /** Takes an entry out, if it is there. */
  delete(text: string): void {
    const at = this.#runAt(text)
    const run = this.#runs[at]
    if (run === undefined) return
    const place = firstFrom(run, text)
    if (run[place]?.text !== text) return
    run.splice(place, 1)
    if (run.length === 0) this.#runs.splice(at, 1)
  }

  /** The first entry with a text of at least `text`. */
  from(text: string): T | undefined {
    const run = this.#runs[this.#runAt(text)]
    return run?.[firstFrom(run, text)]
  }

  /** The first entry with a text above `text`. */
  after(text: string): T | undefined {
    const at = this.#runAt(text)
    const run = this.#runs[at]
    if (run === undefined) return undefined
    const place = firstFrom(run, text)
    if (run[place]?.text !== text) return run[place]
    return run[place + 1] ?? this.#runs[at + 1]?.[0]
  }

  /** The last entry with a text below `text`. */
  before(text: string): T | undefined {
    const at = this.#runAt(text)
    const run = this.#runs[at]
    const place = run === undefined ? 0 : firstFrom(run, text)
    return place > 0 ? run?.[place - 1] : this.#runs[at - 1]?.at(-1)
  }

  get first(): T | undefined {
    return this.#runs[0]?.[0]
  }

  get last(): T | undefined {
    return this.#runs.at(-1)?.at(-1)
  }

  clear(): void {
    if (this.#runs.length > 0) this.#runs = []
  }

  /** The index of the first run that ends with `text` or after it. */
  #runAt(text: string): number {
    const runs = this.#runs
    let low = 0
    let high = runs.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const run = runs[middle] as T[]
      if ((run[run.length - 1] as T).text < text) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** The index of the first entry with a text of at least `text`. */
function firstFrom<T extends { readonly text: string }>(run: readonly T[], text: string): number {
  let low = 0
  let high = run.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((run[middle] as T).text < text) low = middle + 1
    else high = middle
  }
  return low
}
