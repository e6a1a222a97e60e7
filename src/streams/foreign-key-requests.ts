/**
 * The first operator of a foreign-key join, at the left table: a change tells the right row that it named before, and
 * the one that it names now.
 *
 * A row without a foreign key asks no one. What comes of it goes by the port: a delete, or in a left join the row.
 */
import type { Subscriber } from 'rxjs'
import type { Carrier } from '../plan/carrier.ts'
import type { OldValues } from '../plan/node.ts'
import { type CarrierObserver, type OperatorContext, operatorError, type OperatorFactory } from '../plan/operator.ts'
import { CarrierSubscriber, operate } from '../plan/subscriber.ts'
import { type ForeignKeyJoin, foreignKeyOf, identityOf, type Request, requests } from './foreign-key-messages.ts'

/** Where changes go that have no foreign key. */
export const alonePort = 'alone'

/** What the node of {@link requesting} says. */
export const ofRequests: OldValues = Object.freeze({ needed: true, from: 'nowhere' })

export function requesting(join: ForeignKeyJoin): OperatorFactory {
  return (context) => operate((out) => new RequestSubscriber(out, context, join))
}

class RequestSubscriber extends CarrierSubscriber {
  readonly #context: OperatorContext
  readonly #join: ForeignKeyJoin
  readonly #comesAlone: boolean
  readonly #alone: CarrierObserver

  constructor(out: Subscriber<Carrier>, context: OperatorContext, join: ForeignKeyJoin) {
    super(out)
    this.#context = context
    this.#join = join
    this.#comesAlone = join.verb === 'leftJoin'
    this.#alone = context.port(alonePort)
  }

  protected override _next(change: Carrier): void {
    if (change.isKeyNull) return this.#context.drop('null_key', change)
    if (change.isOlderVersion) return this.#context.drop('older_version', change)
    let before: unknown
    let now: unknown
    let hasMoved: boolean
    try {
      before = change.old === null ? null : foreignKeyOf(this.#join, change.old, change.key)
      now = change.isValueNull ? null : foreignKeyOf(this.#join, change.value, change.key)
      hasMoved = before !== null && (now === null || !this.#isSame(before, now))
    } catch (error) {
      throw operatorError(this.#context.operator, error)
    }
    const leftKey = change.key
    if (hasMoved) this.#request(change, before, { leftKey, isLeaving: true, isNew: false, replaces: false })
    if (now === null) this.#goAlone(change, before !== null)
    else {
      const isNew = hasMoved || before === null
      this.#request(change, now, { leftKey, isLeaving: false, isNew, replaces: hasMoved })
    }
  }

  #request(change: Carrier, foreignKey: unknown, request: Request): void {
    this.out.next(change.withKeyAndValue<unknown, unknown>(foreignKey, this.#join.rightKeys, request, requests))
  }

  #goAlone(change: Carrier, hadForeignKey: boolean): void {
    const isDelete = change.isValueNull
    if (!isDelete && this.#comesAlone) return this.#alone.next(change)
    if (!isDelete) this.#context.drop('null_foreign_key', change)
    const wasThere = hadForeignKey || (this.#comesAlone && change.old !== null)
    if (wasThere) this.#alone.next(change.withValue<unknown>(null, undefined))
  }

  #isSame(before: unknown, now: unknown): boolean {
    return Object.is(before, now) || identityOf(this.#join, before) === identityOf(this.#join, now)
  }
}
