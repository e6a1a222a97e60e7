/**
 * Why an instance has failed. One that was replaced may find anything, or nothing, where its rows were: then that it
 * was replaced is the reason, and what it ran into is the cause.
 */
import { isInstance } from '../core/checks.ts'
import { MillraceError } from '../core/errors.ts'
import type { Session } from '../log/contract.ts'

export function reasonFor(error: unknown, session: Session): unknown {
  try {
    session.refresh()
    if (!session.isFenced) return error
    const { code, message } = session.fence()
    const isTold = isInstance(error, MillraceError) && error.code === code
    return isTold ? error : new MillraceError(code, message, { cause: error })
  } catch {
    return error // the log itself has failed, or was closed
  }
}
