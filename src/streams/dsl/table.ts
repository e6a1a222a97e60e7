/**
 * The face of a table: its verbs, and what comes out of each. Its class is in ../table.ts.
 */
import type { StreamRecord } from '../../core/record.ts'
import type { KeyHint, Named, Others, Predicate } from './functions.ts'
import type { InStore } from './grouped.ts'
import type { KGroupedTable } from './grouped-table.ts'
import type {
  KnownSerdes,
  MissingKey,
  MissingValue,
  StoreFor,
  ValueOption,
  WithNewValue,
  WithStoredValue,
} from './known.ts'
import type { KStream } from './stream.ts'
import type { TableJoins } from './table-joins.ts'
import type { TransformedTable } from './transform-values.ts'
import type { SuppressOptions } from './suppress.ts'

/** What `builder.table` and `toTable` take. */
export interface InTableStore<K, V> extends Named {
  /** Names the store, so that it can be queried; default: a store with the operator's name. */
  readonly store?: StoreFor<'keyValueStore', K, V> | VersionedStoreFor<K, V> | undefined
  /**
   * Keeps the versions of each row: for `historyMs`, in ms of stream time, a join with a stream finds the one that was
   * the newest at the time of the stream's record. A record is the version of its timestamp, so one that comes late is
   * not the newest; one that is older than the history is dropped and counted (`expired`). A versioned store says it
   * too.
   */
  readonly versioned?: { readonly historyMs: number } | undefined
}

/** The constant of a versioned store for keys K and values V, or for wider ones. */
export interface VersionedStoreFor<in K, in V> extends StoreFor<'versionedStore', K, V> {
  /** As of `VersionedStore`. */
  readonly historyMs: number
}

/** What `toStream` takes. */
export interface ToStreamOptions<Deletes> extends Named {
  /** Whether deleted rows appear as records with a null value; default `keep`. */
  readonly deletes?: Deletes | undefined
}

/**
 * The newest value of every key, as a stream of changes. Made by the aggregations of grouped streams. To query it while
 * it runs, name its store and ask {@link Application.store}.
 *
 * `Known` says which serdes it still knows, as for {@link KStream}.
 */
export interface KTable<out K, out V, out Known extends KnownSerdes = KnownSerdes>
  extends TableJoins<K, V>, TransformedTable<K, V, Known> {
  /**
   * Keeps the rows that the guard is true for, and narrows the table to them.
   * @example table.mapValues(({ value }) => (value < 100 ? 'few' : 'many')).filter((record) => record.value === 'many')
   */
  filter<R extends StreamRecord<K, V>>(
    guard: (record: StreamRecord<K, V>) => record is R,
    options?: InStore<R['key'], R['value']>,
  ): KTable<R['key'], R['value'], Known>
  /**
   * Keeps the rows that the predicate is true for. A change that makes it false deletes the row downstream. It is not
   * called for a deleted row; for one that changes it is called with its old value too, where the table keeps rows.
   *
   * Where the table keeps none, because it comes from a topic or a stream and has no `store`, each change that does
   * not pass is a delete, even of a row that was never there. With a `store` the rows that pass can be queried.
   * @example table.filter(({ value }) => value >= 2)
   */
  filter(predicate: Predicate<K, V>, options?: InStore<K, V>): KTable<K, V, Known>

  /**
   * Keeps the rows that the guard is false for, and narrows the table to them.
   * @example
   * ```ts
   * const sizes = table.mapValues(({ value }) => (value < 100 ? 'few' : 'many'))
   * sizes.filterNot((record) => record.value === 'few')
   * ```
   */
  filterNot<R extends StreamRecord<K, V>>(
    guard: (record: StreamRecord<K, V>) => record is R,
    options?: InStore<Others<K, V, R>['key'], Others<K, V, R>['value']>,
  ): KTable<Others<K, V, R>['key'], Others<K, V, R>['value'], Known>
  /**
   * Keeps the rows that the predicate is false for, as {@link filter} does the others.
   * @example table.filterNot(({ key }) => key.startsWith('10.'))
   */
  filterNot(predicate: Predicate<K, V>, options?: InStore<K, V>): KTable<K, V, Known>

  /**
   * A new value for every row. The function is not called for a deleted row.
   * @example table.mapValues(({ value }) => `${value} clicks`)
   */
  mapValues<V2>(
    fn: (record: StreamRecord<K, V>) => V2,
    options?: Named & { readonly store?: undefined },
  ): KTable<K, V2, WithNewValue[Known]>
  /**
   * A new value for every row, kept in a store that says how they are written.
   *
   * @example
   * ```ts
   * const labels = keyValueStore('labels', { key: string(), value: string() })
   * table.mapValues(({ value }) => `${value} clicks`, { store: labels })
   * ```
   */
  mapValues<V2>(
    fn: (record: StreamRecord<K, V>) => V2,
    options: Named & { readonly store: StoreFor<'keyValueStore', K, Exclude<V2, null>> },
  ): KTable<K, V2, WithStoredValue[Known]>

  /**
   * Groups the rows by another key, to aggregate: the function gives the key of the row's group, and the value that
   * takes part there. Every change goes to the partition of its group, in memory.
   *
   * A null key or value puts the row in no group, which is counted (`null_key`, `null_value`). The function is not
   * called for a deleted row; for one that changes it is called with its old value too.
   *
   * @example
   * ```ts
   * const profiles = topic('profiles', { key: string(), value: json<{ readonly city: string }>() })
   * builder
   *   .table(profiles)
   *   .groupBy(({ key, value }) => ({ key: value.city, value: key }), { key: string(), value: string() })
   *   .count()
   * ```
   */
  groupBy<K2 extends KeyHint, V2 extends KeyHint>(
    fn: (record: StreamRecord<K, V>) => {
      readonly key: NoInfer<K2> | null
      readonly value: NoInfer<V2> | null
    },
    options: Named & MissingKey<K2> & MissingValue<V2>,
  ): KGroupedTable<K2, V2>

  /**
   * Fewer changes, or only final ones. With `untilTimeLimit`, a row waits for that long, in ms of stream time, after
   * its first change, and then goes on as it is by then. Rows go on in the order of their first changes, then of the
   * bytes of their keys. A delete goes on too. A limit bounds what waits in each partition; when it is exceeded, the
   * rows that have waited longest go on early.
   *
   * With `untilWindowCloses`, the final result of each window, once: a row goes on when its window is closed, with the
   * timestamp and headers of its last change. Rows go on by the end of their windows, then by the bytes of their keys.
   * A window that has no row at its end is not heard of. It works by stream time, so the last windows wait for a later
   * record.
   *
   * Windows close as in the aggregation before: when stream time reaches the end and the grace, or, for a window whose
   * end belongs to it (sessions, sliding windows), when it is past them. Kafka Streams lets those go one ms too early
   * (deviation D1 in test/conformance/README.md).
   *
   * @example
   * ```ts
   * const perHour = grouped.windowedBy(TimeWindows.of({ size: hours(1), grace: minutes(5) })).count()
   * perHour.suppress({ untilWindowCloses: true }).toStream()
   * grouped.count({ name: 'total' }).suppress({ untilTimeLimit: seconds(5), maxRecords: 10_000 }).toStream()
   * ```
   * @throws MillraceError `topology_invalid` when no aggregation over windows made the table whose windows are to
   *   close, or the serde of its values is missing; `bad_option`. With `untilWindowCloses`, and with `whenFull:
   *   'fail'`, the application stops with `buffer_full` when more waits than a limit allows.
   */
  suppress<Self>(this: Self, options: SuppressOptions<Self> & ValueOption<V>[Known]): KTable<K, V, 'both'>

  /**
   * Every change of the table as a record: the new value of the key, or null for a row that was deleted. With `deletes:
   * 'drop'`, only the new values.
   * @example table.toStream().to(perAddress)
   */
  toStream<Deletes extends 'keep' | 'drop' | undefined = undefined>(
    options?: ToStreamOptions<Deletes>,
  ): KStream<K, Deletes extends 'drop' ? V : V | null, Known>
}
