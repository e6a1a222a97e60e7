/**
 * Why an environment refuses work.
 */
import { MillraceError } from '../core/errors.ts'
import { failureAdvice } from './failure-advice.ts'

/** @param what of the files that stood there when the log was opened */
export function logIsGone(dir: string, what: string): MillraceError {
  return new MillraceError(
    'storage_failed',
    `the log in ${dir} is gone: ${what}. Nothing is acknowledged from now on, and the log refuses further work: bring back ` +
      'what was there, and start the process again',
  )
}

export function commitFailed(dir: string, cause: unknown): MillraceError {
  const { what, remedy } = failureAdvice(dir, cause)
  return new MillraceError(
    'storage_failed',
    `writing to ${dir} failed: ${what}. This commit is not acknowledged, and the log refuses further work: ` +
      `${remedy} and start the process again, it continues from the last commit`,
    { cause },
  )
}

export function logIsReadOnly(dir: string): MillraceError {
  return new MillraceError(
    'read_only',
    `the log in ${dir} was opened with { readOnly: true }, and this would write to it: open it without that`,
  )
}

export function logIsClosed(dir: string): MillraceError {
  return new MillraceError('closed', `the log in ${dir} is closed`)
}
