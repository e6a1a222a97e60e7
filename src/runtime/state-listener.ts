/**
 * Telling a listener of the state of an application.
 */
import { messageOf } from '../core/errors.ts'
import { isPromise } from '../core/promises.ts'
import type { Settings } from './settings.ts'
import type { ApplicationState } from './face.ts'

/** A listener that throws or rejects changes nothing for the application; it becomes a warning. */
export function tellState(applicationId: string, listener: Settings['onStateChange'], state: ApplicationState): void {
  const warn = (error: unknown): void =>
    process.emitWarning(`onStateChange of application "${applicationId}" threw: ${messageOf(error)}`)
  try {
    const answer: unknown = listener?.(state)
    if (isPromise(answer)) void Promise.resolve(answer).catch(warn)
  } catch (error) {
    warn(error)
  }
}
