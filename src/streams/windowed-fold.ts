/**
 * What aggregations over windows of every kind have in common: the time that windows close by, keys with windows, and
 * final results where they are asked for (final-results.ts).
 */
import type { Subscriber } from 'rxjs'
import type { Codec } from '../core/serde.ts'
import type { WindowForm } from '../core/windows/window-form.ts'
import { WindowedCodec } from '../core/windows/windowed.ts'
import type { Carrier } from '../plan/carrier.ts'
import type { OperatorContext, StreamTime } from '../plan/operator.ts'
import type { StoreSpec } from '../plan/store.ts'
import { FoldSubscriber } from './aggregate.ts'
import { closeWhenIdle } from './closing.ts'
import type { EmitStrategy } from './dsl/windows.ts'
import { FinalResults } from './final-results.ts'
import type { Fold } from './fold.ts'

/** What the windows of every kind are to it. */
interface Closing {
  readonly form: WindowForm
  /** When a window closes, by the time of its row. */
  closeOf(at: number): number
}

export abstract class WindowedFoldSubscriber<W extends Closing> extends FoldSubscriber {
  protected readonly windows: W
  protected readonly keyCodec: Codec<unknown>
  /** Undefined: every change is emitted. */
  protected readonly results: FinalResults | undefined
  readonly #streamTime: StreamTime

  constructor(
    out: Subscriber<Carrier>,
    context: OperatorContext,
    store: StoreSpec,
    fold: Fold,
    windows: W,
    emits: EmitStrategy,
  ) {
    super(out, context, store, fold)
    this.windows = windows
    this.keyCodec = new WindowedCodec(store.keyCodec, windows.form) as Codec<unknown>
    this.#streamTime = context.streamTime
    this.results =
      emits === 'onWindowClose'
        ? new FinalResults(out, context, this.state, this.keyCodec, this.valueCodec, (at) => windows.closeOf(at))
        : undefined
    closeWhenIdle(
      context,
      (time) => Math.max(this.lastCloseOf(time), this.results?.lastDue ?? 0),
      (now) => this.results?.releaseUntil(now),
    )
  }

  /** When the last of the windows closes that a record of this time is in. */
  protected abstract lastCloseOf(time: number): number

  /** Takes a record into its windows, as far as they are open. */
  protected abstract take(carrier: Carrier, now: number): void

  protected override _next(carrier: Carrier): void {
    if (carrier.isKeyNull) return this.context.drop('null_key', carrier)
    if (carrier.isValueNull) return this.context.drop('null_value', carrier)
    const now = this.#streamTime.advance(carrier.timestamp)
    this.take(carrier, now)
    this.results?.releaseUntil(now, carrier)
  }
}
