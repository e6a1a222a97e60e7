/**
 * Where the live version is: a version beside it reads no further, and lets it go first.
 */
import { parsePlan } from '../core/stored-plan.ts'
import { partitionName } from '../log/format/partition-id.ts'
import { isHiddenTopic, isRedriveTopic } from '../log/kept/version-name.ts'
import type { ApplicationLog, PartitionId, Session, StoredApplication } from '../log/contract.ts'
import { decodeEntries } from '../core/stored-progress.ts'
import { type SourceLane, type TopicOfLanes, topicsOf } from '../runtime/sequence.ts'
import type { OffsetsByTopic } from './face.ts'

/**
 * Positions are looked up where the live version has something to read, once for each commit of anyone: with many
 * partitions, few of which move, that is little.
 */
export class LivePosition {
  readonly #log: ApplicationLog
  readonly #session: Session
  readonly #applicationId: string
  /** The offsets that it stops before, whatever the live version does. */
  readonly #ends: OffsetsByTopic | null
  /** Bounds that are kept for a while, by partition. */
  readonly #holds = new Set<ReadonlyMap<string, number>>()
  #live: StoredApplication | undefined
  #topics: ReadonlySet<string> = new Set()
  #lanesByTopic: readonly TopicOfLanes[] = []
  #laneCount = 0
  /** Where the live version was when it was last looked up; it only goes forward. */
  readonly #positions = new Map<SourceLane, number>()
  #isBusy = false
  /** The newest commit when they were looked up. */
  #seenCommit = -1

  constructor(log: ApplicationLog, session: Session, applicationId: string, ends: OffsetsByTopic | null) {
    this.#log = log
    this.#session = session
    this.#applicationId = applicationId
    this.#ends = ends
  }

  /** Moves the bounds of lanes to where the live version is now. */
  moveBounds(lanes: readonly SourceLane[]): void {
    const boundOf = this.#boundsNow(lanes)
    for (const lane of lanes) {
      lane.boundOffset = boundOf(lane)
      for (const held of this.#holds) {
        lane.boundOffset = Math.min(lane.boundOffset, held.get(partitionName(lane.partition)) ?? 0)
      }
    }
  }

  /** Holds the bounds of lanes where the live version is now, until the returned function is called. */
  hold(lanes: readonly SourceLane[]): () => void {
    const boundOf = this.#boundsNow(lanes)
    const held = new Map(lanes.map((lane) => [partitionName(lane.partition), boundOf(lane)]))
    this.#holds.add(held)
    return () => void this.#holds.delete(held)
  }

  /** Whether there is something for the live version to read. */
  isBusy(): boolean {
    this.#look()
    return this.#isBusy
  }

  isRunning(): boolean {
    return this.#log.find(this.#applicationId)?.isRunning() === true
  }

  #boundsNow(lanes: readonly SourceLane[]): (lane: SourceLane) => number {
    if (lanes.length !== this.#laneCount) {
      this.#lanesByTopic = topicsOf(lanes)
      this.#laneCount = lanes.length
      this.#seenCommit = -1
    }
    this.#look()
    const boundOf = this.#live && boundsWithoutPosition(this.#live, this.#topics, this.#session, this.#applicationId)
    return (lane) => {
      const end = this.#ends?.[lane.partition.topic]?.[lane.partition.partition] ?? Number.POSITIVE_INFINITY
      return Math.min(end, this.#positions.get(lane) ?? boundOf?.(lane.partition) ?? Number.POSITIVE_INFINITY)
    }
  }

  #look(): void {
    const newest = this.#session.newestCommit()
    if (newest === this.#seenCommit) return
    this.#session.refresh()
    this.#seenCommit = newest
    if (this.#live?.isTheSame() !== true) this.#find()
    this.#isBusy = false
    if (this.#live === undefined) return
    for (const topic of this.#lanesByTopic) {
      const ends = this.#session.endOffsets(topic)
      for (const lane of topic.lanes) this.#lookUp(this.#live, lane, ends[lane.partition.partition] ?? 0)
    }
  }

  /** It was started again, reset, switched or deleted: nothing that was known of it holds. */
  #find(): void {
    this.#live = this.#log.find(this.#applicationId)
    this.#positions.clear()
    this.#topics = new Set(this.#live === undefined ? [] : parsePlan(this.#applicationId, this.#live.plan).topics)
  }

  #lookUp(live: StoredApplication, lane: SourceLane, endOffset: number): void {
    const known = this.#positions.get(lane)
    if (known !== undefined && known >= endOffset) return
    const position = live.position(lane.partition)
    if (position === undefined) return
    this.#positions.set(lane, position)
    if (position < endOffset) this.#isBusy = true
  }
}

/** How far a version beside a live one may read a partition, where what is stored is all there is to ask. */
export function storedBounds(log: ApplicationLog, applicationId: string): (partition: PartitionId) => number {
  const live = log.find(applicationId)
  if (live === undefined) return () => Number.POSITIVE_INFINITY
  const topics = new Set(parsePlan(applicationId, live.plan).topics)
  const boundOf = boundsWithoutPosition(live, topics, log.records, applicationId)
  return (partition) => live.position(partition) ?? boundOf(partition)
}

/** Bounds of partitions that the live version has no position in. */
function boundsWithoutPosition(
  live: StoredApplication,
  topics: ReadonlySet<string>,
  log: Pick<Session, 'offsetAtTime'>,
  applicationId: string,
): (partition: PartitionId) => number {
  let eventTime: number | undefined
  return (partition) => {
    if (topics.has(partition.topic) || isRedriveTopic(partition.topic, applicationId)) return 0
    // What it writes itself is not the live version's to read.
    if (isHiddenTopic(partition.topic)) return Number.POSITIVE_INFINITY
    eventTime ??= Math.max(-1, ...live.allProgress().map(({ progress }) => timeIn(progress)))
    return log.offsetAtTime(partition, eventTime + 1)
  }
}

const timeIn = (progress: Buffer | undefined): number =>
  progress === undefined ? -1 : decodeEntries(progress).eventTime
