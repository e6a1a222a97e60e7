/**
 * The join of two tables at work: what a change of one side makes of the row of the other.
 *
 * Semantics: Kafka Streams'. A change of either side changes the joined row, which has the larger of both timestamps.
 * Where both sides are made of one table, row by row, each change of that table comes by both sides: the two are one
 * change of the joined row, from what both were to what both are.
 */
import { Observable, type Subscriber } from 'rxjs'
import type { Carrier } from '../plan/carrier.ts'
import { type OperatorContext, type OperatorFactory, operatorError } from '../plan/operator.ts'
import { oldValueOf, type Store, type StoreSpec } from '../plan/store.ts'
import { CarrierSubscriber } from '../plan/subscriber.ts'
import { functionOf, refusePromise } from './answers.ts'
import type { JoinVerb } from './join-keys.ts'
import type { Joiner } from './stream-join-operator.ts'
import type { RowReader, TableRows } from './table-rows.ts'

export interface JoinOfTables {
  readonly verb: JoinVerb
  readonly left: TableRows
  readonly right: TableRows
  readonly joiner: Joiner
  /** Where the joined rows are kept, if they are. */
  readonly own: StoreSpec | undefined
  /** Whether both sides are made of one table, so that each of its changes comes by both. */
  readonly isMirrored: boolean
  /** Whether a change may come by both sides: then a row that is not there may just have gone. */
  readonly isShared: boolean
}

/** What a row of each side makes together; null is no row. */
export function resultOf(verb: JoinVerb, joiner: Joiner, left: unknown, right: unknown, key: unknown): unknown {
  if (left === null && (right === null || verb !== 'outerJoin')) return null
  if (right === null && verb === 'join') return null
  return joiner(left, right, key)
}

export function joiningTables(join: JoinOfTables): OperatorFactory {
  return (context) => {
    const [lefts, rights] = [join.left.reader(context), join.right.reader(context)]
    return (leftChanges, rightChanges) =>
      new Observable((out) => {
        const results = new Results(out, context, join)
        const mirror = join.isMirrored ? new Mirror(results, join.verb) : undefined
        leftChanges?.subscribe(
          new ChangeSubscriber(out, context, results, mirror, true, rights, join.isShared || join.verb !== 'join'),
        )
        rightChanges?.subscribe(
          new ChangeSubscriber(out, context, results, mirror, false, lefts, join.isShared || join.verb === 'outerJoin'),
        )
      })
  }
}

/** What the value of a side was and is. */
interface Change {
  readonly old: unknown
  readonly value: unknown
}

/** What both sides share: the joined rows. */
class Results {
  readonly #out: Subscriber<Carrier>
  readonly #context: OperatorContext
  readonly #verb: JoinVerb
  readonly #joiner: Joiner
  readonly #what: string
  readonly #own: StoreSpec | undefined
  readonly #rows: Store<unknown, unknown> | undefined

  constructor(out: Subscriber<Carrier>, context: OperatorContext, { verb, joiner, own }: JoinOfTables) {
    this.#out = out
    this.#context = context
    this.#verb = verb
    this.#joiner = joiner
    this.#what = functionOf(context)
    this.#own = own
    this.#rows = own && context.state(own)
  }

  /** Whether the old values of changes are asked for: those that are kept are read here. */
  get readsOld(): boolean {
    return this.#context.wantsOld && this.#rows === undefined
  }

  emit(carrier: Carrier, left: Change, right: Change, timestamp: number): void {
    let next: Carrier
    try {
      const value = this.#result(left.value, right.value, carrier.key)
      const old = this.readsOld ? this.#result(left.old, right.old, carrier.key) : this.#keep(carrier, value, timestamp)
      next = carrier.withChange(value, old, this.#own?.valueCodec)
    } catch (error) {
      throw operatorError(this.#context.operator, error)
    }
    next.timestamp = timestamp
    this.#out.next(next)
  }

  #result(left: unknown, right: unknown, key: unknown): unknown {
    const value = resultOf(this.#verb, this.#joiner, left, right, key)
    refusePromise(this.#what, value)
    return value
  }

  /** Returns what was there before, where that is asked for or was nothing; undefined: it is not known. */
  #keep(carrier: Carrier, value: unknown, timestamp: number): unknown {
    const rows = this.#rows
    // A side that did not change has not changed what both make.
    if (rows === undefined) return value === null && carrier.isDeleteOfNothing ? null : undefined
    const row = rows.row(carrier)
    const old = oldValueOf(row, this.#context.wantsOld)
    if (value === null) rows.remove(row)
    else rows.put(row, value, timestamp)
    return old
  }
}

/**
 * Brings the two changes together that one change of a common table makes. Within a turn they come one after the other;
 * what a turn that failed has left here does not match anything later.
 */
class Mirror {
  readonly #results: Results
  readonly #verb: JoinVerb
  #root: Carrier | undefined
  #isLeft = false
  #first: Change = { old: null, value: null }
  #isFirstOfNothing = false

  constructor(results: Results, verb: JoinVerb) {
    this.#results = results
    this.#verb = verb
  }

  /** A function of one side may make nothing of a row that the other side has, so both sides are waited for. */
  take(carrier: Carrier, change: Change, isLeft: boolean): void {
    const isOfNothing = carrier.isDeleteOfNothing
    if (this.#root !== carrier.root || this.#isLeft === isLeft) {
      this.#root = carrier.root
      this.#isLeft = isLeft
      this.#first = change
      this.#isFirstOfNothing = isOfNothing
      return
    }
    this.#root = undefined
    const [one, other] = [this.#isFirstOfNothing, isOfNothing]
    const [left, right] = isLeft ? [change, this.#first] : [this.#first, change]
    if (this.#isNothing(isLeft ? other : one, isLeft ? one : other)) return
    this.#results.emit(carrier, left, right, carrier.timestamp)
  }

  /** Whether there is no joined row, neither before nor after. */
  #isNothing(left: boolean, right: boolean): boolean {
    if (this.#verb === 'join') return left || right
    return left && (right || this.#verb === 'leftJoin')
  }
}

/** The changes of one side. */
class ChangeSubscriber extends CarrierSubscriber {
  readonly #context: OperatorContext
  readonly #results: Results
  readonly #mirror: Mirror | undefined
  readonly #isLeft: boolean
  /** The rows of the other side. */
  readonly #others: RowReader
  readonly #comesAlone: boolean

  constructor(
    out: Subscriber<Carrier>,
    context: OperatorContext,
    results: Results,
    mirror: Mirror | undefined,
    isLeft: boolean,
    others: RowReader,
    comesAlone: boolean,
  ) {
    super(out)
    this.#context = context
    this.#results = results
    this.#mirror = mirror
    this.#isLeft = isLeft
    this.#others = others
    this.#comesAlone = comesAlone
  }

  protected override _next(carrier: Carrier): void {
    if (carrier.isKeyNull) return this.#context.drop('null_key', carrier)
    if (carrier.isOlderVersion) return this.#context.drop('older_version', carrier)
    const own: Change = { old: this.#results.readsOld ? carrier.old : null, value: carrier.value }
    const isOfNothing = carrier.isDeleteOfNothing
    if (this.#mirror !== undefined) return this.#mirror.take(carrier, own, this.#isLeft)
    let row
    try {
      row = this.#others.get(carrier)
    } catch (error) {
      throw operatorError(this.#context.operator, error)
    }
    if (row === undefined && (isOfNothing || !this.#comesAlone)) return
    const value = row === undefined ? null : row.value
    const other: Change = { old: value, value }
    const timestamp = Math.max(carrier.timestamp, row?.timestamp ?? -1)
    if (this.#isLeft) this.#results.emit(carrier, own, other, timestamp)
    else this.#results.emit(carrier, other, own, timestamp)
  }
}
