/**
 * Listeners are a program's own code: what one throws, or rejects with, becomes a warning and changes nothing else.
 */
import { messageOf } from './errors.ts'
import { isPromise } from './promises.ts'

/** @param what names the listener in the warning */
export function tellListener(what: string, tell: () => unknown): void {
  const warn = (error: unknown): void => process.emitWarning(`${what} threw: ${messageOf(error)}`)
  try {
    const answer = tell()
    if (isPromise(answer)) void Promise.resolve(answer).catch(warn)
  } catch (error) {
    warn(error)
  }
}
