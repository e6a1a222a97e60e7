/**
 * The rows of one version's store, page by page in the order of their keys, over some or all of its partitions.
 */
import { present } from '../core/assert.ts'
import type { StoredStore } from '../core/stored-plan.ts'
import type { StoredApplication } from '../log/contract.ts'
import { committedExpiry } from '../runtime/expiry.ts'
import { decodeEntries } from '../core/stored-progress.ts'
import { type KeyLayout, keyLayoutOf } from '../state/layout.ts'
import { successor } from '../state/ranges.ts'
import { valueBegin } from '../state/row.ts'
import type { StoredRow } from '../storage/state-rows.ts'

export interface PageOfRows {
  readonly rows: readonly StoredRow[]
  /** The page holds every row before this key; undefined: it is the last one. */
  readonly end: Buffer | undefined
}

export class StoreRows {
  readonly layout: KeyLayout
  readonly partitions: number
  /** Where the value begins in a stored row. */
  readonly valueAt: number
  readonly #application: StoredApplication
  readonly #stored: StoredStore
  readonly #storeId: number

  constructor(application: StoredApplication, name: string, stored: StoredStore) {
    this.#application = application
    this.#stored = stored
    this.#storeId = present(application.storeId(name), 'every store of a stored plan has an id')
    this.layout = keyLayoutOf(stored.reading.layout)
    this.partitions = stored.reading.partitions
    this.valueAt = valueBegin(stored.reading.layout)
  }

  /** About as many rows as the limit says, from this key on, without those that have expired. */
  page(partitions: readonly number[], from: Buffer, limit: number): PageOfRows {
    const { layout } = this
    const reader = this.#application.state
    const limitOfEach = Math.max(1, Math.ceil(limit / partitions.length))
    let end: Buffer | undefined
    const pages = partitions.map((partition) => {
      const rows = reader.range(this.#storeId, partition, from, layout.endKey, limitOfEach)
      if (rows.length === limitOfEach) {
        const stop = successor(present(rows.at(-1), 'a full page has a last row').key)
        if (end === undefined || stop.compare(end) < 0) end = stop
      }
      const expired = this.#expiredBefore(partition)
      return expired === 0 ? rows : rows.filter(({ key }) => layout.timeOf(key) >= expired)
    })
    const [first = []] = pages
    if (pages.length === 1) return { rows: first, end }
    const rows = pages.flat().toSorted((a, b) => a.key.compare(b.key))
    return { rows: rowsBefore(rows, end), end }
  }

  /** Rows with a time before this have expired, though their bytes may still be there. */
  #expiredBefore(partition: number): number {
    const { owner, reading } = this.#stored
    const { retentionMs } = reading.layout
    if (retentionMs === undefined) return 0
    const progress = this.#application.progress({ subTopology: reading.subTopology, partition })
    const time = committedExpiry(reading, owner, progress === undefined ? undefined : decodeEntries(progress))
    return Math.max(0, time - retentionMs + 1)
  }
}

/** Rows in order, up to a key. */
export function rowsBefore(rows: readonly StoredRow[], end: Buffer | undefined): readonly StoredRow[] {
  const last = rows.at(-1)
  if (end === undefined || last === undefined || last.key.compare(end) < 0) return rows
  return rows.filter(({ key }) => key.compare(end) < 0)
}
