/**
 * The class that implements grouped tables: each aggregation is a stateful node with a store, which takes rows in and
 * out.
 */
import { checkedFunction, checkOptions } from '../core/checks.ts'
import { type Codec, codecOf } from '../core/serde.ts'
import { int64 } from '../core/serdes.ts'
import { checkStore } from '../core/store-constants.ts'
import { keyLayout } from '../plan/store-layout.ts'
import {
  aggregatingRows,
  aggregationOfRows,
  countingRows,
  ofRowAggregates,
  reducingRows,
  type RowFold,
} from './aggregate-rows.ts'
import type { AggregationOptions } from './aggregations.ts'
import type { Reducer } from './dsl/functions.ts'
import type { KGroupedTable, RowAggregateFunctions, RowReducers } from './dsl/grouped-table.ts'
import type { KTable } from './dsl/table.ts'
import { type KeyedParts, requireCodec } from './parts.ts'
import { nameOf, storeSpec } from './store-spec.ts'
import { rowsOf } from './table-rows.ts'

export class GroupedTable<K, V> implements KGroupedTable<K, V> {
  readonly #parts: KeyedParts

  constructor(parts: KeyedParts) {
    this.#parts = parts
  }

  count(options: AggregationOptions = {}): KTable<K, number, 'both'> {
    return this.#aggregateBy('count', checked('count', options, []), codecOf(int64()) as Codec<unknown>, countingRows)
  }

  reduce(options: RowReducers<V> & AggregationOptions): KTable<K, V, 'both'> {
    const given = checked('reduce', options, ['adder', 'subtractor'])
    checkedFunction('the adder of reduce', given.adder)
    checkedFunction('the subtractor of reduce', given.subtractor)
    const codec = requireCodec('reduce', 'value', given.store?.value, this.#parts.valueCodec)
    const { adder, subtractor } = given as { readonly adder: Reducer<unknown>; readonly subtractor: Reducer<unknown> }
    return this.#aggregateBy('reduce', given, codec, reducingRows(adder, subtractor))
  }

  aggregate<A>(options: RowAggregateFunctions<K, V, A> & AggregationOptions): KTable<K, A, 'both'> {
    const given = checked('aggregate', options, ['initializer', 'aggregator', 'subtractor', 'value'])
    const { initializer, aggregator, subtractor } = given as unknown as RowAggregateFunctions<unknown, unknown, unknown>
    checkedFunction('the initializer of aggregate', initializer)
    checkedFunction('the aggregator of aggregate', aggregator)
    checkedFunction('the subtractor of aggregate', subtractor)
    const codec = requireCodec('aggregate', 'value', given.value ?? given.store?.value, undefined)
    return this.#aggregateBy('aggregate', given, codec, aggregatingRows(initializer, aggregator, subtractor))
  }

  #aggregateBy<A>(
    verb: string,
    options: AggregationOptions,
    codec: Codec<unknown>,
    fold: RowFold,
  ): KTable<K, A, 'both'> {
    const { plan, node, keyCodec, faces } = this.#parts
    const made = plan.stateful(verb, node, nameOf(options, node), (id) => {
      const wish = { kind: 'keyValueStore', keyCodec, valueCodec: codec, layout: keyLayout() } as const
      const store = storeSpec(id, options.store, wish)
      return { stores: [store], operator: aggregationOfRows(store, fold), oldValues: ofRowAggregates }
    })
    return faces.table({ ...this.#parts, node: made, valueCodec: codec, rows: rowsOf(made) })
  }
}

function checked<T extends AggregationOptions>(verb: string, given: T, functions: readonly string[]): T {
  const options = checkOptions(verb, given, [...functions, 'store', 'name'])
  return options.store === undefined ? options : { ...options, store: checkStore(verb, options.store) }
}
