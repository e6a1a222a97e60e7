/**
 * map, mapValues and selectKey: one record out for each record in.
 */
import type { Subscriber } from 'rxjs'
import type { Carrier } from '../core/carrier.ts'
import { MillraceError } from '../core/errors.ts'
import { toHeaders } from '../core/headers.ts'
import type { StreamRecord } from '../core/record.ts'
import { toTimestamp } from '../core/units.ts'
import { operatorError, type OperatorFactory } from '../plan/operator.ts'
import type { RecordOutput } from './dsl.ts'
import { CarrierSubscriber, operate } from './subscriber.ts'

type UserFunction = (record: StreamRecord<unknown, unknown>) => unknown

export function mapping<K, V, K2, V2>(fn: (record: StreamRecord<K, V>) => RecordOutput<K2, V2>): OperatorFactory {
  return derive(fn as UserFunction, (carrier, output) => carrierOf(carrier, output))
}

export function mappingValues<K, V, V2>(fn: (record: StreamRecord<K, V>) => V2): OperatorFactory {
  return derive(fn as UserFunction, (carrier, value) => carrier.withValue(value, undefined))
}

/** Of a table: not called for a row that is deleted. */
export function mappingRows<K, V, V2>(fn: (record: StreamRecord<K, V>) => V2): OperatorFactory {
  return ({ operator }) =>
    operate(
      (out) =>
        new RowDeriveSubscriber(out, operator, fn as UserFunction, (row, value) => row.withValue(value, undefined)),
    )
}

export function selectingKey<K, V, K2>(fn: (record: StreamRecord<K, V>) => K2): OperatorFactory {
  return derive(fn as UserFunction, (carrier, key) => carrier.withKey(key, undefined))
}

/**
 * The carrier of what a function returned.
 *
 * @throws MillraceError `bad_record`
 */
export function carrierOf(carrier: Carrier, output: unknown): Carrier {
  if (typeof output !== 'object' || output === null || !('key' in output) || !('value' in output)) {
    throw new MillraceError('bad_record', 'the function did not return a record; expected { key, value }')
  }
  const { key, value, timestamp, headers } = output as RecordOutput<unknown, unknown>
  const next = carrier.withKeyAndValue(key, undefined, value, undefined)
  if (timestamp !== undefined) next.timestamp = toTimestamp(timestamp)
  if (headers !== undefined) next.headers = toHeaders(headers)
  return next
}

function derive(fn: UserFunction, next: (carrier: Carrier, result: unknown) => Carrier): OperatorFactory {
  return ({ operator }) => operate((out) => new DeriveSubscriber(out, operator, fn, next))
}

class DeriveSubscriber extends CarrierSubscriber {
  readonly #operator: string
  readonly #fn: UserFunction
  readonly #derive: (carrier: Carrier, result: unknown) => Carrier

  constructor(
    out: Subscriber<Carrier>,
    operator: string,
    fn: UserFunction,
    next: (carrier: Carrier, result: unknown) => Carrier,
  ) {
    super(out)
    this.#operator = operator
    this.#fn = fn
    this.#derive = next
  }

  protected override _next(carrier: Carrier): void {
    let derived: Carrier
    try {
      derived = this.#derive(carrier, this.#fn(carrier.view()))
    } catch (error) {
      throw operatorError(this.#operator, error)
    }
    this.out.next(derived)
  }
}

class RowDeriveSubscriber extends DeriveSubscriber {
  protected override _next(carrier: Carrier): void {
    if (carrier.isValueNull) this.out.next(carrier)
    else super._next(carrier)
  }
}
