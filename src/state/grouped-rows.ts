/**
 * The rows of the groups that were asked for, all of each, so that asking again reads nothing from the disk. A group is
 * what keys begin with, as the spec of the store says.
 *
 * A group is complete once it was read: every row that is put later goes through the store. When rows are dropped from
 * memory, all groups are forgotten.
 */
import type { OrderedStateRow } from './ordered-row.ts'

/** What a group takes in memory besides its rows, roughly. */
const groupBytes = 256
/** A group with more rows than twice those that are there, and this many, is rid of the others. */
const goneRowsMin = 16

interface Group<V> {
  /** In the order of their keys; some may be gone. */
  rows: OrderedStateRow<V>[]
  /** Rows that are gone are looked for when there are as many. */
  tidyAt: number
}

export class GroupedRows<V> {
  readonly #groupEnd: (key: string) => number
  readonly #rowsMax: number
  readonly #groups = new Map<string, Group<V>>()

  /**
   * @param groupEnd how many characters of a key say its group
   * @param rowsMax a larger group is not kept
   */
  constructor(groupEnd: (key: string) => number, rowsMax: number) {
    this.#groupEnd = groupEnd
    this.#rowsMax = rowsMax
  }

  get bytes(): number {
    return this.#groups.size * groupBytes
  }

  /** The rows of a group that are there, in a list of their own; undefined of one that is not known. */
  find(name: string, turn: number): OrderedStateRow<V>[] | undefined {
    const group = this.#groups.get(name)
    if (group === undefined) return undefined
    tidy(group, turn)
    return group.rows.filter(({ exists }) => exists)
  }

  /** Takes in a group that was read: all its rows, in order. The store keeps them. */
  know(name: string, rows: readonly OrderedStateRow<V>[]): void {
    for (const row of rows) row.isGathered = true
    this.#groups.set(name, { rows: [...rows], tidyAt: 2 * rows.length + goneRowsMin })
  }

  /** Lists a row that was put. */
  add(row: OrderedStateRow<V>, turn: number): void {
    if (row.isGathered) return
    const name = row.text.slice(0, this.#groupEnd(row.text))
    const group = this.#groups.get(name)
    if (group === undefined) return
    if (group.rows.length >= group.tidyAt) tidy(group, turn)
    if (group.rows.length >= this.#rowsMax) return this.#drop(name, group)
    row.isGathered = true
    group.rows.splice(placeOf(group.rows, row.text), 0, row)
  }

  #drop(name: string, { rows }: Group<V>): void {
    for (const row of rows) row.isGathered = false
    this.#groups.delete(name)
  }

  /** Rows may have been dropped from memory. */
  forget(): void {
    for (const { rows } of this.#groups.values()) for (const row of rows) row.isGathered = false
    this.#groups.clear()
  }
}

/** Takes off the list what is gone, unless undoing the turn can bring it back. */
function tidy<V>(group: Group<V>, turn: number): void {
  let kept = 0
  const { rows } = group
  for (const row of rows) {
    if (row.exists || row.turn === turn) rows[kept++] = row
    else row.isGathered = false
  }
  rows.length = kept
  group.tidyAt = 2 * kept + goneRowsMin
}

function placeOf<V>(rows: readonly OrderedStateRow<V>[], text: string): number {
  let [low, high] = [0, rows.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((rows[middle] as OrderedStateRow<V>).text <= text) low = middle + 1
    else high = middle
  }
  return low
}
