/**
 * The classes that implement windowed streams: each aggregation is a stateful node with a store of windows.
 */
import { checkChoice, checkWhole, isInstance } from '../core/checks.ts'
import { days } from '../core/duration.ts'
import { MillraceError } from '../core/errors.ts'
import type { Codec } from '../core/serde.ts'
import type { SessionWindows } from '../core/windows/session-windows.ts'
import { SlidingWindows } from '../core/windows/sliding-windows.ts'
import { UnlimitedWindows } from '../core/windows/unlimited-windows.ts'
import type { Windowed } from '../core/windows/window.ts'
import { WindowedCodec } from '../core/windows/windowed.ts'
import type { AlignedWindows, Windows } from '../core/windows/windows.ts'
import { ofTables } from '../plan/old-values.ts'
import type { OperatorFactory } from '../plan/operator.ts'
import type { StoreSpec } from '../plan/store.ts'
import { type LayoutWishes, segmentLayout, type StoreLayout, windowLayout } from '../plan/store-layout.ts'
import { sideBySide } from '../plan/subscriber.ts'
import { type AggregationOptions, Aggregations, type Input, together } from './aggregations.ts'
import { alignedAggregation } from './aligned-aggregate.ts'
import type { KnownSerdes } from './dsl/known.ts'
import type { KTable } from './dsl/table.ts'
import type { SessionWindowedKStream } from './dsl/sessions.ts'
import type { EmitStrategy, TimeWindowedKStream } from './dsl/windows.ts'
import type { Fold } from './fold.ts'
import { lateTopic, writeLate } from './late.ts'
import type { KeyedParts } from './parts.ts'
import { sessionAggregation } from './session-aggregate.ts'
import { slidingAggregation } from './sliding-aggregate.ts'
import { type ErasedStore, nameOfAggregation, storeSpec } from './store-spec.ts'
import { rowsOf } from './table-rows.ts'

/** How a kind of windows is kept and worked on. */
export interface Keeping {
  readonly kind: ErasedStore['kind']
  /** @param retentionMs of the rows; infinite: for ever */
  readonly layout: (retentionMs: number, wishes: LayoutWishes) => StoreLayout
  readonly operator: (store: StoreSpec, fold: Fold, emits: EmitStrategy) => OperatorFactory
}

abstract class WindowedStream<K, V> extends Aggregations<K, V, Windowed<K>> {
  protected readonly storeOptions: readonly string[] = ['store', 'name', 'retentionMs', 'late']
  readonly #windows: Windows
  readonly #keeping: Keeping
  readonly #emits: EmitStrategy

  constructor(parts: KeyedParts, windows: Windows, keeping: Keeping, emits: EmitStrategy) {
    super(parts)
    this.#windows = windows
    this.#keeping = keeping
    this.#emits = emits
  }

  protected aggregateBy<A>(
    verb: string,
    options: AggregationOptions,
    codec: Codec<unknown>,
    fold: Fold,
  ): KTable<Windowed<K>, A, 'both'> {
    const inputs = [{ parts: this.parts, fold }]
    return windowTable(verb, inputs, options, codec, this.#windows, this.#keeping, this.#emits)
  }
}

/** The table of an aggregation with a row for each key and window, of one grouped stream or of several. */
export function windowTable<K, A>(
  verb: string,
  inputs: readonly Input[],
  options: AggregationOptions,
  valueCodec: Codec<unknown>,
  windows: Windows,
  { kind, layout, operator }: Keeping,
  emits: EmitStrategy = 'onWindowUpdate',
): KTable<Windowed<K>, A, 'both'> {
  const { parts, nodes } = together(inputs)
  const { plan, keyCodec, faces } = parts
  const isFinal = emits === 'onWindowClose'
  const retentionMs = retentionOf(windows, askedRetention(options))
  const wish = {
    kind,
    keyCodec,
    valueCodec,
    layout: layout(retentionMs, { hasDueTimes: isFinal, awaitsRelease: isFinal }),
    form: windows.form,
    closeOf: (at: number) => windows.closeOf(at),
    facts: windows.facts,
  }
  const late = lateTopic(verb, options.late, parts)
  const made = plan.stateful(verb, nodes, nameOfAggregation(plan, verb, nodes, options), (id) => {
    const store = storeSpec(id, options.store, wish)
    return {
      stores: [store],
      operator: sideBySide(inputs.map(({ fold }) => operator(store, fold, emits))),
      facts: isFinal ? { emits } : {},
      oldValues: ofTables,
    }
  })
  writeLate(plan, made, late)
  const rowKeyCodec = new WindowedCodec(keyCodec, windows.form) as Codec<unknown>
  return faces.table({
    ...parts,
    node: made,
    keyCodec: rowKeyCodec,
    valueCodec,
    untouchedKeys: [rowKeyCodec],
    rows: rowsOf(made),
  })
}

/** How windows that follow from the clock, or slide along the records, are kept. */
export function timeKeeping(windows: AlignedWindows | SlidingWindows): Keeping {
  if (isInstance(windows, SlidingWindows)) {
    return {
      kind: 'windowStore',
      layout: segmentLayout,
      operator: (store, fold, emits) => slidingAggregation(store, fold, windows, emits),
    }
  }
  return {
    kind: 'windowStore',
    layout: (ms, wishes) => windowLayout(Number.isFinite(ms) ? ms : undefined, wishes),
    operator: (store, fold, emits) => alignedAggregation(store, fold, windows, emits),
  }
}

/** How sessions are kept. */
export function sessionKeeping(windows: SessionWindows): Keeping {
  return {
    kind: 'sessionStore',
    layout: (retentionMs, wishes) => segmentLayout(retentionMs, { ...wishes, isNumbered: true }),
    operator: (store, fold, emits) => sessionAggregation(store, fold, windows, emits),
  }
}

export class TimeWindowedStream<K, V, Known extends KnownSerdes>
  extends WindowedStream<K, V>
  implements TimeWindowedKStream<K, V, Known>
{
  readonly #windows: AlignedWindows | SlidingWindows

  constructor(parts: KeyedParts, windows: AlignedWindows | SlidingWindows, emits: EmitStrategy = 'onWindowUpdate') {
    super(parts, windows, timeKeeping(windows), emits)
    this.#windows = windows
  }

  emitStrategy(strategy: EmitStrategy): TimeWindowedKStream<K, V, Known> {
    const checked = checkStrategy(strategy)
    if (checked === 'onWindowClose' && isInstance(this.#windows, UnlimitedWindows)) {
      throw new MillraceError(
        'bad_option',
        'a window without an end never closes: it can only be emitted onWindowUpdate',
      )
    }
    return new TimeWindowedStream(this.parts, this.#windows, checked)
  }
}

export class SessionWindowedStream<K, V, Known extends KnownSerdes>
  extends WindowedStream<K, V>
  implements SessionWindowedKStream<K, V, Known>
{
  protected override readonly merges: boolean = true

  readonly #windows: SessionWindows

  constructor(parts: KeyedParts, windows: SessionWindows, emits: EmitStrategy = 'onWindowUpdate') {
    super(parts, windows, sessionKeeping(windows), emits)
    this.#windows = windows
  }

  emitStrategy(strategy: EmitStrategy): SessionWindowedKStream<K, V, Known> {
    return new SessionWindowedStream(this.parts, this.#windows, checkStrategy(strategy))
  }
}

function checkStrategy(strategy: EmitStrategy): EmitStrategy {
  checkChoice('emitStrategy', strategy, ['onWindowUpdate', 'onWindowClose'])
  return strategy
}

/** What the option says, or the store: there is no third place where it would be looked for. */
function askedRetention({ store, retentionMs }: AggregationOptions): number | undefined {
  const ofStore = store?.retentionMs
  if (retentionMs === undefined || ofStore === undefined || retentionMs === ofStore) return retentionMs ?? ofStore
  throw new MillraceError(
    'bad_option',
    `store "${store?.name}" keeps rows for ${ofStore} ms, but retentionMs says ${retentionMs} ms: leave one of them out`,
    { store: store?.name },
  )
}

function retentionOf({ leastRetentionMs, keptForMs }: Windows, retentionMs: number | undefined): number {
  if (retentionMs !== undefined && leastRetentionMs === Number.POSITIVE_INFINITY) {
    throw new MillraceError('bad_option', 'retentionMs is given, but a window without an end is kept for ever')
  }
  if (retentionMs !== undefined && checkWhole('retentionMs', retentionMs, 1) < leastRetentionMs) {
    throw new MillraceError(
      'bad_option',
      `retentionMs is ${retentionMs}, but a window of these closes after ${leastRetentionMs} ms`,
    )
  }
  return Math.max(retentionMs ?? days(1), keptForMs)
}
