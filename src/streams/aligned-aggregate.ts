/**
 * Aggregations over windows that follow from the clock: each record updates, and emits, all windows that hold its
 * timestamp. A window is closed when stream time reaches its end plus the grace, and records for it are late. On
 * request it is emitted only then (final-results.ts).
 */
import type { Subscriber } from 'rxjs'
import type { Codec } from '../core/serde.ts'
import { WindowedCodec } from '../core/windows/windowed.ts'
import type { AlignedWindows } from '../core/windows/windows.ts'
import type { Carrier } from '../plan/carrier.ts'
import type { OperatorContext, OperatorFactory, StreamTime } from '../plan/operator.ts'
import type { StoreSpec } from '../plan/store.ts'
import { operate } from '../plan/subscriber.ts'
import { FoldSubscriber } from './aggregate.ts'
import { closeWhenIdle } from './closing.ts'
import type { EmitStrategy } from './dsl/windows.ts'
import { FinalResults } from './final-results.ts'
import type { Fold } from './fold.ts'
import { dropLate } from './late.ts'

export function alignedAggregation(
  store: StoreSpec,
  fold: Fold,
  windows: AlignedWindows,
  emits: EmitStrategy = 'onWindowUpdate',
): OperatorFactory {
  return (context) => operate((out) => new AlignedSubscriber(out, context, store, fold, windows, emits))
}

class AlignedSubscriber extends FoldSubscriber {
  readonly #windows: AlignedWindows
  readonly #streamTime: StreamTime
  readonly #keyCodec: Codec<unknown>
  readonly #results: FinalResults | undefined

  constructor(
    out: Subscriber<Carrier>,
    context: OperatorContext,
    store: StoreSpec,
    fold: Fold,
    windows: AlignedWindows,
    emits: EmitStrategy,
  ) {
    super(out, context, store, fold)
    this.#windows = windows
    this.#streamTime = context.streamTime
    this.#keyCodec = new WindowedCodec(store.keyCodec, windows.form) as Codec<unknown>
    const results =
      emits === 'onWindowClose'
        ? new FinalResults(out, context, this.state, this.#keyCodec, this.valueCodec, (at) => windows.closeOf(at))
        : undefined
    this.#results = results
    closeWhenIdle(
      context,
      (time) => Math.max(lastCloseOf(windows, time), results?.lastDue ?? 0),
      (now) => results?.releaseUntil(now),
    )
  }

  protected override _next(carrier: Carrier): void {
    if (carrier.isKeyNull) return this.context.drop('null_key', carrier)
    if (carrier.isValueNull) return this.context.drop('null_value', carrier)
    const windows = this.#windows
    const { timestamp } = carrier
    const now = this.#streamTime.advance(timestamp)
    let closed = 0
    let isTaken = false
    for (let start = windows.firstStart(timestamp); start <= timestamp; start = windows.nextStart(start)) {
      if (windows.closeOf(start) <= now) closed++
      else {
        isTaken = true
        this.#updateWindow(carrier, start)
      }
    }
    if (closed === 0 && !isTaken) this.context.drop('no_window', carrier)
    if (closed > 0) dropLate(this.context, carrier, closed, isTaken)
    this.#results?.releaseUntil(now, carrier)
  }

  #updateWindow(carrier: Carrier, start: number): void {
    const row = this.rowOf(start, carrier)
    const timestamp = row.exists && row.timestamp > carrier.timestamp ? row.timestamp : carrier.timestamp
    if (this.#results !== undefined) {
      if (this.update(carrier, row, timestamp) !== null) this.#results.hold(row, this.#windows.closeOf(start))
      return
    }
    const old = this.wantsOld ? this.oldOf(row) : undefined
    const value = this.update(carrier, row, timestamp)
    const next = carrier.withKeyBytes(this.#keyCodec, row.keyBytes, value, this.valueCodec)
    if (this.wantsOld) next.old = old
    next.timestamp = timestamp
    this.out.next(next)
  }
}

/** When the last of the windows closes that hold a time. */
function lastCloseOf(windows: AlignedWindows, time: number): number {
  let close = time
  for (let start = windows.firstStart(time); start <= time; start = windows.nextStart(start)) {
    close = windows.closeOf(start)
  }
  return close
}
