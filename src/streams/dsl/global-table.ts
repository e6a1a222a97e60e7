/**
 * The face of a global table. It has no verbs: streams are joined with it.
 */
import type { StreamRecord } from '../../core/record.ts'
import type { Named } from './functions.ts'
import type { StoreFor } from './known.ts'

/** What {@link StreamsBuilder.globalTable} takes. */
export interface GlobalTableOptions<K, V> extends Named {
  /** Names the store, to query it: a `keyValueStore` of the topic's serdes. */
  readonly store?: StoreFor<'keyValueStore', Exclude<K, null>, Exclude<V, null>> | undefined
  /** As of {@link StreamOptions}. It is asked about deletes too, whose value is null. */
  readonly timestamp?: TableTime<K, V> | undefined
}

/** Says the time of a record of a table's topic. */
export type TableTime<K, V> = (record: StreamRecord<K, V | null>) => number

/**
 * A table that all tasks read whole. Made by `builder.globalTable`, used by `stream.join` and `stream.leftJoin`.
 *
 * @example
 * ```ts
 * const newest = builder.globalTable(topic('newest', { key: string(), value: int64() }))
 * stream.leftJoin(newest, ({ bytes }, before) => bytes - (before ?? 0), { tableKey: ({ value }) => value.page })
 * ```
 */
export interface GlobalKTable<out K, out V> {
  /** The name of its store. */
  readonly storeName: string
  /** Tells tables of other types apart: there is nothing to read. */
  readonly [rowOf]?: { readonly key: K; readonly value: V } | undefined
}

declare const rowOf: unique symbol

/** What a join with a global table takes. */
export interface GlobalJoinOptions<K, V, TableKey> extends Named {
  /** Says which row of the table a record refers to; null: none. Must be pure. */
  readonly tableKey: (record: StreamRecord<K, V>) => TableKey | null
}
