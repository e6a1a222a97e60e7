/**
 * What happens when a turn fails: the policy of the application, and dead letters.
 */
import type { Carrier } from '../plan/carrier.ts'
import type { DropReason } from '../plan/operator.ts'
import type { ApplicationEvent, RetryEvent } from '../core/diagnostics.ts'
import { MillraceError, placed } from '../core/errors.ts'
import { checkOptions, checkWhole } from '../core/checks.ts'
import { letterHeader } from '../core/letter-headers.ts'
import { shown } from '../core/shown.ts'
import { disown, isPromise } from '../core/promises.ts'
import type { Letter } from './job.ts'
import type { Output } from './outputs.ts'

/** A turn that failed and was undone, as a handler sees it. */
export interface Failure {
  /**
   * What was thrown; a record error by its code (docs/errors.md), `cause` is the function's or the serde's own error.
   */
  readonly error: MillraceError
  /**
   * What the turn came from: a record of the log, or a job of an operator that no record has caused. A punctuation
   * comes again one interval later; a release passes over one row; a completion of `mapAsync`, whose call has failed or
   * what came after it, passes over its record.
   */
  readonly kind: 'record' | 'punctuation' | 'release' | 'completion'
  /** The topic of the record that the turn came from; only for a record. */
  readonly topic: string | undefined
  /** The partition of that record, or of the operator whose job it was. */
  readonly partition: number
  /** The offset of that record; only for a record. */
  readonly offset: number | undefined
  /** Where it failed, when that is known; for a job it always is. */
  readonly operator: string | undefined
}

/**
 * What to do: stop the application, pass over what failed, or write it to the dead-letter topic and pass over it.
 *
 * A failed punctuation has no record to write: its letter has a null key and value, its time, and headers that say what
 * happened.
 */
export type FailureAnswer = 'fail' | 'skip' | 'deadLetter'

/**
 * What to do with a record whose turn failed: an answer, an answer after a number of immediate retries (0 to 1,000), or
 * a function that answers. Only record errors come here (docs/errors.md); every other error stops the application.
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

/** Something that failed and is tried again. */
export type Retry = Omit<RetryEvent, keyof ApplicationEvent>

/** Of a turn, which goes again at once. */
export function retryOf({ error, topic, partition, offset, operator }: Failure, attempt: number): Retry {
  return { what: 'turn', attempt, waitMs: 0, error, operator, topic, partition, offset, callId: undefined }
}

/** The failure of a turn that came from `origin`. */
export function failureOf(error: MillraceError, origin: Carrier): Failure {
  const { place, offset } = origin
  const { partition } = place
  if (place.kind === undefined) {
    const { topic } = place
    const at = { topic, partition, offset }
    const where = `${topic}[${partition}] offset ${offset}`
    return { error: placed(error, where, at), kind: 'record', ...at, operator: error.operator }
  }
  const { kind } = place
  const operator = error.operator ?? place.operator
  const where = `in a ${kind} of ${place.operator}[${partition}]`
  return { error: placed(error, where, { partition }), kind, topic: undefined, partition, offset: undefined, operator }
}

/** The most characters of an error's message in a dead letter. */
const messageLengthMax = 4_096

/** Writes what failed, with headers that say what happened and where. */
export function writeDeadLetter(output: Output, failure: Failure, letter: Letter): void {
  const { error, kind, topic, partition, offset, operator } = failure
  output.writeRaw(letter.timestamp, letter.key, letter.value, [
    ...letter.headers,
    letterHeader('reason', error.code),
    letterHeader('message', error.message.slice(0, messageLengthMax)),
    letterHeader('operator', operator ?? ''),
    ...(topic === undefined ? [letterHeader('kind', kind)] : [letterHeader('topic', topic)]),
    letterHeader('partition', String(partition)),
    ...(offset === undefined ? [] : [letterHeader('offset', String(offset))]),
  ])
}

/**
 * Writes what an operator dropped: the record of the log that it came from, as it was read. What a job has emitted came
 * from none; its letter has a null key and value, as that of a punctuation that failed.
 */
export function writeDropped(
  output: Output,
  reason: DropReason,
  operator: string,
  { timestamp, origin }: Carrier,
): void {
  const { place, offset } = origin
  const isRecord = place.kind === undefined
  const [key, value] = isRecord ? [origin.originalKey(), origin.originalValue()] : [null, null]
  output.writeRaw(isRecord ? origin.timestamp : timestamp, key, value, [
    ...origin.headers,
    letterHeader('reason', reason),
    letterHeader('operator', operator),
    isRecord ? letterHeader('topic', place.topic) : letterHeader('kind', place.kind),
    letterHeader('partition', String(place.partition)),
    ...(isRecord ? [letterHeader('offset', String(offset))] : []),
  ])
}
