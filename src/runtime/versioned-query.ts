/**
 * Queries of a store of versions, as of the last commit: the newest of each key, and what was the newest at any time
 * within the history.
 */
import { checkOptions, checkWhole } from '../core/checks.ts'
import type { StoreRow } from '../core/store-row.ts'
import type { Timestamp } from '../core/units.ts'
import { keyOf } from '../plan/store.ts'
import { type CommittedGround, type CommittedRow, CommittedStore } from '../state/committed-store.ts'

/** Which version of a key is asked for. */
export interface AsOf {
  /** The one that was the newest at this time, in ms since the epoch, inclusive. Default: the newest now. */
  readonly asOf?: number | undefined
}

/**
 * A store of versions, to read. A version can be asked for until stream time has passed its end by the history.
 *
 * @example
 * ```ts
 * const prices = versionedStore('prices', { key: string(), value: int64(), historyMs: days(1) })
 * const yesterday = (app: Application, now: number) => app.store(prices).get('apples', { asOf: now - days(1) })
 * ```
 */
export interface ReadOnlyVersionedStore<K, V> {
  /** The value of a key; undefined when there is or was none, or the time lies before the history. */
  get(key: K, options?: AsOf): V | undefined
  /** The same with the time from which it was the newest. */
  row(key: K, options?: AsOf): StoreRow<K, V> | undefined
}

export class VersionedQuery<K, V> implements ReadOnlyVersionedStore<K, V> {
  readonly #newest: CommittedStore<K, V>
  readonly #history: CommittedStore<K, V | null>
  readonly #historyFrom: (partition: number) => number

  /** @param historyFrom the first time that can be asked for in a partition */
  constructor(newest: CommittedGround, history: CommittedGround, historyFrom: (partition: number) => number) {
    this.#newest = new CommittedStore(newest)
    this.#history = new CommittedStore(history)
    this.#historyFrom = historyFrom
  }

  get(key: K, options: AsOf = {}): V | undefined {
    return this.row(key, options)?.value
  }

  row(key: K, options: AsOf = {}): StoreRow<K, V> | undefined {
    const { asOf } = checkOptions('get', options, ['asOf'])
    if (asOf !== undefined) checkWhole('asOf', asOf, 0)
    const newest = this.#newest.get(keyOf(key))
    if (asOf === undefined || (newest !== undefined && newest.timestamp <= asOf)) return shown(newest)
    for (const { number, partition, value, timestamp } of this.#history.rows({ key: keyOf(key), fromTime: asOf + 1 })) {
      if (number > 0 || asOf < this.#historyFrom(partition) || timestamp > asOf || value === null) return undefined
      return { key, value, timestamp: timestamp as Timestamp }
    }
    return undefined
  }
}

function shown<K, V>(row: CommittedRow<K, V> | undefined): StoreRow<K, V> | undefined {
  if (row === undefined) return undefined
  const { key, value, timestamp } = row
  return { key, value, timestamp: timestamp as Timestamp }
}
