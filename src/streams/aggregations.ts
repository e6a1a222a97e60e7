/**
 * count, reduce and aggregate as verbs: their options are checked here, for every kind of rows.
 */
import { present } from '../core/assert.ts'
import { checkedFunction, checkOptions } from '../core/checks.ts'
import { type Codec, codecOf } from '../core/serde.ts'
import { int64 } from '../core/serdes.ts'
import { checkStore } from '../core/store-constants.ts'
import type { TopicFor } from '../core/topic.ts'
import type { PlanNode } from '../plan/node.ts'
import type { AggregateFunctions, Named, Reducer, SessionAggregateFunctions } from './dsl/functions.ts'
import type { KTable } from './dsl/table.ts'
import { aggregating, counting, type Fold, reducing } from './fold.ts'
import { type KeyedParts, requireCodec } from './parts.ts'
import type { ErasedStore } from './store-spec.ts'

/**
 * Options of any aggregation, whatever the types of its keys and values: serdes are invariant, so they are erased here.
 */
export interface AggregationOptions extends Named {
  readonly store?: ErasedStore | undefined
  readonly value?: object | undefined
  readonly retentionMs?: number | undefined
  readonly late?: TopicFor<never, never> | undefined
}

/** A grouped stream, and what its records do to the rows that are made of it. */
export interface Input {
  readonly parts: KeyedParts
  readonly fold: Fold
}

/** The three aggregations; a subclass says what the rows are. */
export abstract class Aggregations<K, V, RowKey> {
  readonly parts: KeyedParts

  constructor(parts: KeyedParts) {
    this.parts = parts
  }

  protected abstract aggregateBy<A>(
    verb: string,
    options: AggregationOptions,
    codec: Codec<unknown>,
    fold: Fold,
  ): KTable<RowKey, A, 'both'>

  protected abstract readonly storeOptions: readonly string[]
  /** Whether rows are merged with each other, as sessions are. */
  protected readonly merges: boolean = false

  count(options: AggregationOptions = {}): KTable<RowKey, number, 'both'> {
    const checked = checkAggregation('count', options, this.storeOptions)
    return this.aggregateBy('count', checked, codecOf(int64()) as Codec<unknown>, counting)
  }

  reduce(
    reducer: Reducer<Exclude<V, null>>,
    options: AggregationOptions = {},
  ): KTable<RowKey, Exclude<V, null>, 'both'> {
    checkedFunction('reduce', reducer)
    const checked = checkAggregation('reduce', options, [...this.storeOptions, 'value'])
    const codec = requireCodec('reduce', 'value', checked.store?.value ?? checked.value, this.parts.valueCodec)
    return this.aggregateBy('reduce', checked, codec, reducing(reducer as Reducer<unknown>))
  }

  aggregate<A>(options: AggregateFunctions<K, Exclude<V, null>, A> & AggregationOptions): KTable<RowKey, A, 'both'> {
    const known = ['initializer', 'aggregator', ...(this.merges ? ['merger'] : []), 'value']
    const checked = checkAggregation('aggregate', options, [...this.storeOptions, ...known])
    const { initializer, aggregator, merger } = checked as unknown as SessionAggregateFunctions<
      unknown,
      unknown,
      unknown
    >
    checkedFunction('the initializer of aggregate', initializer)
    checkedFunction('the aggregator of aggregate', aggregator)
    if (this.merges) checkedFunction('the merger of aggregate', merger)
    const codec = requireCodec('aggregate', 'value', checked.value ?? checked.store?.value, undefined)
    return this.aggregateBy('aggregate', checked, codec, aggregating(initializer, aggregator, merger))
  }
}

export function checkAggregation<T extends AggregationOptions>(verb: string, options: T, known: readonly string[]): T {
  const checked = checkOptions(verb, options, known)
  return checked.store === undefined ? checked : { ...checked, store: checkStore(verb, checked.store) }
}

/** What inputs that fill one table have in common, and the nodes that they come from. */
export function together(inputs: readonly Input[]): {
  readonly parts: KeyedParts
  readonly nodes: readonly PlanNode[]
} {
  const { parts } = present(inputs[0], 'a table is made of at least one grouped stream')
  const untouchedKeys = [...new Set(inputs.flatMap((input) => input.parts.untouchedKeys))]
  return { parts: { ...parts, untouchedKeys }, nodes: inputs.map((input) => input.parts.node) }
}
