/**
 * How an application is doing, in few words.
 */
import type { ApplicationInstance, ApplicationVersion } from '../log/admin/application-listing.ts'

type Condition = Pick<ApplicationVersion, 'state' | 'instance'> & {
  readonly isPaused?: boolean | undefined
  readonly fenced?: ApplicationVersion['fenced'] | undefined
}

/** One whose process ended without closing it is stopped too, and says so. */
export function shownState({ state, instance, isPaused = false }: Condition): string {
  const shown = state === 'stopped' && instance !== null ? 'stopped (ended without close)' : state
  return isPaused ? `${shown}, paused` : shown
}

/** `pid 4711 on host`; null for none. */
export function shownPlace(instance: ApplicationInstance | null): string | null {
  return instance === null ? null : `pid ${instance.pid} on ${instance.host}`
}
