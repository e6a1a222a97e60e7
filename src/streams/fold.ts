/**
 * What count, reduce and aggregate do to the value of a row, whatever the windows.
 */
import { MillraceError } from '../core/errors.ts'
import type { Carrier } from '../plan/carrier.ts'
import { refusePromise } from './answers.ts'

/** How a record changes the value of its row. Not called for a record without key or value. */
export interface Fold {
  /** The value for the first record of a row; null leaves the row out. */
  first(carrier: Carrier): unknown
  /** The value for a later record; null deletes the row. */
  next(carrier: Carrier, aggregate: unknown): unknown
  /** Whether every value is known to fit its serde, so that encoding can wait for the commit. */
  readonly trusted: boolean
}

export const counting: Fold = {
  first: () => 1,
  next: (_, count) => (count as number) + 1,
  trusted: true,
}

export function reducing(reducer: (aggregate: unknown, value: unknown) => unknown): Fold {
  return {
    first: (carrier) => carrier.value,
    next: (carrier, aggregate) => judged('the function of reduce', reducer(aggregate, carrier.value)),
    trusted: false,
  }
}

export function aggregating(
  initializer: () => unknown,
  aggregator: (key: unknown, value: unknown, aggregate: unknown) => unknown,
): Fold {
  const next = (carrier: Carrier, aggregate: unknown): unknown =>
    judged('the aggregator of aggregate', aggregator(carrier.key, carrier.value, aggregate))
  return {
    first: (carrier) => next(carrier, judged('the initializer of aggregate', initializer())),
    next,
    trusted: false,
  }
}

/** @throws MillraceError `bad_record` */
function judged(what: string, answer: unknown): unknown {
  if (answer === undefined)
    throw new MillraceError('bad_record', `${what} returned undefined; expected a value, or null for no row`)
  refusePromise(what, answer)
  return answer
}
