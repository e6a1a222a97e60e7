/**
 * The positions of a group or an application, one by one, with a pause after each few hundred: there may be very many.
 */
import type { PartitionId } from '../format/partition-id.ts'
import { positionsAtOnce, type StoredPosition } from '../kept/positions.ts'
import type { GroupLog } from './group-log.ts'

/**
 * Visits every position whose topic is still there, by topic id and partition. Fewer than {@link positionsAtOnce} are
 * read at one moment. Of more, each page is read at a later one, but a position and the end of its partition are always
 * of the same moment.
 *
 * @returns when a position was last committed, those of deleted topics included; null without any. A time in the future
 *   is from before the wall clock was set back, and counts only where there is no other.
 */
export function* eachPosition(
  log: GroupLog,
  name: string,
  visit: (position: StoredPosition & PartitionId) => void,
): Generator<void, number | null> {
  let lastMs: number | null = null
  let aheadMs: number | null = null
  const nowMs = log.clock.now()
  for (const page of log.positions.pages(name)) {
    for (const { committedMs } of page) {
      if (committedMs <= nowMs) lastMs = Math.max(lastMs ?? 0, committedMs)
      else aheadMs = Math.max(aheadMs ?? 0, committedMs)
    }
    for (const position of log.topics.named(page)) visit(position)
    if (page.length < positionsAtOnce) continue
    yield
    log.refresh()
  }
  return lastMs ?? aheadMs
}
