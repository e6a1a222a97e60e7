/**
 * The operator contract. Whoever writes an operator reads this page first.
 *
 * An operator is a function from Observables of carriers, one for each parent of its node, to the Observable of what
 * comes out; with one parent it is an RxJS `OperatorFunction`. A node of the plan holds a factory for it. The runtime calls
 * the factory once for every task, that is for every partition, and subscribes once to what the operator returns, whatever
 * the number of its parents and children. `operate` (subscriber.ts) makes one from what it does with a carrier.
 *
 * What an operator may rely on
 * - It is called synchronously, one record at a time, inside a turn that the engine opened. Records of one partition come
 *   in one deterministic order.
 * - Its context belongs to it and its partition alone: the stream time, the counters and the ports. A store may be on other
 *   nodes too: then all of them see each other's writes, also within a turn.
 * - When anything downstream throws, the throw passes through it to the engine, which undoes the whole turn.
 *
 * What it must keep to
 * - It emits inside the call that it was given a record in, or never; what follows has been worked off when the emission
 *   returns. That holds for its ports too. It does not complete, and it does not unsubscribe.
 * - It subscribes to each of its inputs once, when it is subscribed to.
 * - It keeps nothing between records except in its context: what stands in a field is lost after a crash and is not
 *   undone with a turn.
 * - It does not change a carrier that it was given: others may hold it. It makes a new one (`withValue`, `withKey` …).
 * - It calls user functions with `carrier.view()`, checks what they return, above all for promises, and adds the
 *   operator to whatever they throw with {@link operatorError}.
 *   It does not catch a throw from downstream.
 * - It never drops a record silently: `context.drop(reason, carrier)`. A record that is dropped does not move stream time.
 * - It reads bytes as late as it can: a null check does not decode (`isKeyNull`, `isValueNull`).
 */
import type { Observable, Observer } from 'rxjs'
import type { Carrier } from './carrier.ts'
import { isInstance } from '../core/checks.ts'
import { MillraceError, messageOf, placed } from '../core/errors.ts'
import type { Store, StoreSpec } from './store.ts'

/** What takes carriers. It is never told of an end or an error: a stream has no end, and a throw goes the other way. */
export type CarrierObserver = Pick<Observer<Carrier>, 'next'>

export type Operator = (...inputs: Observable<Carrier>[]) => Observable<Carrier>

/** Why an operator drops a record. */
export type DropReason = 'null_key' | 'null_value' | 'late'

/** Event time as one operator has seen it in one partition; kept with the state, undone with the turn. */
export interface StreamTime {
  /** The largest timestamp so far; -1 before the first record. */
  readonly now: number
  /** Takes a record's timestamp into account and returns the largest so far. */
  advance(timestamp: number): number
}

/** What an operator gets for one partition. */
export interface OperatorContext {
  /** The operator's id, for errors. */
  readonly operator: string
  /** The verb that made it, for errors. */
  readonly verb: string
  readonly partition: number
  readonly streamTime: StreamTime
  /** Reports a record that goes no further, and why; the count is part of the commit. */
  drop(reason: DropReason, carrier: Carrier): void
  /** One of the node's stores. Windows expire by the stream time of the store's owner. */
  state<K, V>(store: StoreSpec): Store<K, V>
  /** A further output, for records that are late or take another branch. Where nothing follows it, they end there. */
  port(name: string): CarrierObserver
  /** Stops the application: for what no error policy may pass over. */
  stop(error: MillraceError): void
}

export type OperatorFactory = (context: OperatorContext) => Operator

/** Errors that belong to one record and are dealt with by `onError`; every other error stops the application. */
const recordErrors: ReadonlySet<string> = new Set([
  'bad_record',
  'encode_failed',
  'key_too_long',
  'undecodable',
  'unexpected_null',
  'user_function_threw',
])

export function isRecordError(error: unknown): error is MillraceError {
  return isInstance(error, MillraceError) && recordErrors.has(error.code)
}

/**
 * What was thrown while an operator ran code of the user's, with the operator's id. An error of a log, thrown by a function that
 * uses one, stops the application: no policy may take a broken log for a bad record.
 */
export function operatorError(operator: string, thrown: unknown): MillraceError {
  if (isInstance(thrown, MillraceError) && !isRecordError(thrown)) return thrown
  if (isRecordError(thrown)) {
    if (thrown.operator !== undefined) return thrown
    return placed(thrown, `in ${operator}`, { operator })
  }
  return new MillraceError('user_function_threw', `a function of ${operator} threw: ${messageOf(thrown)}`, {
    operator,
    cause: thrown,
  })
}
