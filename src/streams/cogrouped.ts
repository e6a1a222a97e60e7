/**
 * The classes that implement cogrouped streams: one stateful node with an input for each grouped stream.
 */
import { checkedFunction, isInstance } from '../core/checks.ts'
import { MillraceError } from '../core/errors.ts'
import type { Codec } from '../core/serde.ts'
import { SessionWindows } from '../core/windows/session-windows.ts'
import { SlidingWindows } from '../core/windows/sliding-windows.ts'
import type { Windowed } from '../core/windows/window.ts'
import { AlignedWindows, type Windows } from '../core/windows/windows.ts'
import { type AggregationOptions, checkAggregation, type Input } from './aggregations.ts'
import type {
  CogroupedKStream,
  CogroupFunctions,
  SessionCogroupFunctions,
  SessionWindowedCogroupedKStream,
  TimeWindowedCogroupedKStream,
} from './dsl/cogrouped.ts'
import type { Aggregator } from './dsl/functions.ts'
import type { KGroupedStream } from './dsl/grouped.ts'
import type { KTable } from './dsl/table.ts'
import { aggregating, type Fold } from './fold.ts'
import { GroupedStream, keyTable } from './grouped.ts'
import { type Cogrouped, requireCodec } from './parts.ts'
import { timeKeeping, type Keeping, sessionKeeping, windowTable } from './windowed.ts'

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

  windowedBy(windows: SessionWindows): SessionWindowedCogroupedKStream<K, V, A>
  windowedBy(windows: AlignedWindows | SlidingWindows): TimeWindowedCogroupedKStream<K, V, A>
  windowedBy(windows: Windows): WindowedCogroupedStream<K, V, A> {
    const inputs = this.#inputs
    if (isInstance(windows, SessionWindows)) {
      return new WindowedCogroupedStream(inputs, windows, sessionKeeping(windows), ['merger'])
    }
    if (isInstance(windows, AlignedWindows) || isInstance(windows, SlidingWindows))
      return new WindowedCogroupedStream(inputs, windows, timeKeeping(windows))
    throw new MillraceError('bad_option', 'windowedBy takes windows such as TimeWindows.of({ size: minutes(1) })')
  }

  aggregate(options: CogroupFunctions<A> & AggregationOptions): KTable<K, A, 'both'> {
    const [inputs, checked, codec] = checkAggregate(this.#inputs, options, ['store', 'name'], [])
    return keyTable('cogroup', inputs, checked, codec)
  }
}

class WindowedCogroupedStream<K, V, A>
  implements TimeWindowedCogroupedKStream<K, V, A>, SessionWindowedCogroupedKStream<K, V, A>
{
  readonly #inputs: readonly Cogrouped[]
  readonly #windows: Windows
  readonly #keeping: Keeping
  readonly #functions: readonly 'merger'[]

  /** @param functions that `aggregate` takes for these windows */
  constructor(inputs: readonly Cogrouped[], windows: Windows, keeping: Keeping, functions: readonly 'merger'[] = []) {
    this.#inputs = inputs
    this.#windows = windows
    this.#keeping = keeping
    this.#functions = functions
  }

  aggregate(options: CogroupFunctions<A> & AggregationOptions): KTable<Windowed<K>, A, 'both'> {
    const known = ['store', 'name', 'retentionMs', 'late']
    const [inputs, checked, codec] = checkAggregate(this.#inputs, options, known, this.#functions)
    return windowTable('cogroup', inputs, checked, codec, this.#windows, this.#keeping)
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
  functions: readonly 'merger'[],
): readonly [inputs: readonly Input[], options: AggregationOptions, codec: Codec<unknown>] {
  const checked = checkAggregation('aggregate', options, [...storeOptions, 'initializer', ...functions, 'value'])
  const { initializer, merger } = checked as unknown as SessionCogroupFunctions<unknown, unknown>
  checkedFunction('the initializer of aggregate', initializer)
  if (functions.includes('merger')) checkedFunction('the merger of aggregate', merger)
  const codec = requireCodec('aggregate', 'value', checked.value ?? checked.store?.value, undefined)
  const foldOf = ({ aggregator }: Cogrouped): Fold => aggregating(initializer, aggregator, merger, 'cogroup')
  return [cogrouped.map((input) => ({ parts: input.parts, fold: foldOf(input) })), checked, codec]
}
