/**
 * The face of a stream that is grouped, sent to other partitions, or made a table. The bodies are in ../stream.ts.
 */
import type { StreamRecord } from '../../core/record.ts'
import type { KeyHint, Named } from './functions.ts'
import type { KGroupedStream } from './grouped.ts'
import type {
  Grouped,
  KeyOption,
  KnownKey,
  KnownSerdes,
  KnownValue,
  Missing,
  MissingKey,
  MissingValue,
  NeedsKey,
  NeedsValue,
  NeedsValueWithKey,
  StoreFor,
  ValueOption,
  ValueOptionWithKey,
} from './known.ts'
import type { KStream } from './stream.ts'
import type { InTableStore, KTable, VersionedStoreFor } from './table.ts'

/** What `repartition` takes besides serdes. */
export interface RepartitionOptions extends Named {
  /** How many partitions it sends records to, 1 to 1,024. Default: as many as the widest input. */
  readonly partitions?: number | undefined
}

/** The verbs of a stream that bring the records of a key together. */
export interface StreamGrouping<out K, out V, out Known extends KnownSerdes> {
  /**
   * Groups by the key, for an aggregation. Regroups only when the key was changed before.
   *
   * @example stream.groupByKey().count()
   * @throws MillraceError `topology_invalid` when a serde is missing
   */
  groupByKey(
    this: NeedsKey<'groupByKey'>[Known] & NeedsValueWithKey<'groupByKey'>[Known],
    options?: undefined,
  ): KGroupedStream<Exclude<K, null>, V, Grouped[Known]>
  /**
   * Groups by the key, with the serde of the values, which is known from then on.
   * @example stream.mapValues(({ value }) => value.bytes).groupByKey({ value: int64() }).reduce(Math.max)
   */
  groupByKey(
    options: Named & KeyOption<Exclude<K, null>>[Known] & MissingValue<V>,
  ): KGroupedStream<Exclude<K, null>, V, 'both'>
  /**
   * Groups by the key, with options; a key that a function has made needs its serde.
   * @example stream.selectKey(({ value }) => value.page).groupByKey({ key: string() }).count()
   */
  groupByKey(
    options: Named & KeyOption<Exclude<K, null>>[Known] & ValueOptionWithKey<V>[Known],
  ): KGroupedStream<Exclude<K, null>, V, Grouped[Known]>

  /**
   * Groups by another key: every record goes to the partition of that key, in memory. Records whose new key is null are
   * dropped and counted (`null_key`).
   *
   * @example
   * ```ts
   * builder.stream(clicks).groupBy(({ value }) => value.page, { key: string() }).count()
   * ```
   * @throws MillraceError `topology_invalid` when a serde is missing
   */
  groupBy<K2 extends KeyHint>(
    fn: (record: StreamRecord<K, V>) => NoInfer<K2> | null,
    options: Named & MissingKey<K2> & ValueOption<V>[Known],
  ): KGroupedStream<K2, V, 'both'>
  /** Without the serde of the new key it does not compile. */
  groupBy(
    this: Missing<'groupBy needs the serde of the new key: { key: string() }'>,
    fn: (record: StreamRecord<K, V>) => unknown,
  ): KGroupedStream<K, V, 'both'>

  /**
   * Sends every record to the partition of its key, now. Aggregations do this themselves; use it to spread work, or to
   * choose the number of partitions. Records with a null key are dropped and counted (`null_key`), unless a left or
   * outer join of streams, or of a stream with a table, comes after it: that has a use for them.
   *
   * @example stream.selectKey(({ value }) => value.page).repartition({ key: string(), partitions: 8 })
   * @throws MillraceError `topology_invalid` when a serde is missing
   */
  repartition(
    this: NeedsKey<'repartition'>[Known] & NeedsValue<'repartition'>[Known],
    options?: undefined,
  ): KStream<K, V, 'both'>
  /**
   * Sends every record to the partition of its key, with options; keys and values that a function has made need their
   * serdes.
   * @example stream.repartition({ partitions: 8 })
   */
  repartition(
    options: RepartitionOptions & KeyOption<Exclude<K, null>>[Known] & ValueOption<V>[Known],
  ): KStream<K, V, 'both'>

  /**
   * The newest value of each key, as a table: a null value deletes its row. Where a function has made the key, every
   * record first goes to the partition of that key.
   *
   * The newest is the one that comes last: a record with an older timestamp replaces the row too, as in Kafka Streams.
   * Records with a null key are dropped and counted (`null_key`).
   *
   * @example stream.mapValues(({ value }) => value.page).toTable({ value: string() })
   * @throws MillraceError `topology_invalid` when a serde is missing, or the store constant does not fit
   */
  toTable(
    this: NeedsKey<'toTable'>[Known] & NeedsValue<'toTable'>[Known],
    options?: undefined,
  ): KTable<Exclude<K, null>, Exclude<V, null>, 'both'>
  /**
   * The newest value of each key, in a store that says how they are written.
   *
   * @example
   * ```ts
   * const newest = keyValueStore('newest', { key: string(), value: json<Click>() })
   * stream.selectKey(({ value }) => value.page).toTable({ store: newest })
   * ```
   */
  toTable(
    options: InTableStore<Exclude<K, null>, Exclude<V, null>> &
      KnownKey<Exclude<K, null>> &
      KnownValue<Exclude<V, null>> & {
        readonly store:
          | StoreFor<'keyValueStore', Exclude<K, null>, Exclude<V, null>>
          | VersionedStoreFor<Exclude<K, null>, Exclude<V, null>>
      },
  ): KTable<Exclude<K, null>, Exclude<V, null>, 'both'>
  /**
   * The newest value of each key, with options; keys and values that a function has made need their serdes.
   * @example stream.selectKey(({ value }) => value.page).toTable({ key: string(), name: 'last-click' })
   */
  toTable(
    options: InTableStore<Exclude<K, null>, Exclude<V, null>> &
      KeyOption<Exclude<K, null>>[Known] &
      ValueOption<Exclude<V, null>>[Known],
  ): KTable<Exclude<K, null>, Exclude<V, null>, 'both'>
}
