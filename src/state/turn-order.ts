/**
 * An order of a store's rows as the turn sees it: rows that have changed since the last commit, from memory, merged
 * with pages of what is committed.
 *
 * A committed entry whose row has changed is passed over: memory knows better. Such entries, and after the commit what
 * is left of them in the journal, would pile up at the front of a store that is used as a queue, and each walk would
 * pass over all of them again. So the order remembers how far it has seen nothing else, and keeps what follows
 * (front-rows.ts). A row that has changed stays changed until the commit, even when its turn is undone, so undoing
 * needs no care here.
 */
import { bytesAsText } from '../core/text.ts'
import { type CommittedWalk, FrontRows, type OrderedStoredRow, PagedWalk } from './front-rows.ts'
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
  hasChanged(stored: OrderedStoredRow): boolean
  /** The entry of a row that has not. Undefined: the row is gone. */
  entryOf(stored: OrderedStoredRow): T | undefined
}

export class TurnOrder<T extends Entry> {
  readonly #source: RowSource
  readonly #committed: CommittedEntries<T>
  readonly #changed = new SortedEntries<T>()
  readonly #firstText: string
  readonly #endKey: Buffer | undefined
  /** All committed entries before this had changed at the last commit. */
  #frontText: string
  /** Once a walk has begun at the front since that commit. */
  #front: FrontRows | undefined

  /** @param span holds all keys of the order */
  constructor(source: RowSource, { from, to }: Span, committed: CommittedEntries<T>) {
    this.#source = source
    this.#committed = committed
    this.#frontText = this.#firstText = textOf(from)
    this.#endKey = to
  }

  /** Lists the entry of a changed row. */
  add(entry: T): void {
    if (entry.isListed) return
    entry.isListed = true
    this.#changed.add(entry)
  }

  /** After a commit nothing has changed. What it has added was among the changed entries. */
  committed(): void {
    const front = this.#front?.text ?? this.#frontText
    const first = front === this.#firstText ? undefined : this.#changed.first
    this.#frontText = first !== undefined && first.text < front ? first.text : front
    this.#front = undefined
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
    const walk = this.#committedWalk(span, start, end, isReverse)
    const first = (): T | undefined => {
      if (!isReverse) return this.#changed.from(start)
      return end === undefined ? this.#changed.last : this.#changed.before(end)
    }
    let changed = this.#live(first)
    for (;;) {
      let stored = walk?.head
      while (stored !== undefined && this.#committed.hasChanged(stored)) {
        walk?.pass()
        stored = walk?.head
      }
      if (changed !== undefined && (changed.text < start || (end !== undefined && changed.text >= end))) {
        changed = undefined
      }
      let at: string
      if (stored !== undefined && (changed === undefined || stored.text < changed.text !== isReverse)) {
        at = stored.text
        walk?.advance()
        const entry = this.#committed.entryOf(stored)
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

  /** The text of the first entry; its row may be gone if it was not changed. */
  first(): string | undefined {
    const changed = this.#live(() => this.#changed.first)?.text
    const walk = this.#frontWalk(undefined)
    let stored = walk.head
    while (stored !== undefined && this.#committed.hasChanged(stored)) {
      walk.pass()
      stored = walk.head
    }
    return stored === undefined || (changed !== undefined && changed < stored.text) ? changed : stored.text
  }

  #frontWalk(to: Buffer | undefined): CommittedWalk {
    this.#front ??= new FrontRows(this.#source, this.#frontText, this.#endKey)
    return this.#front.walk(to)
  }

  /** Undefined: all committed entries of the span have changed. */
  #committedWalk(span: Span, start: string, end: string | undefined, isReverse: boolean): CommittedWalk | undefined {
    const front = this.#front?.text ?? this.#frontText
    if (end !== undefined && end <= front) return undefined
    if (isReverse || start > front) return new PagedWalk(new PagedRows(this.#source, span, isReverse))
    return this.#frontWalk(span.to)
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
