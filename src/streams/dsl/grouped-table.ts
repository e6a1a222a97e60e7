/**
 * The face of a grouped table: its aggregations. Its class is in ../grouped-table.ts.
 */
import type { AggregateFunctions, Aggregator, Reducer } from './functions.ts'
import type { InStore } from './grouped.ts'
import type { AggregateSerde } from './known.ts'
import type { KTable } from './table.ts'

/** What `reduce` of a grouped table folds with; null deletes the group. */
export interface RowReducers<V> {
  /** The aggregate with the value of a row that joins the group. The first value stands for itself. */
  readonly adder: Reducer<V>
  /** The aggregate without the value of a row that leaves the group. */
  readonly subtractor: Reducer<V>
}

/** What `aggregate` of a grouped table folds with; null deletes the group. */
export interface RowAggregateFunctions<K, V, A> extends AggregateFunctions<K, V, A> {
  /** The aggregate without the value of a row that leaves the group. */
  readonly subtractor: Aggregator<K, V, NoInfer<A>>
}

/**
 * A table whose rows are grouped by another key, to aggregate. Made by {@link KTable.groupBy}.
 *
 * Its aggregations always stand for the rows that are in the table now: a row that changes, moves to another group or
 * is deleted is first taken out with its old value, and then put in with its new one. Every change is emitted, with the
 * larger of its own timestamp and the group's.
 */
export interface KGroupedTable<out K, in out V> {
  /**
   * How many rows a group has. A group that has lost its last row keeps a count of 0, as in Kafka Streams.
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
  count(options?: InStore<K, number>): KTable<K, number, 'both'>

  /**
   * Combines the values of the rows of a group. Use {@link aggregate} where the result has another type.
   *
   * @example
   * ```ts
   * table
   *   .groupBy(({ value }) => ({ key: value % 2, value }), { key: int64(), value: int64() })
   *   .reduce({ adder: (sum, value) => sum + value, subtractor: (sum, value) => sum - value })
   * ```
   */
  reduce(options: RowReducers<V> & InStore<K, V>): KTable<K, V, 'both'>

  /**
   * Folds the values of the rows of a group into an aggregate of any type.
   *
   * The functions may change the aggregate that they are given and return it. A `store` says how aggregates are
   * written, and without one `value` does.
   *
   * @example
   * ```ts
   * table.groupBy(({ value }) => ({ key: value % 2, value }), { key: int64(), value: int64() }).aggregate({
   *   initializer: () => ({ rows: 0, sum: 0 }),
   *   aggregator: (_key, value, { rows, sum }) => ({ rows: rows + 1, sum: sum + value }),
   *   subtractor: (_key, value, { rows, sum }) => (rows === 1 ? null : { rows: rows - 1, sum: sum - value }),
   *   value: json<{ readonly rows: number; readonly sum: number }>(),
   * })
   * ```
   */
  aggregate<A>(
    options: RowAggregateFunctions<K, V, A> & InStore<K, NoInfer<A>> & AggregateSerde<'keyValueStore', K, A>,
  ): KTable<K, A, 'both'>
}
