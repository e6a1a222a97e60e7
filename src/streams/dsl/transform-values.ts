/**
 * The face of `transformValues`: an operator of the user's that makes the values of a table.
 */
import type { StreamRecord } from '../../core/record.ts'
import type { KnownSerdes, StoreFor, WithNewValue, WithStoredValue } from './known.ts'
import type { AnyProcessorContext, Done, ProcessOptions } from './processor.ts'
import type { KTable } from './table.ts'

/**
 * Makes the values of a table: a function that is called once for each partition, and makes what is then called with
 * each change. What it must remember, it keeps in stores; see {@link Processor}.
 *
 * @example
 * ```ts
 * const numbered: ValueTransformer<string, number, string> = (context) => {
 *   const changes = context.store(totals)
 *   return {
 *     transform({ key, value }) {
 *       const count = (changes.get(key) ?? 0) + 1
 *       changes.put(key, count)
 *       return value === null ? null : `${value}, after ${count} changes`
 *     },
 *   }
 * }
 * table.transformValues(numbered, { stores: [totals] })
 * ```
 */
export type ValueTransformer<K, V, V2> = (context: TransformerContext) => RowTransformer<K, V, V2>

/** What a {@link ValueTransformer} makes for a partition. */
export interface RowTransformer<K, V, V2> {
  /**
   * Called with each change in its turn: with a new value, or with null for a row that is deleted. What it returns is
   * the new value; null deletes the row.
   * @example table.transformValues(() => ({ transform: ({ value }) => (value === null ? null : value * 2) }))
   */
  transform(record: StreamRecord<K, V | null>): V2 | null
  /**
   * Called when the application closes or has failed; not when it is killed.
   *
   * @example
   * ```ts
   * table.transformValues(() => ({ transform: ({ value }) => value, close: () => console.error('closed') }))
   * ```
   */
  close?(): Done
}

/** What a {@link ValueTransformer} works with: as {@link ProcessorContext}, but what it emits is what it returns. */
export type TransformerContext = AnyProcessorContext

/** The part of a {@link KTable} that runs operators of your own. */
export interface TransformedTable<out K, out V, out Known extends KnownSerdes> {
  /**
   * A new value for every change, made by an operator of your own that may keep stores and look into those of other
   * tables. Where the value depends on the row alone, `mapValues` is simpler. It is called for deleted rows too, and
   * once for each change.
   *
   * What asks for rows or old values of the table (`groupBy`, a join with a table) needs its rows kept, with `store`:
   * an operator that remembers cannot be asked again what it said before.
   *
   * @example
   * ```ts
   * table.transformValues(() => ({ transform: ({ value }) => (value === null ? null : `${value} clicks`) }))
   * ```
   * @throws MillraceError `topology_invalid` for a store that is another one elsewhere
   */
  transformValues<V2>(
    transformer: ValueTransformer<K, V, V2>,
    options?: ProcessOptions & { readonly store?: undefined },
  ): KTable<K, V2, WithNewValue[Known]>
  /**
   * A new value for every change, kept in a store that says how they are written.
   *
   * @example
   * ```ts
   * const labels = keyValueStore('labels', { key: string(), value: string() })
   * table.transformValues(() => ({ transform: ({ value }) => `${value ?? 'no'} clicks` }), { store: labels })
   * ```
   */
  transformValues<V2>(
    transformer: ValueTransformer<K, V, V2>,
    options: ProcessOptions & { readonly store: StoreFor<'keyValueStore', K, V2> },
  ): KTable<K, V2, WithStoredValue[Known]>
}
