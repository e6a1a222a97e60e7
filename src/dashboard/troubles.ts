/**
 * What is wrong in a log, and what to do about it: what the page shows red, or amber.
 */
import { shownDuration } from '../inspect/amounts.ts'
import { shownStandstill } from '../inspect/app-state.ts'
import { shownSnapshot } from '../inspect/old-snapshot.ts'
import type { GroupView, LogView, Trouble, VersionView } from './views.ts'

/** What was seen of the log. */
export interface Seen {
  readonly versions: readonly VersionView[]
  readonly groups: readonly GroupView[]
  readonly file: LogView
  /** Applications that have written dead letters. */
  readonly haveLetters: ReadonlySet<string>
}

/** The worst first. */
export function troublesOf({ versions, groups, file, haveLetters }: Seen): readonly Trouble[] {
  const troubles = [
    ...versions.flatMap((version) => troublesOfVersion(version, haveLetters.has(version.applicationId))),
    ...troublesOfFile(file),
    ...groups.flatMap(troublesOfGroup),
  ]
  return troubles.toSorted((a, b) => Number(a.level === 'warning') - Number(b.level === 'warning'))
}

function troublesOfVersion(version: VersionView, hasLetters: boolean): Trouble[] {
  const { applicationId, version: name, isLive, state, instance, lag, failedLately, failedAgoMs, standstill } = version
  const id = encodeURIComponent(applicationId)
  const at = `/applications/${id}/${encodeURIComponent(name)}`
  const who = isLive ? applicationId : `${applicationId}, version ${name},`
  const waits = lag === 0 ? '' : `; ${recordsOf(lag)} to read`
  const troubles: Trouble[] = []
  if (state === 'stopped' && instance !== null) {
    troubles.push({
      level: 'broken',
      at,
      what: `${who} ended without close: pid ${instance.pid} on ${instance.host} is gone${waits}.`,
      advice: 'Start it again: it goes on from its last commit.',
    })
  } else if (state === 'stopped' && isLive && lag > 0) {
    troubles.push({ level: 'warning', at, what: `${who} is stopped${waits}.`, advice: 'Start it to go on.' })
  } else if (state === 'fenced') {
    troubles.push({
      level: 'warning',
      at,
      what: `${who} was stopped by another instance, and has not closed yet.`,
      advice: 'It can no longer commit. Start it again, and check whether the old process hangs.',
    })
  }
  if (standstill !== null) {
    const { what, advice } = shownStandstill(isLive ? applicationId : `${applicationId}/${name}`, standstill, instance)
    troubles.push({
      level: standstill.kind === 'hangs' ? 'broken' : 'warning',
      at,
      what: `${what}.`,
      advice: sentence(advice),
    })
  }
  if (failedLately > 0) {
    const ago = failedAgoMs === 0 ? 'just now' : `${shownDuration(failedAgoMs)} ago`
    troubles.push({
      level: 'warning',
      at: hasLetters ? `/dead-letters/${id}` : at,
      what: `${who} passed over ${recordsOf(failedLately)} that failed in the last 15 minutes, the last one ${ago}.`,
      advice: hasLetters
        ? 'Its dead letters say why.'
        : "With onError: 'deadLetter' it keeps such records, and says why.",
    })
  }
  return troubles
}

const whole = new Intl.NumberFormat('en')

/** As the page writes numbers. */
function recordsOf(count: number): string {
  return `${whole.format(count)} ${count === 1 ? 'record' : 'records'}`
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`
}

function troublesOfFile({ oldSnapshot }: LogView): Trouble[] {
  if (oldSnapshot === null) return []
  const { what, advice } = shownSnapshot(oldSnapshot.pid, whole.format(oldSnapshot.commits))
  return [{ level: 'warning', at: '/', what: sentence(what), advice: sentence(advice) }]
}

function troublesOfGroup({ name, kind, members, lag, lagMs }: GroupView): Trouble[] {
  if (kind === 'application' || members > 0 || lag === 0) return []
  return [
    {
      level: 'warning',
      at: `/groups/${encodeURIComponent(name)}`,
      what: `Group ${name} has no members, and ${recordsOf(lag)} to read, the oldest ${shownDuration(lagMs)} old.`,
      advice: 'Start a consumer in it, or delete the group.',
    },
  ]
}
