/**
 * Entries in the order of their texts, as many as a commit may change: a list of short sorted arrays. Entries that are
 * added wait until someone asks for the order, because many stores are not asked between two commits.
 *
 * Finding one costs two binary searches, adding one moves at most {@link entriesMax} references: no more than a B-tree
 * of this size does, in a page of code (docs/decisions/0011-ordered-state.md).
 */

/** A longer array is cut in two. */
const entriesMax = 256

export class SortedEntries<T extends { readonly text: string }> {
  /** None is empty; each ends before the next begins. */
  #runs: T[][] = []
  /** What was added since anyone asked. */
  #fresh: T[] = []

  /** Adds an entry, in the place of one with the same text. */
  add(entry: T): void {
    this.#fresh.push(entry)
  }

  /** All entries in their place. */
  #sorted(): T[][] {
    if (this.#fresh.length > 0) {
      for (const entry of this.#fresh) this.#insert(entry)
      this.#fresh = []
    }
    return this.#runs
  }

  #insert(entry: T): void {
    const { text } = entry
    const runs = this.#runs
    const at = Math.min(runAt(runs, text), runs.length - 1)
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
    const runs = this.#sorted()
    const at = runAt(runs, text)
    const run = runs[at]
    if (run === undefined) return
    const place = firstFrom(run, text)
    if (run[place]?.text !== text) return
    run.splice(place, 1)
    if (run.length === 0) runs.splice(at, 1)
  }

  /** The first entry with a text of at least `text`. */
  from(text: string): T | undefined {
    const runs = this.#sorted()
    const run = runs[runAt(runs, text)]
    return run?.[firstFrom(run, text)]
  }

  /** The first entry with a text above `text`. */
  after(text: string): T | undefined {
    const runs = this.#sorted()
    const at = runAt(runs, text)
    const run = runs[at]
    if (run === undefined) return undefined
    const place = firstFrom(run, text)
    if (run[place]?.text !== text) return run[place]
    return run[place + 1] ?? runs[at + 1]?.[0]
  }

  /** The last entry with a text below `text`. */
  before(text: string): T | undefined {
    const runs = this.#sorted()
    const at = runAt(runs, text)
    const run = runs[at]
    const place = run === undefined ? 0 : firstFrom(run, text)
    return place > 0 ? run?.[place - 1] : runs[at - 1]?.at(-1)
  }

  get first(): T | undefined {
    return this.#sorted()[0]?.[0]
  }

  get last(): T | undefined {
    return this.#sorted().at(-1)?.at(-1)
  }

  clear(): void {
    if (this.#runs.length > 0) this.#runs = []
    if (this.#fresh.length > 0) this.#fresh = []
  }
}

/** The index of the first run that ends with `text` or after it. */
function runAt<T extends { readonly text: string }>(runs: readonly (readonly T[])[], text: string): number {
  let low = 0
  let high = runs.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const run = runs[middle] as readonly T[]
    if ((run[run.length - 1] as T).text < text) low = middle + 1
    else high = middle
  }
  return low
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
