/**
 * Queries of a store of versions, as of the last commit: the newest of each key, and what was the newest at any time
 * within the history.
 */
import { present } from '../core/assert.ts'
import { checkOptions, checkWhole } from '../core/checks.ts'
import type { AsOf, ReadOnlyVersionedStore } from '../core/read-only-stores.ts'
import type { StoreRow } from '../core/store-row.ts'
import type { Timestamp } from '../core/units.ts'
import { keyOf } from '../plan/store.ts'
import { type CommittedGround, type CommittedRow, CommittedStore } from '../state/committed-store.ts'
import type { Moments } from './moments.ts'

export class VersionedQuery<K, V> implements ReadOnlyVersionedStore<K, V> {
  readonly #moments: Moments
  readonly #newest: CommittedStore<K, V>
  readonly #history: CommittedStore<K, V | null>
  /** The first time that can be asked for in a partition. */
  readonly #historyFrom: (partition: number) => number

  constructor(moments: Moments, newest: CommittedGround, history: CommittedGround) {
    this.#moments = moments
    this.#newest = new CommittedStore(newest)
    this.#history = new CommittedStore(history)
    const { expiryTime, spec } = history
    const historyMs = present(spec.layout.retentionMs, 'a history expires')
    this.#historyFrom = (partition) => (expiryTime?.(partition) ?? -1) - historyMs
  }

  get(key: K, options: AsOf = {}): V | undefined {
    return this.row(key, options)?.value
  }

  row(key: K, options: AsOf = {}): StoreRow<K, V> | undefined {
    const { asOf } = checkOptions('get', options, ['asOf'])
    if (asOf !== undefined) checkWhole('asOf', asOf, 0)
    return this.#moments.atOnce(() => this.#row(key, asOf))
  }

  #row(key: K, asOf: number | undefined): StoreRow<K, V> | undefined {
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
