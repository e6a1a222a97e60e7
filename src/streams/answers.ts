/**
 * Refuses answers of verb functions that come later, after the turn of their record: promises and generators.
 */
import { MillraceError } from '../core/errors.ts'
import { shown } from '../core/shown.ts'
import { disown, isPromise } from '../core/promises.ts'
import type { OperatorContext } from '../plan/operator.ts'

/** What to do instead. */
const instead = 'Use mapAsync for what has to wait'

/** What a message calls the function of an operator. */
export function functionOf({ verb }: Pick<OperatorContext, 'verb'>): string {
  return `the function of ${verb}`
}

/** @throws MillraceError `bad_record` when a function answered with a promise */
export function refusePromise(what: string, answer: unknown): void {
  if (isPromise(answer)) throw promised(what, answer)
}

/**
 * For a function whose answer is not data: whatever it has not done yet would never be done.
 *
 * @throws MillraceError `bad_record` for a promise or a generator
 */
export function refuseLater(what: string, answer: unknown): void {
  refusePromise(what, answer)
  if (typeof answer !== 'object' || answer === null || !('next' in answer) || typeof answer.next !== 'function') return
  throw new MillraceError('bad_record', `${what} returned a generator, ${shown(answer)}, so none of its code has run`)
}

/** The error for an answer that is a promise, or holds one. */
export function promised(what: string, answer: unknown): MillraceError {
  disown(answer)
  return new MillraceError(
    'bad_record',
    `${what} returned a promise, but the functions of verbs must be synchronous: the turn of a record is over before a promise ` +
      `settles. ${instead}`,
  )
}
