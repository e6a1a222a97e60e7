/**
 * Telling a listener of the state of an application.
 */
import { tellListener } from '../core/listener.ts'
import type { Settings } from './settings.ts'
import type { ApplicationState } from './face.ts'

/** A listener that throws or rejects changes nothing for the application; it becomes a warning. */
export function tellState(applicationId: string, listener: Settings['onStateChange'], state: ApplicationState): void {
  tellListener(`onStateChange of application "${applicationId}"`, () => listener?.(state))
}
