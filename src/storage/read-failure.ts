/**
 * Turns failures inside LMDB, and answers of LMDB that cannot be right, into errors of millrace.
 *
 * LMDB trusts its pages: after a flipped bit it follows a wrong pointer, or finds keys where they do not belong. Its
 * own errors, and keys outside the range that was asked for, become a `MillraceError` here.
 */
import { MillraceError, messageOf } from '../core/errors.ts'
import { shownBytes } from '../core/shown.ts'
import type { DatabaseName } from './databases.ts'
import { failureAdvice } from './failure-advice.ts'

const readersFull = -30_790

/** @param what was read, for the message: `a row of "topics"` */
export function readFailure(dir: string, what: string, cause: unknown): MillraceError {
  if (cause instanceof MillraceError) return cause
  const { code } = cause as { readonly code?: unknown }
  if (code === readersFull) return tooManyReaders(dir, cause)
  if (typeof code === 'number' && code > 0) {
    const advice = failureAdvice(dir, cause)
    return new MillraceError('storage_failed', `${what} in ${dir} cannot be read: ${advice.what}; ${advice.remedy}`, {
      cause,
    })
  }
  return damaged(dir, `${what} cannot be read (${messageOf(cause)})`, cause)
}

export function isReadersFull(cause: unknown): boolean {
  return (cause as { readonly code?: unknown } | undefined)?.code === readersFull
}

/** Every open log takes a place in a table of LMDB when it reads, and keeps it until it is closed. */
export function tooManyReaders(dir: string, cause: unknown): MillraceError {
  return new MillraceError(
    'too_many_readers',
    `${dir} is open too many times: there are places for ${readersMax} open logs that read it, and a few more, in all processes ` +
      'together. This one got none; the others go on. Open a directory once in each process and share the log, and close ' +
      'logs that you no longer need',
    { cause },
  )
}

/** Places in LMDB's table of readers; it rounds them up to whole pages. */
export const readersMax = 512

const advice = '; log.admin.verify() lists all damage; restore a backup'

export function damaged(dir: string, what: string, cause?: unknown): MillraceError {
  return new MillraceError(
    'damaged',
    `the file of ${dir} is damaged: ${what}${advice}`,
    cause === undefined ? {} : { cause },
  )
}

/** What is damaged, without the advice: for a list of findings. */
export function damageOf({ message }: MillraceError): string {
  return message.replace(advice, '')
}

/** A row of a database, for a message. */
export function rowName(database: DatabaseName, key: Uint8Array): string {
  return `the row ${shownBytes(key)} of "${database}"`
}
