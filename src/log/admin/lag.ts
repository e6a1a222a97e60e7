/**
 * How far a group or an application lags behind the end of what it reads, in records and in time.
 */
import { MillraceError } from '../../core/errors.ts'
import type { Offset, Timestamp } from '../../core/units.ts'
import { RecordWalk } from '../consumer/record-walk.ts'
import type { RecordSource } from '../kept/record-source.ts'
import { eachPosition } from './each-position.ts'
import type { GroupLog } from './group-log.ts'
import { checkReader } from '../kept/topic-name.ts'
import type { PartitionId } from '../format/partition-id.ts'

/** How far a group or an application is in one partition. */
export interface PartitionLag {
  /** The topic. */
  readonly topic: string
  /** Its partition, from 0. */
  readonly partition: number
  /** The committed position: the offset of the next record to read. */
  readonly offset: Offset
  /** The first offset that is kept; a position before it has lost records to retention. */
  readonly startOffset: Offset
  /** One past the offset of the last record. */
  readonly endOffset: Offset
  /**
   * How many offsets there are between position and end, those that compaction has emptied too; 0 when no record is
   * left to read.
   */
  readonly records: number
  /** Of the first record at or after the position; null when none is left to read. */
  readonly timestamp: Timestamp | null
  /** How old that record is by the clock of the log, in ms; 0 where none is left to read. */
  readonly ageMs: number
  /** When the position was committed, by the clock of the log, ms since the epoch. */
  readonly committedMs: number
  /** What was noted beside the position when it was committed. */
  readonly metadata: string
}

/** How far a group or an application has come. */
export interface Reach {
  /** By topic and partition. */
  readonly lags: readonly PartitionLag[]
  /** When it last committed a position; null before the first. */
  readonly lastCommitMs: number | null
}

/**
 * All partitions that a group or an application has a position in, by topic and partition.
 *
 * @throws MillraceError `group_unknown`, `damaged`, `bad_option`
 */
export function* lagOf(log: GroupLog, group: string): Generator<void, readonly PartitionLag[]> {
  checkReader(group)
  log.refresh()
  const { lags, lastCommitMs } = yield* reachOf(log, group)
  if (lastCommitMs === null && log.groups.find(group) === undefined) throw groupUnknown(group)
  return lags
}

/** Without positions in topics that were deleted. */
export function* reachOf(log: GroupLog, name: string): Generator<void, Reach> {
  const nowMs = log.clock.now()
  const byTopic = new Map<string, PartitionLag[]>()
  const lastCommitMs = yield* eachPosition(log, name, (position) => {
    const { topic, partition, offset, committedMs, metadata } = position
    const { startOffset, endOffset } = log.partitions.row(position)
    const timestamp = timestampAt(log, position, Math.max(offset, startOffset)) ?? null
    const lags = byTopic.get(topic) ?? []
    if (lags.length === 0) byTopic.set(topic, lags)
    lags.push({
      topic,
      partition,
      offset: offset as Offset,
      startOffset: startOffset as Offset,
      endOffset: endOffset as Offset,
      records: timestamp === null ? 0 : endOffset - Math.max(offset, startOffset),
      timestamp,
      ageMs: timestamp === null ? 0 : Math.max(0, nowMs - timestamp),
      committedMs,
      metadata,
    })
  })
  const topics = [...byTopic].toSorted(([a], [b]) => (a < b ? -1 : 1))
  return { lags: topics.flatMap(([, lags]) => lags), lastCommitMs }
}

export function groupUnknown(group: string): MillraceError {
  return new MillraceError(
    'group_unknown',
    `no consumer group or application "${group}" has committed a position; log.admin.groups() lists those that have`,
  )
}

/** The timestamp of the first record at or after an offset; undefined when there is none. */
export function timestampAt(source: RecordSource, partition: PartitionId, offset: number): Timestamp | undefined {
  const walk = new RecordWalk(source, partition, offset)
  return walk.next() ? (walk.cursor.timestamp as Timestamp) : undefined
}
