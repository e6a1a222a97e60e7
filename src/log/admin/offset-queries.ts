/**
 * Offsets of a topic by partition: where it begins, where it ends, and where a time is.
 */
import { checkWhole } from '../../core/checks.ts'
import type { Offset, Timestamp } from '../../core/units.ts'
import type { RecordSource } from '../kept/record-source.ts'
import type { TopicDescription } from '../kept/topic-row.ts'
import { timestampAt } from './lag.ts'
import { partitionsOf } from '../format/partition-id.ts'

/** A record by its place and its time. */
export interface OffsetAndTimestamp {
  /** Its place in the partition. */
  readonly offset: Offset
  /** Of the record at the offset; it may be later than what was asked for. */
  readonly timestamp: Timestamp
}

export function offsetsForTimes(
  source: RecordSource,
  topic: TopicDescription,
  timestamp: number,
): (OffsetAndTimestamp | null)[] {
  checkWhole('the time to look for', timestamp, 0)
  return partitionsOf(topic).map((partition) => {
    const offset = source.offsetAtTime(partition, timestamp)
    const found = timestampAt(source, partition, offset)
    return found === undefined ? null : { offset: offset as Offset, timestamp: found }
  })
}
