/**
 * Which rows of a store the commits since a moment have changed, as its journal tells: enough to bring a copy up to
 * date without reading the whole store again.
 */
import { keyAt, walkPiece } from './piece.ts'
import type { StoreJournal } from './store-journal.ts'

/** A range of rows of a partition; `to` undefined: to its end. */
export interface RowRange {
  readonly partition: number
  readonly from: Buffer
  readonly to: Buffer | undefined
}

/** Who wants to know of changes; a row may be told of several times. */
export interface ChangeVisitor {
  row(partition: number, key: Buffer): void
  /** All rows of the range were removed, at some moment. */
  range(range: RowRange): void
}

/**
 * Tells of the rows that were changed by pieces from a number on.
 *
 * @returns false when not all of those pieces are there any longer
 */
export function visitChanges({ head, pieces }: StoreJournal, since: number, visitor: ChangeVisitor): boolean {
  if (since < head.first) return since === head.next
  for (let sequence = since; sequence < head.next; sequence++) {
    walkPiece(pieces.at(sequence).bytes, {
      row: (partition, bytes, at) => visitor.row(partition, keyAt(bytes, at)),
      range: (partition, from, to) => visitor.range({ partition, from, to }),
    })
  }
  return true
}
