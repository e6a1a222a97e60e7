/**
 * The face of a table that is joined with another. The bodies are in ../join.ts and in a file for each kind of join.
 */
import type { InStore } from './grouped.ts'
import type { KnownSerdes } from './known.ts'
import type { KTable } from './table.ts'

/** The joins of a table. */
export interface TableJoins<out K, out V> {
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
