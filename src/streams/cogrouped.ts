/**
 * The classes that implement cogrouped streams: one stateful node with an input for each grouped stream.
 */
import { checkedFunction, isInstance } from '../core/checks.ts'
import { MillraceError } from '../core/errors.ts'
import type { Codec } from '../core/serde.ts'
import type { Windowed } from '../core/windows/window.ts'
import { AlignedWindows } from '../core/windows/windows.ts'
import { type AggregationOptions, checkAggregation, type Input } from './aggregations.ts'
import type { CogroupedKStream, CogroupFunctions, TimeWindowedCogroupedKStream } from './dsl/cogrouped.ts'
import type { Aggregator } from './dsl/functions.ts'
import type { KGroupedStream } from './dsl/grouped.ts'
import type { KTable } from './dsl/table.ts'
import { aggregating } from './fold.ts'
import { GroupedStream, keyTable } from './grouped.ts'
import { type Cogrouped, requireCodec } from './parts.ts'
import { alignedKeeping, windowTable } from './windowed.ts'

export class CogroupedStream<K, V, A> implements CogroupedKStream<K, V, A> {
  readonly #inputs: readonly Cogrouped[]

  constructor(inputs: readonly Cogrouped[]) {
    this.#inputs = inputs
  }

  cogroup<V2>(
    grouped: KGroupedStream<K, V2>,
    aggregator: Aggregator<K, Exclude<V2, null>, A>,
  ): CogroupedStream<K, V | V2, A> {
    checkedFunction('the aggregator of cogroup', aggregator)
    if (!isInstance(grouped, GroupedStream)) {
      throw new MillraceError('bad_option', 'cogroup takes another grouped stream, and its aggregator')
    }
    const { parts } = grouped as GroupedStream<K, V2, 'both'>
    checkTogether(this.#inputs, parts)
    return new CogroupedStream([...this.#inputs, { parts, aggregator: aggregator as Cogrouped['aggregator'] }])
  }

  windowedBy(windows: AlignedWindows): TimeWindowedCogroupedKStream<K, V, A> {
    if (isInstance(windows, AlignedWindows)) return new WindowedCogroupedStream(this.#inputs, windows)
    throw new MillraceError('bad_option', 'windowedBy takes windows such as TimeWindows.of({ size: minutes(1) })')
  }

  aggregate(options: CogroupFunctions<A> & AggregationOptions): KTable<K, A, 'both'> {
    const [inputs, checked, codec] = checkAggregate(this.#inputs, options, ['store', 'name'])
    return keyTable('cogroup', inputs, checked, codec)
  }
}

class WindowedCogroupedStream<K, V, A> implements TimeWindowedCogroupedKStream<K, V, A> {
  readonly #inputs: readonly Cogrouped[]
  readonly #windows: AlignedWindows

  constructor(inputs: readonly Cogrouped[], windows: AlignedWindows) {
    this.#inputs = inputs
    this.#windows = windows
  }

  aggregate(options: CogroupFunctions<A> & AggregationOptions): KTable<Windowed<K>, A, 'both'> {
    const known = ['store', 'name', 'retentionMs', 'late']
    const [inputs, checked, codec] = checkAggregate(this.#inputs, options, known)
    return windowTable('cogroup', inputs, checked, codec, this.#windows, alignedKeeping(this.#windows))
  }
}

/** @throws MillraceError `topology_invalid` */
function checkTogether([first]: readonly Cogrouped[], parts: Cogrouped['parts']): void {
  if (first === undefined) return
  const { plan, keyCodec } = first.parts
  if (plan !== parts.plan) {
    throw new MillraceError('topology_invalid', 'cogroup takes a stream of the same builder, not of another builder')
  }
  if (keyCodec.format === parts.keyCodec.format) return
  throw new MillraceError(
    'topology_invalid',
    `cogroup needs keys of one format, but those of its inputs are ${keyCodec.name} and ${parts.keyCodec.name}, so equal ` +
      'keys would not meet: give groupByKey or groupBy the same { key } for both',
  )
}

function checkAggregate(
  cogrouped: readonly Cogrouped[],
  options: AggregationOptions,
  storeOptions: readonly string[],
): readonly [inputs: readonly Input[], options: AggregationOptions, codec: Codec<unknown>] {
  const checked = checkAggregation('aggregate', options, [...storeOptions, 'initializer', 'value'])
  const { initializer, value } = checked as unknown as CogroupFunctions<unknown>
  checkedFunction('the initializer of aggregate', initializer)
  const codec = requireCodec('aggregate', 'value', value, undefined)
  const inputs = cogrouped.map(({ parts, aggregator }) => ({ parts, fold: aggregating(initializer, aggregator) }))
  return [inputs, checked, codec]
}
