/**
 * An order of a store's rows as the turn sees it: rows that have changed since the last commit, from memory, merged
 * with pages of what is committed.
 *
 * A committed entry whose row has changed is passed over: memory knows better. Such entries, and after the commit what
 * is left of them in the journal, would pile up at the front of a store that is used as a queue, and each walk would
 * pass over all of them again. So the order remembers how far it has seen nothing else. A row that has changed stays
 * changed until the commit, even when its turn is undone, so undoing needs no care here.
 */
import { bytesAsText } from '../core/text.ts'
import type { StoredRow } from '../storage/state-rows.ts'
import { PagedRows, type RowSource } from './paged-rows.ts'
import type { Span } from './ranges.ts'
import { SortedEntries } from './sorted-entries.ts'

/** A changed row in the order. */
interface Entry {
  /** The key by which the order has it, one character for each byte. */
  readonly text: string
  /** Whether the row is still there; one that is not is dropped when a walk meets it. */
  readonly isLive: boolean
  /** Whether the order has it; only for the order to set. */
  isListed: boolean
}

/** What the order asks of the store. */
export interface CommittedEntries<T> {
  /** Whether the row of a committed entry has changed. */
  hasChanged(stored: StoredRow, text: string): boolean
  /** The entry of a row that has not. Undefined: the row is gone. */
  entryOf(stored: StoredRow, text: string): T | undefined
}

export class TurnOrder<T extends Entry> {
  readonly #source: RowSource
  readonly #committed: CommittedEntries<T>
  readonly #changed = new SortedEntries<T>()
  /** All committed entries before this have changed: a walk that asks for nothing else reads nothing. */
  #front: Buffer
  readonly #firstKey: Buffer

  constructor(source: RowSource, firstKey: Buffer, committed: CommittedEntries<T>) {
    this.#source = source
    this.#committed = committed
    this.#front = this.#firstKey = firstKey
  }

  /** Lists the entry of a changed row. */
  add(entry: T): void {
    if (entry.isListed) return
    entry.isListed = true
    this.#changed.add(entry)
  }

  /** After a commit nothing has changed. What it has added was among the changed entries. */
  committed(): void {
    const first = this.#front === this.#firstKey ? undefined : this.#changed.first
    if (first !== undefined && first.text < textOf(this.#front)) this.#front = Buffer.from(first.text, 'latin1')
    this.#changed.clear()
  }

  /** The first changed entry from a key on, and the last before a key, live or not. */
  changedFrom(key: Buffer): T | undefined {
    return this.#changed.from(textOf(key))
  }

  changedBefore(key: Buffer): T | undefined {
    return this.#changed.before(textOf(key))
  }

  /** The entries of a span, in order or from the last to the first. What changes ahead of the walk is seen. */
  *walk(span: Span, isReverse: boolean): Generator<T, undefined> {
    const start = textOf(span.from)
    const end = span.to === undefined ? undefined : textOf(span.to)
    let isAtFront = !isReverse && span.from.compare(this.#front) <= 0
    const pages = new PagedRows(this.#source, isAtFront ? { from: this.#front, to: span.to } : span, isReverse)
    const first = (): T | undefined => {
      if (!isReverse) return this.#changed.from(start)
      return end === undefined ? this.#changed.last : this.#changed.before(end)
    }
    let changed = this.#live(first)
    for (;;) {
      let stored = pages.head
      let text = stored === undefined ? '' : textOf(stored.key)
      while (stored !== undefined && this.#committed.hasChanged(stored, text)) {
        pages.advance()
        stored = pages.head
        text = stored === undefined ? '' : textOf(stored.key)
      }
      if (isAtFront) this.#moveFront(stored?.key ?? span.to)
      isAtFront = false
      if (changed !== undefined && (changed.text < start || (end !== undefined && changed.text >= end))) {
        changed = undefined
      }
      let at: string
      if (stored !== undefined && (changed === undefined || text < changed.text !== isReverse)) {
        at = text
        pages.advance()
        const entry = this.#committed.entryOf(stored, text)
        if (entry !== undefined) yield entry
      } else if (changed === undefined) {
        return
      } else {
        at = changed.text
        yield changed
      }
      changed = this.#live(() => (isReverse ? this.#changed.before(at) : this.#changed.after(at)))
    }
  }

  #moveFront(to: Buffer | undefined): void {
    if (to !== undefined && to.compare(this.#front) > 0) this.#front = to
  }

  /** What `find` finds, without what is no longer there. */
  #live(find: () => T | undefined): T | undefined {
    for (;;) {
      const found = find()
      if (found === undefined || found.isLive) return found
      found.isListed = false
      this.#changed.delete(found.text)
    }
  }
}

function textOf(key: Buffer): string {
  return bytesAsText(key, 0, key.length)
}
