/**
 * Whether a log is held up: opening one waits for a commit that is under way, and so it would wait for a process that
 * stands still in the middle of its own.
 */
import type { Clock } from '../core/clock.ts'
import { isCommitting } from '../storage/lookout.ts'

const tryEveryMs = 50

/** True when no moment without a commit was seen for this long. */
export async function isHeldUp(dir: string, clock: Clock, patienceMs: number): Promise<boolean> {
  for (let triedMs = 0; isCommitting(dir); triedMs += tryEveryMs) {
    if (triedMs >= patienceMs) return true
    await new Promise<void>((resolve) => {
      clock.schedule(tryEveryMs, resolve)
    })
  }
  return false
}
