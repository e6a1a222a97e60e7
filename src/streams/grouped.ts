/**
 * The classes that implement grouped streams: each aggregation is a stateful node with a store, in windows or without.
 */
import { days } from '../core/duration.ts'
import { MillraceError } from '../core/errors.ts'
import { checkedFunction, checkOptions, checkWhole, isInstance } from '../core/checks.ts'
import { type Codec, codecOf, type Serde } from '../core/serde.ts'
import { int64 } from '../core/serdes.ts'
import { checkStore } from '../core/topic.ts'
import { sumMs } from '../core/units.ts'
import { TimeWindows, type Windowed, WindowedCodec } from '../core/window.ts'
import { ofTables } from '../plan/old-values.ts'
import type { StoreSpec, WindowSpec } from '../plan/store.ts'
import { keyLayout, type StoreLayout, windowLayout } from '../plan/store-layout.ts'
import { aggregating, aggregation, counting, type Fold, reducing } from './aggregate.ts'
import type { AggregateFunctions, Named, Reducer } from './dsl/functions.ts'
import type { KGroupedStream } from './dsl/grouped.ts'
import type { KnownSerdes } from './dsl/known.ts'
import type { KTable } from './dsl/table.ts'
import type { TimeWindowedKStream } from './dsl/windows.ts'
import { type KeyedParts, requireCodec } from './parts.ts'

/**
 * Options of any aggregation, whatever the types of its keys and values: serdes are invariant, so they are erased here.
 */
interface AggregationOptions extends Named {
  readonly store?:
    | {
        readonly kind: 'keyValueStore' | 'windowStore'
        readonly name: string
        readonly key: object
        readonly value: object
      }
    | undefined
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
      const store = storeSpec('keyValueStore', id, keyCodec, codec, options, keyLayout(), undefined)
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
      const store = storeSpec('windowStore', id, keyCodec, codec, options, layout, window)
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

function storeSpec(
  kind: 'keyValueStore' | 'windowStore',
  id: string,
  keyCodec: Codec<unknown>,
  valueCodec: Codec<unknown>,
  { store: constant }: AggregationOptions,
  layout: StoreLayout,
  window: WindowSpec | undefined,
): StoreSpec {
  if (constant !== undefined) checkFits(kind, id, keyCodec, valueCodec, constant)
  return Object.freeze({
    kind: kind === 'windowStore' ? 'window' : 'keyValue',
    name: constant?.name ?? id,
    keyCodec,
    valueCodec,
    layout,
    window,
    // Not the retention: it may change, and rows go sooner or later then.
    facts:
      window === undefined
        ? {}
        : { 'window size': window.sizeMs, 'window advance': window.advanceMs, 'window grace': window.graceMs },
  })
}

/** A store constant must be of the kind that the operator keeps, and hold its keys and values. */
function checkFits(
  kind: string,
  id: string,
  keyCodec: Codec<unknown>,
  valueCodec: Codec<unknown>,
  constant: NonNullable<AggregationOptions['store']>,
): void {
  const place = { store: constant.name, operator: id }
  if (constant.kind !== kind) {
    throw new MillraceError(
      'topology_invalid',
      `"${constant.name}" is a ${constant.kind}, but ${id} needs a ${kind}`,
      place,
    )
  }
  for (const [what, serde, codec] of [
    ['keys', constant.key, keyCodec],
    ['values', constant.value, valueCodec],
  ] as const) {
    const given = codecOf(serde as Serde<unknown>)
    if (given.format === codec.format) continue
    throw new MillraceError(
      'topology_invalid',
      `the ${what} of store "${constant.name}" are ${given.name}, but those of ${id} are ${codec.name}`,
      place,
    )
  }
}
