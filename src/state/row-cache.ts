/**
 * The rows of a store that are in memory: all that changed since the last commit, and as many others as fit.
 *
 * Two generations stand in for an order of use: rows that are used move to the young one, and when memory is short after a
 * commit the old one is dropped and the young one grows old. Nothing is dropped between commits.
 */
import type { StateRow } from './row.ts'

/** By the start of the window, then by the identity of the key. */
type Generation<V> = Map<number, Map<string | number, StateRow<V>>>

export class RowCache<V> {
  #young: Generation<V> = new Map()
  #old: Generation<V> = new Map()
  #youngBytes = 0
  #oldBytes = 0
  #lastStart = -1
  #lastWindow: Map<string | number, StateRow<V>> | undefined = undefined

  get bytes(): number {
    return this.#youngBytes + this.#oldBytes
  }

  get(windowStart: number, identity: string | number): StateRow<V> | undefined {
    const window = this.#lastStart === windowStart ? this.#lastWindow : this.#young.get(windowStart)
    const row = window?.get(identity)
    if (row !== undefined) {
      this.#lastStart = windowStart
      this.#lastWindow = window
      return row
    }
    const aged = this.#old.get(windowStart)?.get(identity)
    if (aged !== undefined) {
      this.#old.get(windowStart)?.delete(identity)
      this.#oldBytes -= aged.countedBytes
      this.add(aged)
    }
    return aged
  }

  add(row: StateRow<V>): void {
    let window = this.#young.get(row.windowStart)
    if (window === undefined) {
      window = new Map<string | number, StateRow<V>>()
      this.#young.set(row.windowStart, window)
    }
    window.set(row.identity, row)
    row.countedBytes = row.memoryBytes
    this.#youngBytes += row.countedBytes
    this.#lastStart = row.windowStart
    this.#lastWindow = window
  }

  /** A changed row may have grown. Changed rows are young. */
  recount(row: StateRow<V>): void {
    this.#youngBytes += row.memoryBytes - row.countedBytes
    row.countedBytes = row.memoryBytes
  }

  /** Drops what was not used since the last call. Only directly after a commit, when no row is dirty. */
  age(): void {
    this.#old = this.#young
    this.#oldBytes = this.#youngBytes
    this.#young = new Map()
    this.#youngBytes = 0
    this.#lastStart = -1
    this.#lastWindow = undefined
  }

  /** Forgets windows that start before `start`: they are closed, so nobody asks for them again. */
  dropBefore(start: number): void {
    for (const generation of [this.#young, this.#old]) {
      for (const [windowStart, rows] of generation) {
        if (windowStart >= start) continue
        for (const row of rows.values()) {
          if (generation === this.#young) this.#youngBytes -= row.countedBytes
          else this.#oldBytes -= row.countedBytes
        }
        generation.delete(windowStart)
      }
    }
    this.#lastStart = -1
    this.#lastWindow = undefined
  }
}
