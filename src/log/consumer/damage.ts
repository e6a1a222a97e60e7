/**
 * A way past a batch that is damaged.
 */
import { MillraceError } from '../../core/errors.ts'
import type { EmbeddedLog } from '../embedded-log.ts'
import type { PartitionId } from '../format/partition-id.ts'

/** The error of a damaged batch, with the offset that a reader has to get past to go on; any other error as it is. */
export function withWayPast<E>(log: EmbeddedLog, place: PartitionId, baseOffset: number, error: E): E | MillraceError {
  if (!(error instanceof MillraceError) || error.code !== 'damaged') return error
  const { topic, partition } = place
  const next = log.baseOffsetAfter(place, baseOffset)
  return new MillraceError('damaged', `${error.message}; to skip it, read from offset ${next}`, {
    topic,
    partition,
    offset: next - 1,
    cause: error,
  })
}
