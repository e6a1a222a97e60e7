/**
 * The join of two streams at work: what a record of one side meets in the buffer of the other.
 *
 * Semantics: Kafka Streams', with one closing rule. The window of a record closes when stream time has passed its last
 * possible partner, plus the grace. What has matched nothing until then comes out then, and a record that comes later
 * is late. A buffer keeps its rows for as long as a record of the other side that is not late may match them.
 */
import { Observable, type Subscriber } from 'rxjs'
import type { Carrier } from '../plan/carrier.ts'
import {
  type OperatorContext,
  type OperatorFactory,
  operatorError,
  type PersistentNumber,
  type StreamTime,
} from '../plan/operator.ts'
import type { OrderedRow } from '../plan/store.ts'
import { CarrierSubscriber } from '../plan/subscriber.ts'
import { functionOf, refusePromise } from './answers.ts'
import { type JoinSide, SideAtWork } from './join-side.ts'
import { UnmatchedRows } from './unmatched-rows.ts'

/** A joiner, whatever the types of its sides. */
export type Joiner = (left: unknown, right: unknown, key: unknown) => unknown

export function joiningStreams(left: JoinSide, right: JoinSide, graceMs: number, joiner: Joiner): OperatorFactory {
  return (context) => {
    const [atLeft, atRight] = [new SideAtWork(context, left, graceMs), new SideAtWork(context, right, graceMs)]
    const join = new StreamJoin(context, atLeft, atRight, joiner)
    return (leftRecords, rightRecords) =>
      new Observable((out) => {
        join.out = out
        leftRecords?.subscribe(new SideSubscriber(out, context, join, atLeft, atRight))
        rightRecords?.subscribe(new SideSubscriber(out, context, join, atRight, atLeft))
      })
  }
}

/** What both sides share. */
class StreamJoin {
  out: Subscriber<Carrier> | undefined
  readonly #context: OperatorContext
  readonly #joiner: Joiner
  readonly #streamTime: StreamTime
  readonly #what: string
  readonly #unmatched: UnmatchedRows | undefined
  /** Tells rows of one key and time apart, in the order in which they came. */
  readonly #rowCount: PersistentNumber

  constructor(context: OperatorContext, left: SideAtWork, right: SideAtWork, joiner: Joiner) {
    this.#context = context
    this.#joiner = joiner
    this.#streamTime = context.streamTime
    this.#what = functionOf(context)
    this.#rowCount = context.cell('rows')
    if (left.comesAlone || right.comesAlone) {
      this.#unmatched = new UnmatchedRows(context, left, right, (row, side, job) => this.#rowAlone(row, side, job))
    }
  }

  /** Stream time: one for both sides. */
  get now(): number {
    return this.#unmatched?.now ?? this.#streamTime.now
  }

  advance(carrier: Carrier): void {
    if (this.#unmatched === undefined) this.#streamTime.advance(carrier.timestamp)
    else this.#unmatched.advance(carrier)
  }

  nextRowNumber(): number {
    const number = this.#rowCount.value
    this.#rowCount.set(number + 1)
    return number
  }

  /** Emits a pair. */
  pair(carrier: Carrier, side: SideAtWork, other: OrderedRow<unknown>): void {
    let joined: unknown
    try {
      joined = this.#joined(side, carrier.value, other.value, carrier.key)
    } catch (error) {
      throw operatorError(this.#context.operator, error)
    }
    this.#emit(carrier, joined, Math.max(carrier.timestamp, other.at))
  }

  /** Emits a record that has no partner, and never will. */
  alone(carrier: Carrier, side: SideAtWork): void {
    let joined: unknown
    try {
      joined = this.#joined(side, carrier.value, null, carrier.key)
    } catch (error) {
      throw operatorError(this.#context.operator, error)
    }
    this.#emit(carrier, joined, carrier.timestamp)
  }

  /** The record of this row has matched nothing yet. */
  wait(row: OrderedRow<unknown>, side: SideAtWork, carrier: Carrier): void {
    if (this.#unmatched?.wait(row, side) === false) this.alone(carrier, side)
  }

  #rowAlone(row: OrderedRow<unknown>, side: SideAtWork, job: Carrier): void {
    const keyBytes = row.keyBytes.subarray(0, row.keyEnd)
    const carrier = job.withKeyBytes(side.buffer.keyCodec, keyBytes, row.value, side.buffer.valueCodec)
    carrier.timestamp = row.at
    this.alone(carrier, side)
  }

  #joined(side: SideAtWork, own: unknown, other: unknown, key: unknown): unknown {
    const joined = side.isLeft ? this.#joiner(own, other, key) : this.#joiner(other, own, key)
    refusePromise(this.#what, joined)
    return joined
  }

  #emit(carrier: Carrier, joined: unknown, timestamp: number): void {
    const next = carrier.withValue(joined, undefined)
    next.timestamp = timestamp
    this.out?.next(next)
  }
}

/** The records of one side. */
class SideSubscriber extends CarrierSubscriber {
  readonly #context: OperatorContext
  readonly #join: StreamJoin
  readonly #side: SideAtWork
  readonly #other: SideAtWork

  constructor(
    out: Subscriber<Carrier>,
    context: OperatorContext,
    join: StreamJoin,
    side: SideAtWork,
    other: SideAtWork,
  ) {
    super(out)
    this.#context = context
    this.#join = join
    this.#side = side
    this.#other = other
  }

  protected override _next(carrier: Carrier): void {
    const [join, side] = [this.#join, this.#side]
    const { isKeyNull } = carrier
    if (isKeyNull && !side.comesAlone) return this.#context.drop('null_key', carrier)
    if (carrier.isValueNull) return this.#context.drop('null_value', carrier)
    if (isKeyNull) {
      join.advance(carrier)
      return join.alone(carrier, side)
    }
    if (carrier.timestamp + side.lateAfterMs < join.now) return this.#context.drop('late', carrier, side.latePort)
    join.advance(carrier)
    const isMatched = this.#match(carrier)
    const row = this.#keep(carrier)
    if (!isMatched && side.comesAlone) join.wait(row, side, carrier)
  }

  /** Emits every pair with a row of the other side, in the order of their times. */
  #match(carrier: Carrier): boolean {
    const { rows } = this.#other
    const partners = this.#partnersOf(carrier)
    for (const row of partners) {
      if (row.due >= 0) rows.setDue(row, -1)
      this.#join.pair(carrier, this.#side, row)
    }
    return partners.length > 0
  }

  #partnersOf(carrier: Carrier): readonly OrderedRow<unknown>[] {
    const { timestamp } = carrier
    const { beforeMs, afterMs } = this.#side
    // No row is newer than stream time.
    const toTime = Math.min(timestamp + afterMs, this.#join.now)
    if (toTime < 0) return []
    try {
      return this.#other.rows.rowsOf(carrier, Math.max(0, timestamp - beforeMs), toTime)
    } catch (error) {
      throw operatorError(this.#context.operator, error)
    }
  }

  /** After the matches: a record that comes by both sides is not its own partner twice. */
  #keep(carrier: Carrier): OrderedRow<unknown> {
    const { rows } = this.#side
    try {
      const row = rows.newRow(carrier, carrier.timestamp, this.#join.nextRowNumber())
      rows.put(row, carrier.value, carrier.timestamp)
      return row
    } catch (error) {
      throw operatorError(this.#context.operator, error)
    }
  }
}
