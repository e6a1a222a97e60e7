/**
 * Moves the positions of a consumer group that has no members.
 */
import { MillraceError } from '../../core/errors.ts'
import { checkBoolean, checkOptions, checkWhole, onlyField } from '../../core/checks.ts'
import { shown } from '../../core/shown.ts'
import type { Offset } from '../../core/units.ts'
import { emptyGroup, type Group } from '../group/group.ts'
import type { GroupLog } from './group-log.ts'
import { groupUnknown } from './lag.ts'
import { checkReader, namesOf, type TopicName } from '../kept/topic-name.ts'
import { type PartitionId, partitionsOf } from '../format/partition-id.ts'

/**
 * Where positions are moved to: the first record that is kept; the end; an offset, in every partition; the first record
 * with at least this time (ms since the epoch), or the end without one; this many offsets on, or back when it is below
 * 0; the first record that is at most this old (ms) by the clock of the log.
 */
export type ResetTarget =
  | 'earliest'
  | 'latest'
  | { readonly offset: number }
  | { readonly time: number }
  | { readonly shift: number }
  | { readonly ago: number }

/** What `log.admin.resetOffsets` takes. */
export interface ResetOptions {
  /** Where to. It is clamped to what a partition holds. */
  readonly to: ResetTarget
  /** Whose partitions are meant, all of them. Default: those in which the group has a position. */
  readonly topics?: readonly TopicName[] | undefined
  /** Whether to say what would be done, and do nothing. Default false. */
  readonly dryRun?: boolean | undefined
}

/** One position that was moved, or would be. */
export interface OffsetReset {
  /** The topic. */
  readonly topic: string
  /** Its partition, from 0. */
  readonly partition: number
  /** Null where the group had no position. */
  readonly before: Offset | null
  /** Where it is now, or would be. */
  readonly after: Offset
}

export async function resetOffsets(log: GroupLog, group: string, options: ResetOptions): Promise<OffsetReset[]> {
  checkReader(group)
  const { to, topics, dryRun = false } = checkOptions('resetOffsets', options, ['to', 'topics', 'dryRun'])
  checkBoolean('dryRun', dryRun)
  const target = checkResetTarget(to)
  const names = topics === undefined ? undefined : namesOf('topics', topics)
  log.refresh()
  const partitions = partitionsToReset(log, group, names)
  // Times are looked for before the transaction, so that other writers do not wait for it.
  const offsets = partitions.map((partition) => timedOffset(log, partition, target))
  const plan = ({ members }: Pick<Group, 'members'>): OffsetReset[] => {
    log.positions.checkNotApplication(group)
    checkNoMembers(group, members.length)
    return partitions.map((partition, at) => resetOf(log, group, partition, target, offsets[at]))
  }
  if (dryRun) return plan(log.groups.alive(group))
  return log.environment.inTurn(() => {
    // A frozen member that only looks dead would commit when it wakes, over what is written here.
    log.refresh()
    log.groups.settle(group)
    return log.environment.write((transaction) => {
      const resets = plan(log.groups.find(group)?.group ?? emptyGroup)
      const committedMs = log.clock.now()
      for (const [at, { after }] of resets.entries()) {
        const partition = partitions[at] as PartitionId
        log.positions.put(transaction, group, partition, { offset: after, committedMs, metadata: '' })
      }
      return resets
    })
  })
}

/** @throws MillraceError `group_not_empty` */
function checkNoMembers(group: string, count: number): void {
  if (count === 0) return
  throw new MillraceError(
    'group_not_empty',
    `group "${group}" has ${count} member${count === 1 ? '' : 's'}, and its positions are theirs while they live; ` +
      'stop them first',
  )
}

function checkResetTarget(to: ResetTarget): ResetTarget {
  if (to === 'earliest' || to === 'latest') return to
  const [name, value] = onlyField(to) ?? []
  if (name === 'offset') return { offset: checkWhole(name, value as number, 0) }
  if (name === 'time') return { time: checkWhole(name, value as number, 0) }
  if (name === 'ago') return { ago: checkWhole(name, value as number, 0) }
  if (name === 'shift') return { shift: checkWhole(name, value as number, Number.MIN_SAFE_INTEGER) }
  throw new MillraceError(
    'bad_option',
    `resetOffsets cannot go to ${shown(to)}; expected 'earliest', 'latest', { offset }, { time }, { shift } or { ago }`,
  )
}

function partitionsToReset(log: GroupLog, group: string, topics: readonly string[] | undefined): PartitionId[] {
  if (topics !== undefined) return [...new Set(topics)].flatMap((topic) => partitionsOf(log.topics.describe(topic)))
  const positions = log.positions.list(group)
  if (positions.length === 0) throw groupUnknown(group)
  return log.topics.named(positions)
}

function timedOffset(log: GroupLog, partition: PartitionId, target: ResetTarget): number | undefined {
  if (typeof target !== 'object') return undefined
  if ('time' in target) return log.offsetAtTime(partition, target.time)
  if ('ago' in target) return log.offsetAtTime(partition, Math.max(0, log.clock.now() - target.ago))
  return undefined
}

function resetOf(
  log: GroupLog,
  group: string,
  partition: PartitionId,
  target: ResetTarget,
  timed: number | undefined,
): OffsetReset {
  const { startOffset, endOffset } = log.partitions.row(partition)
  const before = log.positions.get(group, partition)?.offset
  const wanted = timed ?? targetOffset(partition, group, target, before, startOffset, endOffset)
  return {
    topic: partition.topic,
    partition: partition.partition,
    before: before === undefined ? null : (before as Offset),
    after: Math.min(Math.max(wanted, startOffset), endOffset) as Offset,
  }
}

function targetOffset(
  { topic, partition }: PartitionId,
  group: string,
  target: ResetTarget,
  before: number | undefined,
  startOffset: number,
  endOffset: number,
): number {
  if (target === 'earliest') return startOffset
  if (typeof target !== 'object') return endOffset
  if ('offset' in target) return target.offset
  if ('shift' in target && before !== undefined) return before + target.shift
  throw new MillraceError(
    'bad_option',
    `the position of "${group}" in ${topic}[${partition}] cannot be shifted, because it has none; say where it is to begin`,
    { topic, partition },
  )
}
