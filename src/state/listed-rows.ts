/**
 * Lists of the rows of one key, in the order of times, then of numbers. A row that is gone may be among them.
 */
import type { OrderedStateRow } from './ordered-row.ts'

/** Puts a row at its place: rows of a key are in the order of times, then of numbers. */
export function insert<V>(rows: OrderedStateRow<V>[], row: OrderedStateRow<V>): void {
  let at = rows.length
  for (; at > 0; at--) {
    const other = rows[at - 1] as OrderedStateRow<V>
    if (!isBefore(row, other.at, other.number)) break
  }
  if (at === rows.length) rows.push(row)
  else rows.splice(at, 0, row)
}

/** Whether a row is before this place. */
export function isBefore<V>(row: OrderedStateRow<V>, at: number, number: number): boolean {
  return row.at < at || (row.at === at && row.number < number)
}

/** The first row that is there with a time in this span, or the last. */
export function edgeOf<V>(
  rows: readonly OrderedStateRow<V>[],
  fromTime: number,
  toTime: number,
  isLast: boolean,
): OrderedStateRow<V> | undefined {
  const step = isLast ? -1 : 1
  for (let at = isLast ? firstFrom(rows, toTime + 1) - 1 : firstFrom(rows, fromTime); ; at += step) {
    const row = rows[at]
    if (row === undefined || row.at < fromTime || row.at > toTime) return undefined
    if (row.exists) return row
  }
}

/** Where the rows begin that are not before this time: a key may have many in a segment. */
export function firstFrom<V>(rows: readonly OrderedStateRow<V>[], time: number): number {
  let [low, high] = [0, rows.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((rows[middle] as OrderedStateRow<V>).at < time) low = middle + 1
    else high = middle
  }
  return low
}
