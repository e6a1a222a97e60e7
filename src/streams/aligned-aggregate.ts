/**
 * Aggregations over windows that follow from the clock: each record updates, and emits, all windows that hold its
 * timestamp. A window is closed when stream time reaches its end plus the grace, and records for it are late. On
 * request it is emitted only then (final-results.ts).
 */
import type { AlignedWindows } from '../core/windows/windows.ts'
import type { Carrier } from '../plan/carrier.ts'
import type { OperatorFactory } from '../plan/operator.ts'
import type { StoreSpec } from '../plan/store.ts'
import { operate } from '../plan/subscriber.ts'
import type { EmitStrategy } from './dsl/windows.ts'
import type { Fold } from './fold.ts'
import { dropLate } from './late.ts'
import { WindowedFoldSubscriber } from './windowed-fold.ts'

export function alignedAggregation(
  store: StoreSpec,
  fold: Fold,
  windows: AlignedWindows,
  emits: EmitStrategy = 'onWindowUpdate',
): OperatorFactory {
  return (context) => operate((out) => new AlignedSubscriber(out, context, store, fold, windows, emits))
}

class AlignedSubscriber extends WindowedFoldSubscriber<AlignedWindows> {
  protected override lastCloseOf(time: number): number {
    const { windows } = this
    let close = time
    for (let start = windows.firstStart(time); start <= time; start = windows.nextStart(start)) {
      close = windows.closeOf(start)
    }
    return close
  }

  protected override take(carrier: Carrier, now: number): void {
    const { windows } = this
    const { timestamp } = carrier
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
  }

  #updateWindow(carrier: Carrier, start: number): void {
    const row = this.rowOf(start, carrier)
    const timestamp = row.exists && row.timestamp > carrier.timestamp ? row.timestamp : carrier.timestamp
    if (this.results !== undefined) {
      if (this.update(carrier, row, timestamp) !== null) this.results.hold(row, this.windows.closeOf(start))
      return
    }
    const old = this.oldOf(row)
    const value = this.update(carrier, row, timestamp)
    const next = carrier.withKeyOf(this.keyCodec, row, value, this.valueCodec)
    if (old !== undefined) next.old = old
    next.timestamp = timestamp
    this.out.next(next)
  }
}
