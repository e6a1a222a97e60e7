/**
 * Where a consumer begins and where it is sent: words and times, made offsets.
 */
import { MillraceError } from '../core/errors.ts'
import { checkWhole } from '../core/names.ts'
import type { EmbeddedLog } from './embedded-log.ts'
import type { PartitionId } from './partitions.ts'

/**
 * Where a consumer goes: an offset, the first record that is kept, behind the last, the first record with at least this time (ms
 * since the epoch), or the first one of the last so many ms.
 */
export type SeekTarget = number | 'beginning' | 'end' | { readonly time: number } | { readonly ago: number }

/**
 * Where a consumer begins that has no position, or whose position is not kept any more: at the first record, behind the last,
 * at the first record of the last so many ms, or not at all: `none` fails with `position_lost`.
 */
export type ResetPolicy = 'earliest' | 'latest' | 'none' | { readonly ago: number }

export function checkReset(reset: ResetPolicy): ResetPolicy {
  if (reset === 'earliest' || reset === 'latest' || reset === 'none') return reset
  if (typeof reset === 'object' && reset !== null && 'ago' in reset) {
    checkWhole('the duration of reset', reset.ago, 0)
    return reset
  }
  throw new MillraceError(
    'bad_option',
    `reset is ${JSON.stringify(reset)}; expected "earliest", "latest", "none" or { ago: ms }`,
  )
}

/** @throws MillraceError `bad_option` */
export function seekOffset(log: EmbeddedLog, partition: PartitionId, target: SeekTarget): number {
  if (target === 'beginning') return log.startOffset(partition)
  if (target === 'end') return log.endOffset(partition)
  if (typeof target === 'number') return checkWhole('the offset to seek', target, 0)
  if (typeof target === 'object' && target !== null) {
    if ('time' in target) return log.offsetAtTime(partition, checkWhole('the time to seek', target.time, 0))
    if ('ago' in target) {
      const timestamp = log.clock.now() - checkWhole('the duration to seek', target.ago, 0)
      return log.offsetAtTime(partition, Math.max(0, timestamp))
    }
  }
  throw new MillraceError(
    'bad_option',
    `cannot seek to ${JSON.stringify(target)}; expected an offset, "beginning", "end", { time: ms } or { ago: ms }`,
  )
}

/**
 * The offset that a policy begins with.
 *
 * @throws MillraceError `position_lost` for `none`
 */
export function resetOffset(
  log: EmbeddedLog,
  partition: PartitionId,
  policy: ResetPolicy,
  lost: number | undefined,
): number {
  if (policy !== 'none') {
    return seekOffset(log, partition, policy === 'earliest' ? 'beginning' : policy === 'latest' ? 'end' : policy)
  }
  const { topic, partition: index } = partition
  const kept = `it holds offsets from ${log.startOffset(partition)} to ${log.endOffset(partition)}`
  throw new MillraceError(
    'position_lost',
    lost === undefined
      ? `there is no position for ${topic}[${index}], and reset is "none": seek, or choose another reset`
      : `${topic}[${index}] does not hold offset ${lost}, ${kept}, and reset is "none": seek to go on`,
    lost === undefined ? { topic, partition: index } : { topic, partition: index, offset: lost },
  )
}
