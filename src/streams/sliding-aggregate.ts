/**
 * Aggregations over sliding windows. A record updates the windows that hold it, and makes up to three: the one that
 * ends at it (its left window), the one that begins right after it (its right window) if there are records in it, and
 * the right window of the record before it.
 *
 * Semantics: Kafka Streams without a cache, which never looks at records again: a new window takes over the aggregate
 * of the existing one that holds the same records. Where a left window is also the right window of the record before,
 * it is updated once (deviation D14 in test/conformance/README.md).
 */
import type { Subscriber } from 'rxjs'
import type { SlidingWindows } from '../core/windows/sliding-windows.ts'
import type { Carrier } from '../plan/carrier.ts'
import { type OperatorContext, type OperatorFactory, operatorError } from '../plan/operator.ts'
import { type OrderedRow, type OrderedStore, ordered, type Row, type StoreSpec } from '../plan/store.ts'
import { operate } from '../plan/subscriber.ts'
import type { EmitStrategy } from './dsl/windows.ts'
import type { Fold } from './fold.ts'
import { dropLate } from './late.ts'
import { WindowedFoldSubscriber } from './windowed-fold.ts'

export function slidingAggregation(
  store: StoreSpec,
  fold: Fold,
  windows: SlidingWindows,
  emits: EmitStrategy = 'onWindowUpdate',
): OperatorFactory {
  return (context) => operate((out) => new SlidingSubscriber(out, context, store, fold, windows, emits))
}

/** What a record does to a window that it is in. */
interface Change {
  /** The start of the window. */
  readonly at: number
  /** The row whose aggregate it is added to, its own or another's; without one it is the first. */
  readonly to: OrderedRow<unknown> | undefined
  /** Of the last record in the window. */
  readonly timestamp: number
}

/** What a new window holds that the record is not in. */
interface Content {
  readonly value: unknown
  readonly timestamp: number
}

class SlidingSubscriber extends WindowedFoldSubscriber<SlidingWindows> {
  readonly #rows: OrderedStore<unknown, unknown>

  constructor(
    out: Subscriber<Carrier>,
    context: OperatorContext,
    store: StoreSpec,
    fold: Fold,
    windows: SlidingWindows,
    emits: EmitStrategy,
  ) {
    super(out, context, store, fold, windows, emits)
    this.#rows = ordered(this.state)
  }

  protected override lastCloseOf(time: number): number {
    return this.windows.closeOf(time)
  }

  protected override take(carrier: Carrier, now: number): void {
    const { timestamp } = carrier
    // Even the last window that could hold it is closed.
    if (this.windows.closeOf(timestamp) <= now) return dropLate(this.context, carrier, 1, false)
    const near = this.#near(carrier)
    const right = this.#contentAfter(timestamp, near)
    const changes = this.#changesBy(timestamp, near)
    const open = changes.filter(({ at }) => this.windows.closeOf(at) > now)
    const closed = changes.length - open.length
    if (closed > 0) dropLate(this.context, carrier, closed, open.length > 0)
    for (const change of open) this.#apply(carrier, change)
    if (right === undefined) return
    this.#put(carrier, this.rowOf(timestamp + 1, carrier), right.value, right.timestamp)
  }

  /**
   * The windows near a record, from the last to the first: its right window, those that hold it, and the last one that
   * ends before it.
   */
  #near(carrier: Carrier): readonly OrderedRow<unknown>[] {
    const { timestamp } = carrier
    const { differenceMs } = this.windows
    const fromTime = Math.max(0, timestamp - differenceMs)
    try {
      return this.#rows.rowsOf(carrier, fromTime, timestamp + 1, fromTime - differenceMs).toReversed()
    } catch (error) {
      throw operatorError(this.context.operator, error)
    }
  }

  /** The content of a right window that has to be made: that of the last window that holds the record, without it. */
  #contentAfter(timestamp: number, near: readonly OrderedRow<unknown>[]): Content | undefined {
    const [last] = near
    if (last === undefined || last.at > timestamp || last.timestamp <= timestamp) return undefined
    const { differenceMs } = this.windows
    const left = near.find(({ at }) => at === timestamp - differenceMs)
    if (hasBeenAt(timestamp, left, differenceMs)) return undefined
    return { value: this.oldOf(last, true), timestamp: last.timestamp }
  }

  #changesBy(timestamp: number, near: readonly OrderedRow<unknown>[]): readonly Change[] {
    const { differenceMs } = this.windows
    const leftStart = Math.max(0, timestamp - differenceMs)
    const changes: Change[] = []
    for (const row of near) {
      if (row.at < leftStart || row.at > timestamp) continue
      changes.push({ at: row.at, to: row, timestamp: Math.max(row.timestamp, timestamp) })
    }
    const left = near.find(({ at }) => at === leftStart)
    const before = near.find(({ at }) => at < leftStart)
    if (hasBeenAt(timestamp, left, differenceMs)) return changes
    /** The record before this one; -1: there is none near enough to matter. */
    const previous = (before ?? left)?.timestamp ?? -1
    const next = previous + 1
    const isRightOfPrevious = previous >= 0 && next <= timestamp && next + differenceMs >= timestamp
    if (isRightOfPrevious && near.every(({ at }) => at !== next)) changes.push({ at: next, to: undefined, timestamp })
    if (changes.every(({ at }) => at !== leftStart)) {
      changes.push({ at: leftStart, to: previous >= leftStart ? before : undefined, timestamp })
    }
    return changes
  }

  #apply(carrier: Carrier, { at, to, timestamp }: Change): void {
    const row = to?.at === at ? to : this.rowOf(at, carrier)
    let value: unknown
    try {
      value = to === undefined ? this.fold.first(carrier) : this.fold.next(carrier, to.value)
    } catch (error) {
      throw operatorError(this.context.operator, error)
    }
    this.#put(carrier, row, value, timestamp)
  }

  #put(carrier: Carrier, row: Row<unknown>, value: unknown, timestamp: number): void {
    const old = this.oldOf(row)
    this.put(row, value, timestamp)
    if (this.results !== undefined) {
      if (value !== null) this.results.hold(row, this.windows.closeOf((row as OrderedRow<unknown>).at))
      return
    }
    const next = carrier.withKeyOf(this.keyCodec, row, value, this.valueCodec)
    if (old !== undefined) next.old = old
    next.timestamp = timestamp
    this.out.next(next)
  }
}

/** Whether a record of the same time came before: what it has made is there, or was deleted. */
function hasBeenAt(timestamp: number, left: OrderedRow<unknown> | undefined, differenceMs: number): boolean {
  return left !== undefined && left.timestamp === timestamp && left.at + differenceMs === timestamp
}
