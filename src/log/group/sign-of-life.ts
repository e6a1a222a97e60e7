/**
 * The sign of life of a process that runs an application: others see when its event loop last went round.
 *
 * It is no commit: one would cost an idle application a flush every few seconds, and would wait for the lock while
 * another process is frozen in the middle of a commit, although this one is well.
 */
import type { Clock } from '../../core/clock.ts'
import type { Environment } from '../../storage/environment.ts'

/** How often it is given. */
const signEveryMs = 5_000

/** Gives it for a session until the returned function is called, or the log is closed. */
export function showLife(environment: Environment, clock: Clock, sessionId: string): () => void {
  let cancel = (): void => undefined
  const sign = (): void => {
    if (environment.isClosed) return
    environment.sessions.sign(sessionId, clock.now(), clock.elapsed())
    cancel = clock.schedule(signEveryMs, sign, 'background')
  }
  sign()
  return () => cancel()
}
