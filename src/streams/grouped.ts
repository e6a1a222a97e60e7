/**
 * The class that implements grouped streams: each aggregation is a stateful node with a store.
 */
import { isInstance } from '../core/checks.ts'
import { MillraceError } from '../core/errors.ts'
import type { Codec } from '../core/serde.ts'
import { SessionWindows } from '../core/windows/session-windows.ts'
import { AlignedWindows, type Windows } from '../core/windows/windows.ts'
import { ofTables } from '../plan/old-values.ts'
import { keyLayout } from '../plan/store-layout.ts'
import { aggregation } from './aggregate.ts'
import { type AggregationOptions, Aggregations } from './aggregations.ts'
import type { KGroupedStream } from './dsl/grouped.ts'
import type { KnownSerdes } from './dsl/known.ts'
import type { SessionWindowedKStream } from './dsl/sessions.ts'
import type { KTable } from './dsl/table.ts'
import type { TimeWindowedKStream } from './dsl/windows.ts'
import type { Fold } from './fold.ts'
import { storeSpec } from './store-spec.ts'
import { rowsOf } from './table-rows.ts'
import { AlignedWindowedStream, SessionWindowedStream } from './windowed.ts'

export class GroupedStream<K, V, Known extends KnownSerdes>
  extends Aggregations<K, V, K>
  implements KGroupedStream<K, V, Known>
{
  protected readonly storeOptions: readonly string[] = ['store', 'name']

  windowedBy(windows: SessionWindows): SessionWindowedKStream<K, V, Known>
  windowedBy(windows: AlignedWindows): TimeWindowedKStream<K, V, Known>
  windowedBy(windows: Windows): TimeWindowedKStream<K, V, Known> | SessionWindowedKStream<K, V, Known> {
    if (isInstance(windows, SessionWindows)) return new SessionWindowedStream(this.parts, windows)
    if (isInstance(windows, AlignedWindows)) return new AlignedWindowedStream(this.parts, windows)
    throw new MillraceError('bad_option', 'windowedBy takes windows such as TimeWindows.of({ size: minutes(1) })')
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
    return faces.table({ faces, plan, node: made, keyCodec, valueCodec: codec, untouchedKeys, rows: rowsOf(made) })
  }
}
