/**
 * The face of a table: its verbs, and what comes out of each. Its class is in ../table.ts.
 */
import type { StreamRecord } from '../../core/record.ts'
import type { Named, Others, Predicate } from './functions.ts'
import type { KnownSerdes, WithNewValue } from './known.ts'
import type { KStream } from './stream.ts'

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
export interface KTable<out K, out V, out Known extends KnownSerdes = KnownSerdes> {
  /**
   * Keeps the rows that the guard is true for, and narrows the table to them.
   * @example table.mapValues(({ value }) => (value < 100 ? 'few' : 'many')).filter((record) => record.value === 'many')
   */
  filter<R extends StreamRecord<K, V>>(
    guard: (record: StreamRecord<K, V>) => record is R,
    options?: Named,
  ): KTable<R['key'], R['value'], Known>
  /**
   * Keeps the rows that the predicate is true for. A change that makes it false deletes the row downstream, even one
   * that was never there. It is not called for a deleted row.
   * @example table.filter(({ value }) => value >= 2)
   */
  filter(predicate: Predicate<K, V>, options?: Named): KTable<K, V, Known>

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
    options?: Named,
  ): KTable<Others<K, V, R>['key'], Others<K, V, R>['value'], Known>
  /**
   * Keeps the rows that the predicate is false for, as {@link filter} does the others.
   * @example table.filterNot(({ key }) => key.startsWith('10.'))
   */
  filterNot(predicate: Predicate<K, V>, options?: Named): KTable<K, V, Known>

  /**
   * A new value for every row. The function is not called for a deleted row.
   * @example table.mapValues(({ value }) => `${value} clicks`)
   */
  mapValues<V2>(fn: (record: StreamRecord<K, V>) => V2, options?: Named): KTable<K, V2, WithNewValue[Known]>

  /**
   * Every change of the table as a record: the new value of the key, or null for a row that was deleted. With `deletes:
   * 'drop'`, only the new values.
   * @example table.toStream().to(perAddress)
   */
  toStream<Deletes extends 'keep' | 'drop' | undefined = undefined>(
    options?: ToStreamOptions<Deletes>,
  ): KStream<K, Deletes extends 'drop' ? V : V | null, Known>
}
