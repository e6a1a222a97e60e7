/**
 * What happens to a record whose turn failed: the policy of the application, and dead letters.
 */
import type { Carrier } from '../plan/carrier.ts'
import { MillraceError, placed } from '../core/errors.ts'
import type { Header } from '../core/headers.ts'
import { checkOptions, checkWhole } from '../core/checks.ts'
import { shown } from '../core/shown.ts'
import { disown, isPromise } from '../core/promises.ts'
import type { Output } from './outputs.ts'

/** A turn that failed and was undone, as a handler sees it. */
export interface Failure {
  /** What was thrown; a record error by its code (docs/errors.md), `cause` is the function's or the serde's own error. */
  readonly error: MillraceError
  /** The topic of the record of the log that the turn came from. */
  readonly topic: string
  /** The partition of that record. */
  readonly partition: number
  /** The offset of that record. */
  readonly offset: number
  /** Where it failed, when that is known. */
  readonly operator: string | undefined
}

/** What to do: stop the application, pass over the record, or write it to the dead-letter topic and pass over it. */
export type FailureAnswer = 'fail' | 'skip' | 'deadLetter'

/**
 * What to do with a record whose turn failed: an answer, an answer after so many retries (0 to 1,000, at once), or a function
 * that answers. Only record errors come here (docs/errors.md); every other error stops the application.
 */
export type OnError =
  | FailureAnswer
  | { readonly retries: number; readonly then: FailureAnswer }
  | ((failure: Failure) => FailureAnswer)

export interface FailurePolicy {
  /** How often a failed turn is tried again before the answer counts. */
  readonly retries: number
  answer(failure: Failure): FailureAnswer
}

const answers: readonly FailureAnswer[] = ['fail', 'skip', 'deadLetter']
const oneOfThem = `one of ${answers.map((answer) => `"${answer}"`).join(', ')}`

/** @throws MillraceError `bad_option` */
export function failurePolicy(onError: OnError): FailurePolicy {
  if (typeof onError === 'function') {
    return { retries: 0, answer: (failure) => checkReturned(onError(failure), failure) }
  }
  if (typeof onError === 'object' && onError !== null) {
    const { retries, then: answer } = checkOptions('onError', onError, ['retries', 'then'])
    const then = checkAnswer('onError.then', answer)
    return { retries: checkWhole('onError.retries', retries, 0, 1_000), answer: () => then }
  }
  const answer = checkAnswer('onError', onError)
  return { retries: 0, answer: () => answer }
}

function checkAnswer(what: string, answer: unknown): FailureAnswer {
  const known = answers.find((one) => one === answer)
  if (known !== undefined) return known
  throw new MillraceError('bad_option', `${what} is ${shown(answer)}; expected ${oneOfThem}`)
}

/** What `onError` answered. When that is not a valid answer, the failure that it was asked about becomes the cause. */
function checkReturned(answer: unknown, { error, topic, partition, offset, operator }: Failure): FailureAnswer {
  const known = answers.find((one) => one === answer)
  if (known !== undefined) return known
  disown(answer)
  const what = isPromise(answer) ? 'a promise, but it must be synchronous' : shown(answer)
  throw new MillraceError('bad_option', `onError returned ${what}; it must return ${oneOfThem}. ${error.message}`, {
    topic,
    partition,
    offset,
    operator,
    cause: error,
  })
}

/** The failure of a turn that `carrier` began. */
export function failureOf(error: MillraceError, carrier: Carrier): Failure {
  const { topic, partition, offset } = carrier.origin
  const place = { topic, partition, offset }
  const where = `${topic}[${partition}] offset ${offset}`
  return { error: placed(error, where, place), ...place, operator: error.operator }
}

/** The most characters of an error's message in a dead letter. */
const messageLengthMax = 4_096

/** Writes the original record, with headers that say what happened and where. */
export function writeDeadLetter(output: Output, failure: Failure, carrier: Carrier): void {
  const { origin } = carrier
  const header = (name: string, value: string): Header => ({ key: `millrace.${name}`, value: Buffer.from(value) })
  output.writeRaw(origin.timestamp, origin.originalKey(), origin.originalValue(), [
    ...origin.headers,
    header('reason', failure.error.code),
    header('message', failure.error.message.slice(0, messageLengthMax)),
    header('operator', failure.operator ?? ''),
    header('topic', failure.topic),
    header('partition', String(failure.partition)),
    header('offset', String(failure.offset)),
  ])
}
