/**
 * The face of a table that is joined with another. The bodies are in ../join.ts and in a file for each kind of join.
 */
import type { InStore } from './grouped.ts'
import type { KnownSerdes } from './known.ts'
import type { KTable } from './table.ts'

/** What a join by foreign key takes; with a `store`, as `count` does, it keeps the joined rows. */
export interface ForeignKeyOptions<in K, in V, out K2> {
  /**
   * Which row of the right table a left row belongs to; null: to none. It must be pure: it is asked again about old
   * rows, and for each answer of the right table.
   */
  readonly foreignKey: (value: V, key: K) => K2 | null
}

/** The joins of a table. */
export interface TableJoins<out K, out V> {
  /**
   * One row for each left row whose foreign key names a right row: for orders with their customers, where many left
   * rows name one right row.
   *
   * It follows both sides: a change of a right row changes every row that names it, and a left row that gets another
   * foreign key moves. A joined row has the left key and the larger timestamp of both rows. A joiner that returns null
   * deletes the row. A left row whose foreign key is null has no joined row, which is counted (`null_foreign_key`, at
   * `<name>.requests`). Both tables may have any number of partitions, and keys of any format. The foreign keys are
   * kept in `<name>.subscriptions`, the joined rows only in a `store`: a join or a `groupBy` of the result needs one.
   * When one record changes several rows, only what comes out in the end is certain, not the results on the way.
   *
   * @example
   * ```ts
   * const newest = stream.toTable()
   * const perPage = stream.groupBy(({ value }) => value.page, { key: string() }).count()
   * newest.join(perPage, ({ page }, count) => `${page}, seen ${count} times`, { foreignKey: ({ page }) => page })
   * ```
   * @throws MillraceError `bad_option`, `topology_invalid`
   */
  join<K2, V2, R, Known2 extends KnownSerdes>(
    right: KTable<K2, V2, Known2>,
    joiner: (left: V, right: Exclude<V2, null>, key: K) => R,
    options: ForeignKeyOptions<K, V, NoInfer<K2>> & InStore<K, Exclude<R, null>>,
  ): KTable<K, Exclude<R, null>, 'key'>

  /**
   * One row for each key that both tables have, kept up with the changes of both: a change of either side changes the
   * joined row, and a delete of either deletes it.
   *
   * The row has the larger timestamp of the two. A joiner that returns null deletes the row. Both tables must have
   * equally many partitions and keys of one format. The join keeps no rows unless it gets a `store`: who reads one
   * has it made of both sides. A table may be joined with itself, or with what `mapValues` makes of it: each
   * change is one change of the joined row then.
   *
   * @example
   * ```ts
   * const newest = stream.toTable()
   * const counts = stream.groupByKey().count()
   * newest.join(counts, ({ page }, count) => `${page} after ${count} clicks`)
   * ```
   * @throws MillraceError `bad_option`; `topology_invalid` when the tables write keys in different formats; at the
   *   start `partitions_differ`, when they have different numbers of partitions
   */
  join<K2 extends K, V2, R, Known2 extends KnownSerdes>(
    right: KTable<K2, V2, Known2>,
    joiner: (left: V, right: Exclude<V2, null>, key: K) => R,
    options?: InStore<K, Exclude<R, null>>,
  ): KTable<K, Exclude<R, null>, 'key'>

  /**
   * As {@link join} by foreign key, for each left row: with null where its foreign key is null, or names no row.
   *
   * @example
   * ```ts
   * const newest = stream.toTable()
   * const perPage = stream.groupBy(({ value }) => value.page, { key: string() }).count()
   * newest.leftJoin(perPage, ({ page }, count) => `${page}: ${count ?? 0}`, { foreignKey: ({ page }) => page })
   * ```
   * @throws MillraceError as {@link join}
   */
  leftJoin<K2, V2, R, Known2 extends KnownSerdes>(
    right: KTable<K2, V2, Known2>,
    joiner: (left: V, right: Exclude<V2, null> | null, key: K) => R,
    options: ForeignKeyOptions<K, V, NoInfer<K2>> & InStore<K, Exclude<R, null>>,
  ): KTable<K, Exclude<R, null>, 'key'>

  /**
   * As {@link join}, for each key of the left table, with null in place of a right row that is not there.
   *
   * @example
   * ```ts
   * const newest = stream.toTable()
   * const errors = stream.filter(({ value }) => value.status >= 500).groupByKey().count()
   * newest.leftJoin(errors, ({ page }, count) => `${page}: ${count ?? 0} errors`)
   * ```
   * @throws MillraceError as {@link join}
   */
  leftJoin<K2 extends K, V2, R, Known2 extends KnownSerdes>(
    right: KTable<K2, V2, Known2>,
    joiner: (left: V, right: Exclude<V2, null> | null, key: K) => R,
    options?: InStore<K, Exclude<R, null>>,
  ): KTable<K, Exclude<R, null>, 'key'>

  /**
   * As {@link join}, for each key of either table, with null in place of the row that is not there.
   *
   * @example
   * ```ts
   * const errors = stream.filter(({ value }) => value.status >= 500).groupByKey().count({ name: 'errors' })
   * const hits = stream.filter(({ value }) => value.status < 400).groupByKey().count({ name: 'hits' })
   * errors.outerJoin(hits, (failed, good) => (failed ?? 0) / ((failed ?? 0) + (good ?? 0)))
   * ```
   * @throws MillraceError as {@link join}
   */
  outerJoin<K2 extends K, V2, R, Known2 extends KnownSerdes>(
    right: KTable<K2, V2, Known2>,
    joiner: (left: V | null, right: Exclude<V2, null> | null, key: K) => R,
    options?: InStore<K, Exclude<R, null>>,
  ): KTable<K, Exclude<R, null>, 'key'>
}
