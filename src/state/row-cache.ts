/**
 * The rows of a store that are in memory: all that changed since the last commit, and as many others as fit.
 *
 * Two generations stand in for an order of use: rows that are used move to the young one, and when memory is short
 * after a commit the old one is dropped and the young one grows old. Nothing is dropped between commits.
 */

/** What the cache knows of a row. */
interface CachedRow {
  readonly front: number
  readonly identity: string | number
  readonly memoryBytes: number
  /** What the cache has counted for it. */
  countedBytes: number
  /** The number of the commit in which it was last asked for. */
  usedIn: number
}

/** By front, then by identity. */
type Generation<R> = Map<number, Map<string | number, R>>

export class RowCache<R extends CachedRow> {
  /** How often a row was found that an earlier commit had left, counted once for each commit. */
  found = 0
  /** How often a row was not here. */
  notFound = 0
  /** The number of the commit that is under way. */
  #commit = 0
  #young: Generation<R> = new Map()
  #old: Generation<R> = new Map()
  #youngBytes = 0
  #oldBytes = 0
  #lastFront = -1
  #lastRows: Map<string | number, R> | undefined = undefined

  get bytes(): number {
    return this.#youngBytes + this.#oldBytes
  }

  get(front: number, identity: string | number): R | undefined {
    const rows = this.#lastFront === front ? this.#lastRows : this.#young.get(front)
    const row = rows?.get(identity)
    if (row !== undefined) {
      this.#lastFront = front
      this.#lastRows = rows
      if (row.usedIn !== this.#commit) this.#find(row)
      return row
    }
    const aged = this.#old.get(front)?.get(identity)
    if (aged === undefined) this.notFound++
    else {
      this.#old.get(front)?.delete(identity)
      this.#oldBytes -= aged.countedBytes
      this.add(aged)
      this.found++
    }
    return aged
  }

  #find(row: R): void {
    row.usedIn = this.#commit
    this.found++
  }

  /** The rows that are there now were left by an earlier commit. */
  committed(): void {
    this.#commit++
  }

  add(row: R): void {
    let rows = this.#young.get(row.front)
    if (rows === undefined) {
      rows = new Map<string | number, R>()
      this.#young.set(row.front, rows)
    }
    rows.set(row.identity, row)
    row.usedIn = this.#commit
    this.count(row)
    this.#lastFront = row.front
    this.#lastRows = rows
  }

  /** Counts what a row takes that is kept elsewhere. */
  count(row: R): void {
    row.countedBytes = row.memoryBytes
    this.#youngBytes += row.countedBytes
  }

  uncount(row: R): void {
    this.#youngBytes -= row.countedBytes
    row.countedBytes = 0
  }

  /** A changed row may have grown, if it counts. Changed rows are young. */
  recount(row: R): void {
    if (row.countedBytes === 0) return
    const { memoryBytes } = row
    this.#youngBytes += memoryBytes - row.countedBytes
    row.countedBytes = memoryBytes
  }

  /** Forgets a changed row. */
  delete(row: R): void {
    const rows = this.#young.get(row.front)
    if (rows?.delete(row.identity) !== true) return
    this.#youngBytes -= row.countedBytes
    if (rows.size > 0) return
    this.#young.delete(row.front)
    this.#lastFront = -1
    this.#lastRows = undefined
  }

  /**
   * Drops what was not used since the last call. Only directly after a commit, when no row is dirty.
   *
   * @returns the largest front of which rows were dropped; -1: of none
   */
  age(): number {
    const newest = newestOf(this.#old)
    this.#old = this.#young
    this.#oldBytes = this.#youngBytes
    this.#young = new Map()
    this.#youngBytes = 0
    this.#lastFront = -1
    this.#lastRows = undefined
    return newest
  }

  /** Takes the rows out with this front or a later one. */
  takeFrom(from: number): R[] {
    const taken: R[] = []
    for (const generation of [this.#young, this.#old]) {
      for (const [front, rows] of generation) {
        if (front < from) continue
        for (const row of rows.values()) {
          if (generation === this.#young) this.#youngBytes -= row.countedBytes
          else this.#oldBytes -= row.countedBytes
          taken.push(row)
        }
        generation.delete(front)
      }
    }
    this.#lastFront = -1
    this.#lastRows = undefined
    return taken
  }

  /** Forgets the rows before `kept`: they have expired, so nothing asks for them again. */
  dropBefore(kept: number): void {
    for (const generation of [this.#young, this.#old]) {
      for (const [front, rows] of generation) {
        if (front >= kept) continue
        for (const row of rows.values()) {
          if (generation === this.#young) this.#youngBytes -= row.countedBytes
          else this.#oldBytes -= row.countedBytes
        }
        generation.delete(front)
      }
    }
    this.#lastFront = -1
    this.#lastRows = undefined
  }
}

function newestOf<R>(generation: Generation<R>): number {
  let newest = -1
  for (const [front, { size }] of generation) if (size > 0 && front > newest) newest = front
  return newest
}
