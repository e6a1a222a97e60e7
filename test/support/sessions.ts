// Sessions of applications, opened and watched below the runtime.
import type { ApplicationStart, Commit, Session, WantedVersion } from '../../src/log/contract.ts'
import type { EmbeddedLog } from '../../src/log/embedded-log.ts'

const plainStart: ApplicationStart = { plan: '{}', positions: [], progress: [], stores: [] }

/** The session of an application that stores what a test says. */
export function openSession(
  embedded: EmbeddedLog,
  application: string | WantedVersion,
  start: Partial<ApplicationStart> = {},
): Session {
  const wanted = typeof application === 'string' ? { applicationId: application } : application
  return embedded.openNow(wanted, [], () => ({ ...plainStart, ...start })).session
}

/** Sees each commit of sessions that are opened from now on; `next` is the commit itself. */
export function onCommits(
  embedded: EmbeddedLog,
  see: (commit: Commit, next: () => void | Promise<void>) => void | Promise<void>,
): void {
  const open = embedded.openNow.bind(embedded)
  embedded.openNow = (applicationId, topics, begin) => {
    const opened = open(applicationId, topics, begin)
    const commit = opened.session.commit.bind(opened.session)
    opened.session.commit = (one) => see(one, () => commit(one))
    return opened
  }
}
