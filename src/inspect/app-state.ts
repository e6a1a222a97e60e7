/**
 * How an application is doing, in few words.
 */
import type { ApplicationInstance, ApplicationVersion } from '../log/admin/application-listing.ts'
import type { Standstill } from '../log/admin/standstill.ts'
import { shownDuration } from './amounts.ts'
import { counted } from './counts.ts'

type Condition = Pick<ApplicationVersion, 'state' | 'instance'> & {
  readonly isPaused?: boolean | undefined
  readonly fenced?: ApplicationVersion['fenced'] | undefined
  readonly standstill?: Pick<Standstill, 'kind' | 'forMs'> | null | undefined
}

/** One whose process ended without closing it is stopped too, and says so. */
export function shownState({ state, instance, isPaused = false, standstill = null }: Condition): string {
  if (standstill !== null) {
    return `running, ${standstill.kind === 'hangs' ? 'hung' : 'waiting for calls'} for ${shownDuration(standstill.forMs)}`
  }
  const shown = state === 'stopped' && instance !== null ? 'stopped (ended without close)' : state
  return isPaused ? `${shown}, paused` : shown
}

/** That an application stands still, and what to do about it: each a sentence without its capital and full stop. */
export function shownStandstill(
  name: string,
  { kind, topic, partition, offset, forMs, calls }: Omit<Standstill, 'offset'> & { readonly offset: number },
  instance: ApplicationInstance | null,
): { readonly what: string; readonly advice: string } {
  const place = shownPlace(instance)
  const where = `${topic}/${partition} @ ${offset} for ${shownDuration(forMs)}${place === null ? '' : ` (${place})`}`
  const open = Object.entries(calls).map(([operator, count]) => `${counted(count, 'call')} of ${operator}`)
  if (kind === 'waitsForCalls') {
    return {
      what: `${name} has stood still at ${where}: it waits for ${open.join(' and ')}`,
      advice: 'check the service that is called: each call ends at its timeoutMs, and then retries and onError decide',
    }
  }
  return {
    what: `${name} has stood still at ${where}: its process hangs`,
    advice:
      'a function of the program does not return, or the process was stopped: find out which, then end it with SIGKILL, ' +
      'which loses nothing',
  }
}

/** `pid 4711 on host`; null for none. */
export function shownPlace(instance: ApplicationInstance | null): string | null {
  return instance === null ? null : `pid ${instance.pid} on ${instance.host}`
}
