/**
 * What count, reduce and aggregate do to the value of a row, whatever the windows.
 */
import { assert } from '../core/assert.ts'
import { MillraceError } from '../core/errors.ts'
import type { Carrier } from '../plan/carrier.ts'
import { refusePromise } from './answers.ts'

/** How a record changes the value of its row. Not called for a record without key or value. */
export interface Fold {
  /** The value for the first record of a row; null leaves the row out. */
  first(carrier: Carrier): unknown
  /** The value for a later record; null deletes the row. */
  next(carrier: Carrier, aggregate: unknown): unknown
  /**
   * Two sessions as one: what was joined so far, with one more; null stands for nothing so far. The record comes after
   * them all.
   */
  merge(carrier: Carrier, aggregate: unknown, session: unknown): unknown
  /** Whether every value is known to fit its serde, so that encoding can wait for the commit. */
  readonly trusted: boolean
}

export const counting: Fold = {
  first: () => 1,
  next: (_, count) => (count as number) + 1,
  merge: (_, count, others) => ((count as number | null) ?? 0) + (others as number),
  trusted: true,
}

export function reducing(reducer: (aggregate: unknown, value: unknown) => unknown): Fold {
  const reduced = (aggregate: unknown, value: unknown): unknown =>
    judged('the function of reduce', reducer(aggregate, value))
  return {
    first: (carrier) => carrier.value,
    next: (carrier, aggregate) => reduced(aggregate, carrier.value),
    merge: (_, aggregate, session) => (aggregate === null ? session : reduced(aggregate, session)),
    trusted: false,
  }
}

export function aggregating(
  initializer: () => unknown,
  aggregator: (key: unknown, value: unknown, aggregate: unknown) => unknown,
  merger?: (key: unknown, older: unknown, newer: unknown) => unknown,
  givenTo: 'aggregate' | 'cogroup' = 'aggregate',
): Fold {
  const what = `the aggregator of ${givenTo}`
  const initial = (): unknown => judged('the initializer of aggregate', initializer())
  const next = (carrier: Carrier, aggregate: unknown): unknown =>
    judged(what, aggregator(carrier.key, carrier.value, aggregate))
  return {
    first: (carrier) => next(carrier, initial()),
    next,
    merge(carrier, aggregate, session) {
      assert(merger !== undefined, 'sessions are aggregated with a merger')
      return judged('the merger of aggregate', merger(carrier.key, aggregate ?? initial(), session))
    },
    trusted: false,
  }
}

/** @throws MillraceError `bad_record` */
export function judged(what: string, answer: unknown): unknown {
  if (answer === undefined)
    throw new MillraceError('bad_record', `${what} returned undefined; expected a value, or null for no row`)
  refusePromise(what, answer)
  return answer
}
