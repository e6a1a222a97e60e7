/**
 * The first committed rows of an order, kept from one walk to the next: until the next commit they stay what they are.
 *
 * A store that is used as a queue is asked for its first rows once for each record, and each time gives few of them or
 * none. So they are read once, in pages that grow.
 */
import { bytesAsText } from '../core/text.ts'
import type { StoredRow } from '../storage/state-rows.ts'
import { PagedRows, type RowSource } from './paged-rows.ts'
import { successor } from './ranges.ts'

/** A walk that goes further reads on alone: it may be one over the whole store. */
const keptRowsMax = 1_024
/** Rows that have changed are forgotten when there are as many as this. */
const passedRowsMax = 256

/** A text after those of all keys. */
const afterAll = '\uFFFF'

/** A committed row in an order. */
export interface OrderedStoredRow extends StoredRow {
  /** Its key, one character for each byte. */
  readonly text: string
}

/** One walk over committed rows. */
export interface CommittedWalk {
  /** The row that comes next; undefined at the end. */
  readonly head: OrderedStoredRow | undefined
  /** Goes past the head. */
  advance(): void
  /** Goes past the head, which has changed since the commit. */
  pass(): void
}

function ordered({ key, value }: StoredRow): OrderedStoredRow {
  return { key, value, text: bytesAsText(key, 0, key.length) }
}

/** A walk that keeps nothing. */
export class PagedWalk implements CommittedWalk {
  readonly #pages: PagedRows
  #head: OrderedStoredRow | undefined

  constructor(pages: PagedRows) {
    this.#pages = pages
  }

  get head(): OrderedStoredRow | undefined {
    if (this.#head !== undefined) return this.#head
    const stored = this.#pages.head
    return stored && (this.#head = ordered(stored))
  }

  advance(): void {
    this.#head = undefined
    this.#pages.advance()
  }

  pass(): void {
    this.advance()
  }
}

export class FrontRows {
  readonly #source: RowSource
  readonly #pages: PagedRows
  /** Those from the index {@link #first} on. */
  #rows: OrderedStoredRow[] = []
  #first = 0
  /** All rows before this one have changed. */
  #passed = 0
  #text: string

  /**
   * @param text the key that the rows begin with, one character for each byte
   * @param to the first key after all rows of the order
   */
  constructor(source: RowSource, text: string, to: Buffer | undefined) {
    this.#source = source
    this.#text = text
    this.#pages = new PagedRows(source, { from: Buffer.from(text, 'latin1'), to }, false)
  }

  /** All rows with a key before this one have changed. */
  get text(): string {
    return this.#text
  }

  /** A walk over all rows that may not have changed, as far as a key. */
  walk(to: Buffer | undefined): CommittedWalk {
    return new FrontWalk(this, to)
  }

  /** The index of the first row that may not have changed. */
  get start(): number {
    return this.#passed
  }

  get #end(): number {
    return this.#first + this.#rows.length
  }

  /** The row with an index that is not before {@link start}; undefined when it is not kept. */
  row(index: number): OrderedStoredRow | undefined {
    while (this.#end <= index && this.#end - this.#passed < keptRowsMax) {
      const stored = this.#pages.head
      if (stored === undefined) break
      this.#rows.push(ordered(stored))
      this.#pages.advance()
    }
    const row = this.#rows[index - this.#first]
    if (index === this.#passed) this.#text = row?.text ?? afterAll
    return row
  }

  /** The row with this index has changed. */
  pass(index: number): void {
    if (index !== this.#passed) return
    const passed = ++this.#passed - this.#first
    if (passed < passedRowsMax) return
    this.#rows.splice(0, passed)
    this.#first = this.#passed
  }

  /** What follows the rows that are kept; undefined: nothing. */
  beyond(to: Buffer | undefined): CommittedWalk | undefined {
    const last = this.#rows.at(-1)
    if (last === undefined || this.#pages.head === undefined) return undefined
    return new PagedWalk(new PagedRows(this.#source, { from: successor(last.key), to }, false))
  }
}

class FrontWalk implements CommittedWalk {
  readonly #front: FrontRows
  readonly #to: Buffer | undefined
  readonly #end: string
  #at: number
  #beyond: CommittedWalk | undefined

  constructor(front: FrontRows, to: Buffer | undefined) {
    this.#front = front
    this.#to = to
    this.#end = to === undefined ? afterAll : bytesAsText(to, 0, to.length)
    this.#at = front.start
  }

  get head(): OrderedStoredRow | undefined {
    if (this.#beyond !== undefined) return this.#beyond.head
    const front = this.#front
    // Another walk may have passed rows that this one has yet to meet.
    if (this.#at < front.start) this.#at = front.start
    const row = front.row(this.#at)
    if (row !== undefined) return row.text < this.#end ? row : undefined
    this.#beyond = front.beyond(this.#to)
    return this.#beyond?.head
  }

  advance(): void {
    if (this.#beyond !== undefined) this.#beyond.advance()
    else this.#at++
  }

  pass(): void {
    if (this.#beyond === undefined) this.#front.pass(this.#at)
    this.advance()
  }
}
