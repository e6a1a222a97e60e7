/**
 * map, mapValues and selectKey: one record out for each record in.
 */
import type { Subscriber } from 'rxjs'
import type { Carrier } from '../plan/carrier.ts'
import { MillraceError } from '../core/errors.ts'
import { type HeaderInput, toHeaders } from '../core/headers.ts'
import { shown } from '../core/shown.ts'
import { isPromise } from '../core/promises.ts'
import type { StreamRecord } from '../core/record.ts'
import { toTimestamp } from '../core/units.ts'
import type { OperatorNode } from '../plan/node.ts'
import { type OperatorContext, operatorError, type OperatorFactory } from '../plan/operator.ts'
import { functionOf, promised, refusePromise } from './answers.ts'
import type { RecordOutput } from './dsl/functions.ts'
import { CarrierSubscriber, operate } from '../plan/subscriber.ts'

type UserFunction = (record: StreamRecord<unknown, unknown>) => unknown

export function mapping<K, V, K2, V2>(fn: (record: StreamRecord<K, V>) => RecordOutput<K2, V2>): OperatorFactory {
  return derive(fn as UserFunction, carrierOf)
}

export function mappingValues<K, V, V2>(fn: (record: StreamRecord<K, V>) => V2): OperatorFactory {
  return derive(fn as UserFunction, withValue)
}

/** Of a table: not called for a row that is deleted; called for the old value too, where that is wanted. */
export function mappingRows<K, V, V2>(fn: (record: StreamRecord<K, V>) => V2): OperatorFactory {
  return (context) => operate((out) => new RowMapSubscriber(out, context, fn as UserFunction))
}

/** A row with its new value. For who reads a table that keeps no rows. */
export function mappedRow<K, V, V2>(
  node: Pick<OperatorNode, 'id' | 'verb'>,
  fn: (record: StreamRecord<K, V>) => V2,
): (row: StreamRecord<unknown, unknown>) => unknown {
  const { id, verb } = node
  const what = functionOf({ verb })
  return (row) => valueOf(id, what, fn as UserFunction, row)
}

/** @param what what a message calls the function, where it is another verb's */
export function selectingKey<K, V, K2>(fn: (record: StreamRecord<K, V>) => K2, what?: string): OperatorFactory {
  return derive(fn as UserFunction, withKey, what)
}

/** Makes a carrier from an answer of `what`. */
export type Derive = (carrier: Carrier, answer: unknown, what: string) => Carrier

/** @throws MillraceError `bad_record` */
export const withValue: Derive = (carrier, value, what) => {
  refusePromise(what, value)
  return carrier.withValue(value, undefined)
}

const withKey: Derive = (carrier, key, what) => {
  refusePromise(what, key)
  return carrier.withKey(key, undefined)
}

/** @throws MillraceError `bad_record` */
export const carrierOf: Derive = (carrier, output, what) => {
  refusePromise(what, output)
  if (typeof output !== 'object' || output === null || !('key' in output) || !('value' in output)) {
    throw new MillraceError('bad_record', `${what} returned ${shown(output)}; expected a record, { key, value }`)
  }
  const { key, value, timestamp, headers } = output as RecordOutput<unknown, unknown>
  if (isPromise(key) || isPromise(value) || isPromise(timestamp) || isPromise(headers)) throw promised(what, output)
  return stamped(carrier.withKeyAndValue(key, undefined, value, undefined), timestamp, headers)
}

/** Gives a carrier that is not emitted yet what was said of its timestamp and headers. */
export function stamped(
  next: Carrier,
  timestamp: number | undefined,
  headers: readonly HeaderInput[] | undefined,
): Carrier {
  if (timestamp !== undefined) next.timestamp = toTimestamp(timestamp)
  if (headers !== undefined) next.headers = toHeaders(headers)
  return next
}

function derive(fn: UserFunction, next: Derive, what?: string): OperatorFactory {
  return (context) => operate((out) => new DeriveSubscriber(out, context, fn, next, what))
}

class DeriveSubscriber extends CarrierSubscriber {
  readonly #operator: string
  readonly #what: string
  readonly #fn: UserFunction
  readonly #derive: Derive

  constructor(
    out: Subscriber<Carrier>,
    context: OperatorContext,
    fn: UserFunction,
    next: Derive,
    what = functionOf(context),
  ) {
    super(out)
    this.#operator = context.operator
    this.#what = what
    this.#fn = fn
    this.#derive = next
  }

  protected override _next(carrier: Carrier): void {
    let derived: Carrier
    try {
      derived = this.#derive(carrier, this.#fn(carrier.view()), this.#what)
    } catch (error) {
      throw operatorError(this.#operator, error)
    }
    this.out.next(derived)
  }
}

class RowMapSubscriber extends CarrierSubscriber {
  readonly #operator: string
  readonly #what: string
  readonly #fn: UserFunction
  readonly #wantsOld: boolean

  constructor(out: Subscriber<Carrier>, context: OperatorContext, fn: UserFunction) {
    super(out)
    this.#operator = context.operator
    this.#what = functionOf(context)
    this.#fn = fn
    this.#wantsOld = context.wantsOld
  }

  protected override _next(carrier: Carrier): void {
    const isDelete = carrier.isValueNull
    const value = isDelete ? null : this.#valueOf(carrier.view())
    if (carrier.isOlderVersion) this.out.next(carrier.withOlderVersion(value, undefined))
    else if (this.#wantsOld) {
      const old = carrier.old === null ? null : this.#valueOf(carrier.oldView())
      this.out.next(carrier.withChange(value, old, undefined))
    } else this.out.next(isDelete ? carrier : carrier.withValue(value, undefined))
  }

  #valueOf(record: StreamRecord<unknown, unknown>): unknown {
    return valueOf(this.#operator, this.#what, this.#fn, record)
  }
}

function valueOf(operator: string, what: string, fn: UserFunction, record: StreamRecord<unknown, unknown>): unknown {
  try {
    const value = fn(record)
    refusePromise(what, value)
    return value
  } catch (error) {
    throw operatorError(operator, error)
  }
}
