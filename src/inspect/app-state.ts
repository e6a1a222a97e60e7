/**
 * How an application is doing, in few words.
 */
import type { ApplicationInstance, ApplicationVersion } from '../log/admin/application-listing.ts'

type Condition = Pick<ApplicationVersion, 'state' | 'instance'> & {
  readonly fenced?: ApplicationVersion['fenced'] | undefined
}

/** One whose process ended without closing it is stopped too, and says so. */
export function shownState({ state, instance }: Condition): string {
  return state === 'stopped' && instance !== null ? 'stopped (ended without close)' : state
}

/** `pid 4711 on host`; null for none. */
export function shownPlace(instance: ApplicationInstance | null): string | null {
  return instance === null ? null : `pid ${instance.pid} on ${instance.host}`
}
