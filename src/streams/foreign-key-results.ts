/**
 * The last operator of a foreign-key join, back at the left table: it joins the left row, as it is now, with what the
 * right table answered.
 *
 * Semantics: Kafka Streams', but for the time of a result, which is the later of both rows (deviation D9), and for what
 * is emitted on the way (compare the table, not its changes). An answer to a foreign key that the row no longer has is
 * of no use: the row has asked again since.
 */
import { Observable, type Subscriber } from 'rxjs'
import type { Carrier } from '../plan/carrier.ts'
import { type OperatorContext, operatorError, type OperatorFactory } from '../plan/operator.ts'
import { oldValueOf, type Store, type StoreSpec } from '../plan/store.ts'
import { CarrierSubscriber } from '../plan/subscriber.ts'
import { functionOf, refusePromise } from './answers.ts'
import { type Answer, type ForeignKeyJoin, foreignKeyOf, identityOf } from './foreign-key-messages.ts'
import type { RowReader } from './table-rows.ts'

/** @param own where the joined rows are kept, if they are */
export function joiningAnswers(join: ForeignKeyJoin, own: StoreSpec | undefined): OperatorFactory {
  return (context) => {
    const results = new Results(context, join, own)
    return (answered, alone) =>
      new Observable((out) => {
        answered?.subscribe(new AnswerSubscriber(out, context, join, results))
        alone?.subscribe(new AloneSubscriber(out, results))
      })
  }
}

/** The joined rows. */
class Results {
  readonly #context: OperatorContext
  readonly #join: ForeignKeyJoin
  readonly #what: string
  readonly #own: StoreSpec | undefined
  readonly #rows: Store<unknown, unknown> | undefined

  constructor(context: OperatorContext, join: ForeignKeyJoin, own: StoreSpec | undefined) {
    this.#context = context
    this.#join = join
    this.#what = functionOf(context)
    this.#own = own
    this.#rows = own && context.state(own)
  }

  /** @param left null: there is no row */
  emit(out: Subscriber<Carrier>, from: Carrier, left: unknown, right: unknown, timestamp: number): void {
    let next: Carrier
    try {
      next = this.#change(from, left, right, timestamp)
    } catch (error) {
      throw operatorError(this.#context.operator, error)
    }
    next.timestamp = timestamp
    out.next(next)
  }

  /** A delete of a row that is not there is a change too: what comes after it may go by its time. */
  #change(from: Carrier, left: unknown, right: unknown, timestamp: number): Carrier {
    const { verb, joiner } = this.#join
    const value: unknown = left === null || (right === null && verb === 'join') ? null : joiner(left, right, from.key)
    refusePromise(this.#what, value)
    const rows = this.#rows
    if (rows === undefined) return from.withValue(value, undefined)
    const row = rows.row(from)
    const codec = this.#own?.valueCodec
    const change = from.withChange(value, oldValueOf(row, this.#context.wantsOld), codec)
    if (value === null) rows.remove(row)
    else rows.put(row, value, timestamp)
    return change
  }
}

class AnswerSubscriber extends CarrierSubscriber {
  readonly #operator: string
  readonly #join: ForeignKeyJoin
  readonly #results: Results
  readonly #lefts: RowReader

  constructor(out: Subscriber<Carrier>, context: OperatorContext, join: ForeignKeyJoin, results: Results) {
    super(out)
    this.#operator = context.operator
    this.#join = join
    this.#results = results
    this.#lefts = join.left.reader(context)
  }

  protected override _next(carrier: Carrier): void {
    const answer = carrier.value as Answer
    let row
    try {
      row = this.#lefts.get(carrier)
      if (row === undefined || !this.#isOf(answer, row.value, carrier.key)) return
    } catch (error) {
      throw operatorError(this.#operator, error)
    }
    if (answer.right === null && this.#join.verb === 'join' && !answer.replaces) return
    const timestamp = Math.max(row.timestamp, answer.timestamp)
    this.#results.emit(this.out, carrier, row.value, answer.right, timestamp)
  }

  #isOf(answer: Answer, left: unknown, key: unknown): boolean {
    const foreignKey = foreignKeyOf(this.#join, left, key)
    return foreignKey !== null && identityOf(this.#join, foreignKey) === answer.foreignKey
  }
}

/** Changes of left rows that name no right row. */
class AloneSubscriber extends CarrierSubscriber {
  readonly #results: Results

  constructor(out: Subscriber<Carrier>, results: Results) {
    super(out)
    this.#results = results
  }

  protected override _next(change: Carrier): void {
    this.#results.emit(this.out, change, change.isValueNull ? null : change.value, null, change.timestamp)
  }
}
