/**
 * The classes that implement grouped streams: each aggregation is a stateful node with a store, in windows or without.
 */
import { days } from '../core/duration.ts'
import { MillraceError } from '../core/errors.ts'
import { checkedFunction, checkOptions, checkWhole, isInstance } from '../core/checks.ts'
import { type Codec, codecOf } from '../core/serde.ts'
import { checkStore } from '../core/store-constants.ts'
import { int64 } from '../core/serdes.ts'
import { sumMs } from '../core/units.ts'
import { TimeWindows } from '../core/windows/time-windows.ts'
import type { Windowed } from '../core/windows/window.ts'
import { WindowedCodec } from '../core/windows/windowed.ts'
import { ofTables } from '../plan/old-values.ts'
import type { WindowSpec } from '../plan/store.ts'
import { keyLayout, windowLayout } from '../plan/store-layout.ts'
import { aggregating, aggregation, counting, type Fold, reducing } from './aggregate.ts'
import type { AggregateFunctions, Named, Reducer } from './dsl/functions.ts'
import type { KGroupedStream } from './dsl/grouped.ts'
import type { KnownSerdes } from './dsl/known.ts'
import type { KTable } from './dsl/table.ts'
import type { TimeWindowedKStream } from './dsl/windows.ts'
import { type KeyedParts, requireCodec } from './parts.ts'
import { type ErasedStore, storeSpec } from './store-spec.ts'

/**
 * Options of any aggregation, whatever the types of its keys and values: serdes are invariant, so they are erased here.
 */
interface AggregationOptions extends Named {
  readonly store?: ErasedStore | undefined
  readonly value?: object | undefined
  readonly retentionMs?: number | undefined
}

/** The three aggregations; a subclass says what the rows are. */
abstract class Aggregations<K, V, RowKey> {
  protected readonly parts: KeyedParts

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
    const checked = checkAggregation('aggregate', options, [...this.storeOptions, 'initializer', 'aggregator', 'value'])
    const { initializer, aggregator, value } = checked as unknown as AggregateFunctions<unknown, unknown, unknown>
    checkedFunction('the initializer of aggregate', initializer)
    checkedFunction('the aggregator of aggregate', aggregator)
    const codec = requireCodec('aggregate', 'value', value, undefined)
    return this.aggregateBy('aggregate', checked, codec, aggregating(initializer, aggregator))
  }
}

function checkAggregation<T extends AggregationOptions>(verb: string, options: T, known: readonly string[]): T {
  const checked = checkOptions(verb, options, known)
  return checked.store === undefined ? checked : { ...checked, store: checkStore(verb, checked.store) }
}

export class GroupedStream<K, V, Known extends KnownSerdes>
  extends Aggregations<K, V, K>
  implements KGroupedStream<K, V, Known>
{
  protected readonly storeOptions: readonly string[] = ['store', 'name']

  windowedBy(windows: TimeWindows): TimeWindowedKStream<K, V, Known> {
    if (!isInstance(windows, TimeWindows)) {
      throw new MillraceError('bad_option', 'windowedBy takes windows such as TimeWindows.of({ size: minutes(1) })')
    }
    return new TimeWindowedStream(this.parts, windows)
  }

  protected aggregateBy<A>(
    verb: string,
    options: AggregationOptions,
    codec: Codec<unknown>,
    fold: Fold,
  ): KTable<K, A, 'both'> {
    const { plan, node, keyCodec, untouchedKeys, faces } = this.parts
    const made = plan.stateful(verb, node, options.name, (id) => {
      const store = storeSpec(id, options.store, {
        kind: 'keyValueStore',
        keyCodec,
        valueCodec: codec,
        layout: keyLayout(),
      })
      return { stores: [store], operator: aggregation(store, fold), oldValues: ofTables }
    })
    return faces.table({ faces, plan, node: made, keyCodec, valueCodec: codec, untouchedKeys })
  }
}

class TimeWindowedStream<K, V, Known extends KnownSerdes>
  extends Aggregations<K, V, Windowed<K>>
  implements TimeWindowedKStream<K, V, Known>
{
  protected readonly storeOptions: readonly string[] = ['store', 'name', 'retentionMs']
  readonly #windows: TimeWindows

  constructor(parts: KeyedParts, windows: TimeWindows) {
    super(parts)
    this.#windows = windows
  }

  protected aggregateBy<A>(
    verb: string,
    options: AggregationOptions,
    codec: Codec<unknown>,
    fold: Fold,
  ): KTable<Windowed<K>, A, 'both'> {
    const { plan, node, keyCodec, faces } = this.parts
    const { sizeMs, advanceMs, graceMs } = this.#windows
    const window = Object.freeze({ sizeMs, advanceMs, graceMs })
    const layout = windowLayout(retentionOf(window, options.retentionMs))
    const made = plan.stateful(verb, node, options.name, (id) => {
      const store = storeSpec(id, options.store, { kind: 'windowStore', keyCodec, valueCodec: codec, layout, window })
      return { stores: [store], operator: aggregation(store, fold), oldValues: ofTables }
    })
    const rowKeyCodec = new WindowedCodec(keyCodec, window.sizeMs) as Codec<unknown>
    return faces.table({
      faces,
      plan,
      node: made,
      keyCodec: rowKeyCodec,
      valueCodec: codec,
      untouchedKeys: [rowKeyCodec],
    })
  }
}

function retentionOf({ sizeMs, graceMs }: WindowSpec, retentionMs: number | undefined): number {
  const least = sumMs(sizeMs, graceMs)
  if (retentionMs !== undefined && checkWhole('retentionMs', retentionMs, 1) < least) {
    throw new MillraceError(
      'bad_option',
      `retentionMs is ${retentionMs}, but a window of ${sizeMs} ms with ${graceMs} ms of grace closes after ${least} ms`,
    )
  }
  return retentionMs ?? Math.max(days(1), least)
}
