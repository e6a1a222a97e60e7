/**
 * Committed rows one after another, read in pages: a few at first, because many ranges end early.
 */
import type { StateReader, StoredRow } from '../storage/state-rows.ts'
import { type Span, successor } from './ranges.ts'

const firstPageRows = 16
const pageRowsMax = 512

/** Where the rows of a store's partition are read. */
export interface RowSource {
  readonly reader: StateReader
  readonly storeId: number
  readonly partition: number
}

export class PagedRows {
  readonly #source: RowSource
  readonly #isReverse: boolean
  #from: Buffer
  #to: Buffer | undefined
  #page: readonly StoredRow[] = []
  #at = 0
  #limit = firstPageRows
  #hasMore: boolean

  constructor(source: RowSource, { from, to }: Span, isReverse: boolean) {
    this.#source = source
    this.#from = from
    this.#to = to
    this.#isReverse = isReverse
    this.#hasMore = to === undefined || from.compare(to) < 0
  }

  /** The row that comes next; undefined at the end. */
  get head(): StoredRow | undefined {
    if (this.#at === this.#page.length && this.#hasMore) this.#turn()
    return this.#page[this.#at]
  }

  /** Goes past the head. */
  advance(): void {
    this.#at++
  }

  #turn(): void {
    const { reader, storeId, partition } = this.#source
    this.#page = reader.range(storeId, partition, this.#from, this.#to, this.#limit, this.#isReverse)
    this.#at = 0
    const last = this.#page.at(-1)
    this.#hasMore = this.#page.length === this.#limit
    this.#limit = Math.min(this.#limit * 4, pageRowsMax)
    if (last === undefined) return
    if (this.#isReverse) this.#to = last.key
    else this.#from = successor(last.key)
  }
}

/** All of them in a span, from the first to the last. */
export function* storedRows(source: RowSource, span: Span): Generator<StoredRow, undefined> {
  const rows = new PagedRows(source, span, false)
  for (let row = rows.head; row !== undefined; row = rows.head) {
    yield row
    rows.advance()
  }
}
