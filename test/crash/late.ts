// Patience: what has not come after a while hangs.
import { setTimeout as sleep } from 'node:timers/promises'

/** No step of an episode takes this long unless something hangs. */
export const patienceMs = 200_000

/** Whether a promise has not settled after this time. */
export async function isLate(promise: Promise<unknown>, afterMs: number = patienceMs): Promise<boolean> {
  const timer = new AbortController()
  const late = sleep(afterMs, true, { signal: timer.signal })
  try {
    return await Promise.race([promise.then(() => false), late])
  } finally {
    timer.abort()
    await late.catch(() => undefined) // it was told not to come any more
  }
}
