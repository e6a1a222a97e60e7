/**
 * The second operator of a foreign-key join, at the right table: it keeps which left rows name which right row, answers
 * those that ask, and tells all of them of a change.
 *
 * A right row may be named by millions. A change tells the first of them in its own turn, the others in jobs of a
 * bounded number each; where they have got to is kept. Who is told later is told of the row as it is then.
 */
import { Observable, type Subscriber } from 'rxjs'
import type { Header } from '../core/headers.ts'
import type { Carrier } from '../plan/carrier.ts'
import {
  type AskForRelease,
  type OperatorContext,
  operatorError,
  type OperatorFactory,
  type PersistentNumber,
  type SkippedRow,
} from '../plan/operator.ts'
import {
  dueRowsMax,
  keyOf,
  type MemberStore,
  type OrderedRow,
  ordered,
  type OrderedStore,
  type StoreSpec,
} from '../plan/store.ts'
import { CarrierSubscriber } from '../plan/subscriber.ts'
import { type Answer, answers, type ForeignKeyJoin, identityOf, type Request } from './foreign-key-messages.ts'
import type { RowReader } from './table-rows.ts'

export interface SubscriptionStores {
  /** Its keys are those of subscriptions, its values empty. */
  readonly subscriptions: StoreSpec
  /** By right key: a change that has not been told to all of its subscribers. */
  readonly untold: StoreSpec
}

/** A change that has not been told to all. Its row has the time of the change. */
export interface Untold {
  /** The key of the next subscription. */
  readonly next: Uint8Array
  readonly headers: readonly Header[]
}

export function answering(join: ForeignKeyJoin, stores: SubscriptionStores): OperatorFactory {
  return (context) => {
    const subscriptions = new Subscriptions(context, join, stores)
    return (asked, changes) =>
      new Observable((out) => {
        asked?.subscribe(new RequestSubscriber(out, context, subscriptions))
        changes?.subscribe(new ChangeSubscriber(out, context, join, subscriptions, stores.untold))
      })
  }
}

/** Who names which right row, and what they are told. */
class Subscriptions {
  readonly #join: ForeignKeyJoin
  readonly #lefts: MemberStore
  readonly rights: RowReader

  constructor(context: OperatorContext, join: ForeignKeyJoin, { subscriptions }: SubscriptionStores) {
    this.#join = join
    this.#lefts = context.members(subscriptions)
    this.rights = join.right.reader(context)
  }

  leave({ key, value }: Carrier): void {
    this.#lefts.leave(key, (value as Request).leftKey)
  }

  /** Returns the answer. */
  join(request: Carrier): Carrier {
    const { leftKey, isNew, replaces } = request.value as Request
    this.#lefts.join(request.key, leftKey, request.timestamp, isNew)
    const right = this.rights.get(request)
    return this.#answer(request, leftKey, {
      foreignKey: identityOf(this.#join, request.key),
      right: right === undefined ? null : right.value,
      timestamp: right === undefined ? -1 : right.timestamp,
      replaces,
    })
  }

  /** Tells at most `max` subscribers, from `start` on, and returns where to go on; undefined when all are told. */
  tell(
    out: Subscriber<Carrier>,
    from: Carrier,
    foreignKey: unknown,
    right: unknown,
    timestamp: number,
    start: Uint8Array | undefined,
    max: number,
  ): Uint8Array | undefined {
    const answer: Answer = { foreignKey: identityOf(this.#join, foreignKey), right, timestamp, replaces: true }
    const all = start === undefined ? this.#lefts.members(foreignKey) : undefined
    if (all !== undefined && all.length <= max) {
      for (const { member } of all) out.next(this.#answer(from, member, answer))
      return undefined
    }
    let left = max
    for (const { member, keyBytes } of this.#lefts.pairs(foreignKey, start)) {
      if (left-- === 0) return keyBytes
      out.next(this.#answer(from, member, answer))
    }
    return undefined
  }

  /** The subscription after `start`; undefined when there is none. */
  after(foreignKey: unknown, start: Uint8Array): Uint8Array | undefined {
    for (const { keyBytes } of this.#lefts.pairs(foreignKey, start)) if (!keyBytes.equals(start)) return keyBytes
    return undefined
  }

  #answer(from: Carrier, leftKey: unknown, answer: Answer): Carrier {
    return from.withKeyAndValue<unknown, unknown>(leftKey, this.#join.leftKeys, answer, answers)
  }
}

class RequestSubscriber extends CarrierSubscriber {
  readonly #operator: string
  readonly #subscriptions: Subscriptions

  constructor(out: Subscriber<Carrier>, { operator }: OperatorContext, subscriptions: Subscriptions) {
    super(out)
    this.#operator = operator
    this.#subscriptions = subscriptions
  }

  protected override _next(request: Carrier): void {
    let answer: Carrier | undefined
    try {
      if ((request.value as Request).isLeaving) this.#subscriptions.leave(request)
      else answer = this.#subscriptions.join(request)
    } catch (error) {
      throw operatorError(this.#operator, error)
    }
    if (answer !== undefined) this.out.next(answer)
  }
}

class ChangeSubscriber extends CarrierSubscriber {
  readonly #context: OperatorContext
  readonly #join: ForeignKeyJoin
  readonly #subscriptions: Subscriptions
  readonly #untold: OrderedStore<unknown, Untold>
  /** The changes that have not been told to all. */
  readonly #count: PersistentNumber
  readonly #ask: AskForRelease

  constructor(
    out: Subscriber<Carrier>,
    context: OperatorContext,
    join: ForeignKeyJoin,
    subscriptions: Subscriptions,
    untold: StoreSpec,
  ) {
    super(out)
    this.#context = context
    this.#join = join
    this.#subscriptions = subscriptions
    this.#untold = ordered(context.state<unknown, Untold>(untold))
    this.#count = context.cell('untold')
    this.#ask = context.release({ next: (max, job) => this.#goOn(max, job), skip: () => this.#skip() })
  }

  protected override _next(change: Carrier): void {
    if (change.isKeyNull) return this.#context.drop('null_key', change)
    if (change.isOlderVersion) return this.#context.drop('older_version', change)
    const { key, timestamp, headers } = change
    const right = change.isValueNull ? null : change.value
    const next = this.#subscriptions.tell(this.out, change, key, right, timestamp, undefined, dueRowsMax)
    if (next === undefined && this.#count.value === 0) return
    const row = this.#untold.row(change)
    if (next === undefined) return this.#forget(row)
    this.#remember(row, { next, headers }, timestamp)
    this.#ask()
  }

  /** Tells the next subscribers, of the row as it is now. */
  #goOn(max: number, job: Carrier): boolean {
    const row = this.#first()
    if (row === undefined) return false
    const key = this.#keyOf(row)
    const { next, headers } = row.value
    const right = this.#subscriptions.rights.get(keyOf(key))
    const timestamp = right === undefined ? row.timestamp : right.timestamp
    const from = job.withTimestamp(timestamp)
    from.headers = headers
    const rest = this.#subscriptions.tell(this.out, from, key, right?.value ?? null, timestamp, next, max)
    if (rest === undefined) this.#forget(row)
    else this.#remember(row, { next: rest, headers }, row.timestamp)
    return this.#count.value > 0
  }

  #skip(): SkippedRow {
    const row = this.#first()
    if (row === undefined) return { timestamp: 0, key: null, value: null }
    const { next, headers } = row.value
    const rest = this.#subscriptions.after(this.#keyOf(row), next)
    if (rest === undefined) this.#forget(row)
    else this.#remember(row, { next: rest, headers }, row.timestamp)
    return { timestamp: row.timestamp, key: next, value: null }
  }

  #first(): OrderedRow<Untold> | undefined {
    return this.#untold.dueRows(Number.MAX_SAFE_INTEGER - 1, 1)[0]
  }

  #keyOf({ keyBytes, keyEnd }: OrderedRow<Untold>): unknown {
    return this.#join.rightKeys.read(keyBytes, 0, keyEnd)
  }

  #remember(row: OrderedRow<Untold>, untold: Untold, timestamp: number): void {
    if (!row.exists) this.#count.set(this.#count.value + 1)
    this.#untold.put(row, untold, timestamp)
    this.#untold.setDue(row, timestamp)
  }

  #forget(row: OrderedRow<Untold>): void {
    if (!row.exists) return
    this.#untold.remove(row)
    this.#count.set(this.#count.value - 1)
  }
}
