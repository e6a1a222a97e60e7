/**
 * The class that implements grouped streams: each aggregation is a stateful node with a store.
 */
import { checkedFunction, isInstance } from '../core/checks.ts'
import { MillraceError } from '../core/errors.ts'
import type { Codec } from '../core/serde.ts'
import { SessionWindows } from '../core/windows/session-windows.ts'
import { SlidingWindows } from '../core/windows/sliding-windows.ts'
import { AlignedWindows, type Windows } from '../core/windows/windows.ts'
import { ofTables } from '../plan/old-values.ts'
import { keyLayout } from '../plan/store-layout.ts'
import { sideBySide } from '../plan/subscriber.ts'
import { aggregation } from './aggregate.ts'
import { type AggregationOptions, Aggregations, type Input, together } from './aggregations.ts'
import type { CogroupedKStream } from './dsl/cogrouped.ts'
import type { Aggregator } from './dsl/functions.ts'
import type { KGroupedStream } from './dsl/grouped.ts'
import type { KnownSerdes } from './dsl/known.ts'
import type { SessionWindowedKStream } from './dsl/sessions.ts'
import type { KTable } from './dsl/table.ts'
import type { TimeWindowedKStream } from './dsl/windows.ts'
import type { Fold } from './fold.ts'
import { nameOfAggregation, storeSpec } from './store-spec.ts'
import { rowsOf } from './table-rows.ts'
import { TimeWindowedStream, SessionWindowedStream } from './windowed.ts'

export class GroupedStream<K, V, Known extends KnownSerdes>
  extends Aggregations<K, V, K>
  implements KGroupedStream<K, V, Known>
{
  protected readonly storeOptions: readonly string[] = ['store', 'name']

  windowedBy(windows: SessionWindows): SessionWindowedKStream<K, V, Known>
  windowedBy(windows: AlignedWindows | SlidingWindows): TimeWindowedKStream<K, V, Known>
  windowedBy(windows: Windows): TimeWindowedKStream<K, V, Known> | SessionWindowedKStream<K, V, Known> {
    if (isInstance(windows, SessionWindows)) return new SessionWindowedStream(this.parts, windows)
    if (isInstance(windows, AlignedWindows) || isInstance(windows, SlidingWindows))
      return new TimeWindowedStream(this.parts, windows)
    throw new MillraceError('bad_option', 'windowedBy takes windows such as TimeWindows.of({ size: minutes(1) })')
  }

  cogroup<A>(aggregator: Aggregator<K, Exclude<V, null>, A>): CogroupedKStream<K, V, A> {
    checkedFunction('the aggregator of cogroup', aggregator)
    const { parts } = this
    return parts.faces.cogrouped([{ parts, aggregator: aggregator as Aggregator<unknown, unknown, unknown> }])
  }

  protected aggregateBy<A>(
    verb: string,
    options: AggregationOptions,
    codec: Codec<unknown>,
    fold: Fold,
  ): KTable<K, A, 'both'> {
    return keyTable(verb, [{ parts: this.parts, fold }], options, codec)
  }
}

/** The table of an aggregation with a row for each key, of one grouped stream or of several. */
export function keyTable<K, A>(
  verb: string,
  inputs: readonly Input[],
  options: AggregationOptions,
  valueCodec: Codec<unknown>,
): KTable<K, A, 'both'> {
  const { parts, nodes } = together(inputs)
  const { plan, keyCodec, faces } = parts
  const made = plan.stateful(verb, nodes, nameOfAggregation(plan, verb, nodes, options), (id) => {
    const wish = { kind: 'keyValueStore', keyCodec, valueCodec, layout: keyLayout() } as const
    const store = storeSpec(id, options.store, wish)
    const operator = sideBySide(inputs.map(({ fold }) => aggregation(store, fold)))
    return { stores: [store], operator, oldValues: ofTables }
  })
  return faces.table({ ...parts, node: made, valueCodec, rows: rowsOf(made) })
}
