/**
 * The face of a table: its verbs, and what comes out of each. The class behind it is in ../table.ts.
 */
import type { StreamRecord } from '../../core/record.ts'
import type { Named, Predicate } from './functions.ts'
import type { Side } from './known.ts'
import type { KStream } from './stream.ts'

/**
 * The newest value of every key, as a stream of changes. Made by the aggregations of grouped streams. To look into it while it
 * runs, name its store and ask {@link Application.store}.
 *
 * `Known` says which serdes it still knows, as for {@link KStream}.
 */
export interface KTable<K, V, Known extends Side = Side> {
  /**
   * Keeps the rows that the predicate is true for. A change that makes it false deletes the row downstream, also one that was
   * never there. Not called for a row that is deleted.
   * @example table.filter(({ value }) => value >= 2)
   */
  filter(predicate: Predicate<K, V>, options?: Named): KTable<K, V, Known>

  /**
   * Keeps the rows that the predicate is false for, as {@link filter} does the others.
   * @example table.filterNot(({ key }) => key.startsWith('10.'))
   */
  filterNot(predicate: Predicate<K, V>, options?: Named): KTable<K, V, Known>

  /**
   * A new value for every row. Not called for a row that is deleted.
   * @example table.mapValues(({ value }) => `${value} clicks`)
   */
  mapValues<V2>(fn: (record: StreamRecord<K, V>) => V2, options?: Named): KTable<K, V2, Exclude<Known, 'value'>>

  /**
   * Every change of the table as a record: the new value of the key, or null for a row that was deleted.
   * @example table.toStream().to(perAddress)
   */
  toStream(): KStream<K, V | null, Known>
}
