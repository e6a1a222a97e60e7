/**
 * Queries of a store without windows.
 */
import { checkBoolean, checkOptions } from '../core/checks.ts'
import type { ReadOnlyKeyValueStore } from '../core/read-only-stores.ts'
import type { Codec } from '../core/serde.ts'
import type { KeyBounds, KeyPrefix, StoreRow } from '../core/store-row.ts'
import type { Timestamp } from '../core/units.ts'
import { shownValue } from '../core/with-headers.ts'
import { keyOf, prefixOf, type RowRange } from '../plan/store.ts'
import { type CommittedGround, type CommittedRow, CommittedStore } from '../state/committed-store.ts'

export class KeyValueQuery<K, V> implements ReadOnlyKeyValueStore<K, V> {
  readonly #rows: CommittedStore<K, unknown>
  readonly #keyCodec: Codec<K>
  readonly #valueCodec: Codec<unknown>

  constructor(ground: CommittedGround) {
    this.#rows = new CommittedStore(ground)
    this.#keyCodec = ground.spec.keyCodec as Codec<K>
    this.#valueCodec = ground.spec.valueCodec
  }

  get(key: K): V | undefined {
    return this.row(key)?.value
  }

  row(key: K): StoreRow<K, V> | undefined {
    const row = this.#rows.get(keyOf(key))
    return row === undefined ? undefined : this.#shown(row)
  }

  range(bounds: KeyBounds<K> = {}): Iterable<StoreRow<K, V>> {
    const { from, to, reverse = false } = checkOptions('range', bounds, ['from', 'to', 'reverse'])
    return this.#walk({
      from: from === undefined ? undefined : keyOf<K>(from),
      to: to === undefined ? undefined : keyOf<K>(to),
      isReverse: checkBoolean('reverse', reverse),
    })
  }

  prefix(key: KeyPrefix<K>): Iterable<StoreRow<K, V>> {
    return this.#walk({ prefix: prefixOf(key as K, this.#keyCodec) })
  }

  #walk(range: RowRange<K>): Iterable<StoreRow<K, V>> {
    return shownRows(this.#rows.rows(range), (row) => this.#shown(row))
  }

  #shown({ key, value: stored, timestamp }: CommittedRow<K, unknown>): StoreRow<K, V> {
    const { value, ...headers } = shownValue(stored, this.#valueCodec)
    return { key, value: value as V, timestamp: timestamp as Timestamp, ...headers }
  }
}

function* shownRows<Row, Shown>(rows: Iterable<Row>, show: (row: Row) => Shown): Generator<Shown, undefined> {
  for (const row of rows) yield show(row)
}
