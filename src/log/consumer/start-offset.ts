/**
 * Where a consumer or a reader begins and where it is sent: words and times, made offsets.
 */
import { MillraceError } from '../../core/errors.ts'
import { checkWhole, onlyField } from '../../core/checks.ts'
import { shown } from '../../core/shown.ts'
import type { RecordSource } from '../kept/record-source.ts'
import type { PartitionId } from '../format/partition-id.ts'

/**
 * Where a consumer goes: an offset, the first record that is kept, the end, the first record with at least this time
 * (ms since the epoch), or the first record that is at most this old (ms). An offset past the end is `position_lost`.
 */
export type SeekTarget = number | 'beginning' | 'end' | { readonly time: number } | { readonly ago: number }

/**
 * Where a consumer begins without a position, or when its position is no longer kept: at the first record, at the end,
 * at the first record that is at most this old (ms), or not at all: `none` fails with `position_lost`.
 */
export type ResetPolicy = 'earliest' | 'latest' | 'none' | { readonly ago: number }

export function checkReset(reset: ResetPolicy): ResetPolicy {
  if (reset === 'earliest' || reset === 'latest' || reset === 'none') return reset
  const [name, value] = onlyField(reset) ?? []
  if (name === 'ago') return { ago: checkWhole('the duration of reset', value as number, 0) }
  throw new MillraceError(
    'bad_option',
    `reset is ${shown(reset)}; expected "earliest", "latest", "none" or { ago: ms }`,
  )
}

/** @throws MillraceError `bad_option` */
export function checkSeekTarget(target: SeekTarget): SeekTarget {
  if (target === 'beginning' || target === 'end') return target
  if (typeof target === 'number') return checkWhole('the offset to begin at', target, 0)
  const [name, value] = onlyField(target) ?? []
  if (name === 'time') return { time: checkWhole('the time to begin at', value as number, 0) }
  if (name === 'ago') return { ago: checkWhole('the duration to go back', value as number, 0) }
  throw new MillraceError(
    'bad_option',
    `cannot begin at ${shown(target)}; expected an offset, "beginning", "end", { time: ms } or { ago: ms }`,
  )
}

/**
 * The offset that a target is in a partition; a number may lie before the beginning, but not past the end.
 *
 * @throws MillraceError `bad_option`, `position_lost`
 */
export function seekOffset(source: RecordSource, partition: PartitionId, given: SeekTarget): number {
  const target = checkSeekTarget(given)
  if (target === 'beginning') return source.startOffset(partition)
  if (target === 'end') return source.endOffset(partition)
  if (typeof target === 'number') return notPastEnd(partition, target, source.endOffset(partition))
  const timestamp = 'time' in target ? target.time : Math.max(0, source.clock.now() - target.ago)
  return source.offsetAtTime(partition, timestamp)
}

function notPastEnd({ topic, partition }: PartitionId, offset: number, endOffset: number): number {
  if (offset <= endOffset) return offset
  throw new MillraceError(
    'position_lost',
    `${topic}[${partition}] ends at offset ${endOffset}, before offset ${offset}`,
    { topic, partition, offset },
  )
}

/**
 * The offset that a policy begins with.
 *
 * @throws MillraceError `position_lost` for `none`
 */
export function resetOffset(
  source: RecordSource,
  partition: PartitionId,
  policy: ResetPolicy,
  lost: number | undefined,
): number {
  if (policy !== 'none') {
    return seekOffset(source, partition, policy === 'earliest' ? 'beginning' : policy === 'latest' ? 'end' : policy)
  }
  const { topic, partition: index } = partition
  const kept = `it holds offsets from ${source.startOffset(partition)} to ${source.endOffset(partition)}`
  throw new MillraceError(
    'position_lost',
    lost === undefined
      ? `there is no position for ${topic}[${index}], and reset is "none": seek, or choose another reset`
      : `${topic}[${index}] does not hold offset ${lost}, ${kept}, and reset is "none": seek to go on`,
    lost === undefined ? { topic, partition: index } : { topic, partition: index, offset: lost },
  )
}
