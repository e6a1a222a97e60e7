/**
 * Waiting for something, but not for ever.
 */
import type { Clock } from '../../core/clock.ts'

/** Whether it happens within this time; it must not reject. */
export async function within(clock: Clock, ms: number, happens: Promise<unknown>): Promise<boolean> {
  let cancel = (): void => undefined
  const passed = new Promise<false>((resolve) => {
    cancel = clock.schedule(ms, () => resolve(false))
  })
  try {
    return await Promise.race([happens.then(() => true), passed])
  } finally {
    cancel()
  }
}
