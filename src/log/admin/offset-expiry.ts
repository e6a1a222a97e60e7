/**
 * Positions of groups without readers expire; those of a group with members, and of applications, never do.
 */
import type { StoredPosition } from '../kept/positions.ts'
import type { GroupLog } from './group-log.ts'
import { sessionTimeoutMaxMs } from '../group/groups.ts'

/** The most rows that one step removes. */
const stepRows = 256

/**
 * Removes positions that are older than `retentionMs` and whose group has had no members for as long; a step is one
 * group, in one short transaction that looks again at everything.
 */
export function* expireOffsets(log: GroupLog, retentionMs: number): Generator<void, void, undefined> {
  log.refresh()
  for (const name of new Set([...log.groups.names(), ...log.positions.names()])) {
    // The time without members counts from when the death of the last one was noticed.
    if (looksAbandoned(log, name)) log.groups.settle(name)
    while (expireSome(log, name, retentionMs)) yield
    yield
    log.refresh()
  }
  log.groups.sweepSessions(2 * sessionTimeoutMaxMs, stepRows)
}

/** Whether a group has members, of which none was heard of for its session timeout. */
function looksAbandoned({ groups }: GroupLog, name: string): boolean {
  const members = groups.find(name)?.group.members ?? []
  return members.length > 0 && groups.alive(name).members.length === 0
}

/** Whether there may be more. */
function expireSome(log: GroupLog, name: string, retentionMs: number): boolean {
  if (!isAnyStale()) return false
  return log.environment.write((transaction) => {
    const stale = staleRows()
    for (const position of stale.slice(0, stepRows)) log.positions.remove(transaction, name, position)
    if (stale.length > stepRows) return true
    if (isForgotten() && log.positions.list(name).length === 0) log.groups.remove(transaction, name)
    return false
  })

  function isAnyStale(): boolean {
    return staleRows().length > 0 || (isForgotten() && log.positions.list(name).length === 0)
  }

  /** Whether the group has been empty for that long. */
  function isForgotten(): boolean {
    const sinceMs = log.groups.emptySinceMs(name)
    return sinceMs !== undefined && isOld(sinceMs)
  }

  function staleRows(): StoredPosition[] {
    if (log.positions.isApplication(name)) return []
    if (log.groups.find(name) !== undefined && !isForgotten()) return []
    return log.positions.list(name).filter(({ committedMs }) => isOld(committedMs))
  }

  function isOld(sinceMs: number): boolean {
    return log.clock.now() - sinceMs >= retentionMs
  }
}
