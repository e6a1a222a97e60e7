/**
 * The range of records that a version replays: what was asked for, and the offsets that it came to when it began. It is
 * stored with the version, with the topics that it writes, so that a restart goes on with the same.
 */
import { checkList, checkOptions, checkWhole, onlyField } from '../core/checks.ts'
import { MillraceError } from '../core/errors.ts'
import { shown } from '../core/shown.ts'
import type { FoundApplication, OutputBases, PartitionId, StoredReplay } from '../log/contract.ts'
import type { SourceNode } from '../plan/node.ts'
import type { SourceLane } from '../runtime/sequence.ts'
import type { OffsetsByTopic, ReplayFrom, ReplayTo } from './face.ts'
import type { OutputNames } from './other-outputs.ts'
import { wholeFrom } from './whole-from.ts'

/** As a caller gave it, checked. */
export interface AskedRange {
  readonly from: ReplayFrom
  readonly to: ReplayTo | null
  /** The outputs that go to no hidden topic: names by names. */
  readonly outputs: OutputNames
}

/** As it is stored. */
export interface ReplayRange extends AskedRange {
  /** The first offset of each partition. */
  readonly starts: OffsetsByTopic
  /** The offsets that it stops before; null: it follows the live version. */
  readonly ends: OffsetsByTopic | null
  /** Windows that start then or later, in ms since the epoch, are whole; null: everything is. */
  readonly wholeFrom: number | null
  /** What its outputs begin with, where that is in the topics of another version. */
  readonly bases?: OutputBases | undefined
}

/** What is stored of a version that has not replayed yet: a copy of the live one, or one that was live itself. */
type NotBegun = Pick<StoredReplay, 'bases' | 'isCopying' | 'wholeFrom'>

/** @throws MillraceError `bad_option` */
export function checkRange(from: ReplayFrom = 'beginning', to?: ReplayTo): Pick<AskedRange, 'from' | 'to'> {
  return { from: checkFrom(from), to: to === undefined ? null : checkTo(to) }
}

function checkFrom(from: ReplayFrom): ReplayFrom {
  if (from === 'beginning' || from === 'live') return from
  const [name, value] = onlyField(from) ?? []
  if (name === 'offsets') return { offsets: checkOffsets('from.offsets', value as OffsetsByTopic) }
  if (name === 'time') return { time: checkWhole('from.time', value as number, 0) }
  if (name === 'ago') return { ago: checkWhole('from.ago', value as number, 0) }
  throw new MillraceError(
    'bad_option',
    `a replay cannot begin at ${shown(from)}; expected 'beginning', 'live', { offsets }, { time } or { ago }`,
  )
}

function checkTo(to: ReplayTo): ReplayTo {
  const [name, value] = onlyField(to) ?? []
  if (name === 'offsets') return { offsets: checkOffsets('to.offsets', value as OffsetsByTopic) }
  if (name === 'time') return { time: checkWhole('to.time', value as number, 0) }
  throw new MillraceError('bad_option', `a replay cannot stop at ${shown(to)}; expected { offsets } or { time }`)
}

function checkOffsets(what: string, offsets: OffsetsByTopic): OffsetsByTopic {
  const copy = checkOptions(what, offsets, typeof offsets === 'object' && offsets !== null ? Object.keys(offsets) : [])
  return Object.fromEntries(
    Object.entries(copy)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([topic, list]) => {
        const name = `${what}.${topic}`
        return [topic, checkList(name, list).map((offset, i) => checkWhole(`${name}[${i}]`, offset, 0))]
      }),
  )
}

/** Where a partition begins that was never read. */
export function firstOffset(
  { from }: AskedRange,
  found: FoundApplication,
  partition: PartitionId,
  { isGlobal }: SourceNode,
): number {
  const first = found.startOffset(partition)
  if (typeof from === 'string' || isGlobal) return first
  if ('time' in from) return found.offsetAtTime(partition, from.time)
  if ('ago' in from) return found.offsetAtTime(partition, Math.max(0, found.nowMs - from.ago))
  return offsetIn('from', from.offsets, partition, first, first, found.endOffset(partition))
}

function offsetIn(
  what: 'from' | 'to',
  offsets: OffsetsByTopic,
  { topic, partition }: PartitionId,
  otherwise: number,
  least: number,
  most: number,
): number {
  const list = Object.hasOwn(offsets, topic) ? offsets[topic] : undefined
  if (list === undefined) return otherwise
  const offset = list[partition]
  if (offset !== undefined && offset >= least && offset <= most) return offset
  const given =
    offset === undefined ? `has no offset for ${topic}[${partition}]` : `is ${offset} for ${topic}[${partition}]`
  throw new MillraceError('bad_option', `${what}.offsets ${given}; expected ${least} to ${most}`, { topic, partition })
}

export function storedOf(replay: object | undefined): ReplayRange | NotBegun | undefined {
  return replay
}

/**
 * A version goes on as it began.
 *
 * @throws MillraceError `bad_option`
 */
export function checkBegun(asked: AskedRange, { replay }: FoundApplication): void {
  const stored = storedOf(replay)
  if (stored === undefined) return
  if ('from' in stored) checkSame(asked, stored)
  else if (stored.isCopying !== undefined) checkSame(asked, { ...asked, from: 'live' })
}

/**
 * The range of a version that begins, or that goes on.
 *
 * @param lanes as they begin now
 * @throws MillraceError `bad_option` for one that there is not
 */
export function rangeOf(asked: AskedRange, found: FoundApplication, lanes: readonly SourceLane[]): ReplayRange {
  const stored = storedOf(found.replay)
  if (stored !== undefined && 'from' in stored) {
    return {
      ...stored,
      starts: byTopic(lanes, ({ partition, position }) => startAt(stored.starts, partition, position)),
    }
  }
  const { from, to } = asked
  checkTopics('from', typeof from === 'string' || !('offsets' in from) ? {} : from.offsets, lanes)
  checkTopics('to', to === null || !('offsets' in to) ? {} : to.offsets, lanes)
  if (to !== null && 'time' in to && to.time > found.nowMs) {
    throw new MillraceError(
      'bad_option',
      `to.time is ${to.time}, and it is ${found.nowMs} by the clock of the log: a replay stops where there is something. ` +
        'To follow the live version, leave `to` out',
    )
  }
  const starts = byTopic(lanes, ({ position }) => position)
  const ends = to === null ? null : byTopic(lanes, (lane) => Math.max(lane.position, endOf(to, found, lane.partition)))
  const isNew = found.plan === undefined
  const whole = isNew ? wholeFrom(from, found, lanes) : (stored?.wholeFrom ?? null)
  return { ...asked, starts, ends, wholeFrom: whole, bases: stored?.bases }
}

function endOf(to: ReplayTo, found: FoundApplication, partition: PartitionId): number {
  if ('time' in to) return found.offsetAtTime(partition, to.time)
  const end = found.endOffset(partition)
  return offsetIn('to', to.offsets, partition, end, 0, end)
}

/** Where a version began in a partition; in one that has come since, where it is. */
export function startAt(starts: OffsetsByTopic, { topic, partition }: PartitionId, position: number): number {
  return starts[topic]?.[partition] ?? position
}

function byTopic(lanes: readonly SourceLane[], offsetOf: (lane: SourceLane) => number): OffsetsByTopic {
  const offsets: Record<string, number[]> = {}
  for (const lane of lanes) {
    const list = (offsets[lane.partition.topic] ??= [])
    list[lane.partition.partition] = offsetOf(lane)
  }
  return offsets
}

function checkTopics(what: string, offsets: OffsetsByTopic, lanes: readonly SourceLane[]): void {
  for (const [topic, list] of Object.entries(offsets)) {
    const count = lanes.filter(({ partition }) => partition.topic === topic).length
    if (count === list.length) continue
    const expected = count === 0 ? 'the topology does not read it' : `it has ${count} partitions`
    throw new MillraceError('bad_option', `${what}.offsets has ${list.length} for topic "${topic}", but ${expected}`)
  }
}

function checkSame(asked: AskedRange, stored: AskedRange): void {
  for (const field of ['from', 'to', 'outputs'] as const) {
    if (JSON.stringify(asked[field]) === JSON.stringify(stored[field])) continue
    const { from, to, outputs } = stored
    throw new MillraceError(
      'bad_option',
      `this version began with from ${JSON.stringify(from)}, to ${JSON.stringify(to)} and outputs ` +
        `${JSON.stringify(outputs)}, and goes on with nothing else: give it the same ${field} again, or another name`,
    )
  }
}
