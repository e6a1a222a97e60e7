/**
 * The one sequence over all source partitions of an application: the head with the smallest timestamp goes next, ties
 * by topic name, then partition; within a partition by offset. What was in the topic of a global table when that was
 * new goes before all else.
 *
 * So the same complete input gives the same sequence, however it is read. The end of the input is read for all
 * partitions in one snapshot: an importer's commit over several partitions is seen whole or not at all.
 */
import { present } from '../core/assert.ts'
import { Arrivals } from './arrivals.ts'
import { Carrier } from '../plan/carrier.ts'
import { MillraceError } from '../core/errors.ts'
import type { SourceNode, SourceTopic, TimestampExtractor } from '../plan/node.ts'
import { operatorError } from '../plan/operator.ts'
import { BatchCursor } from '../log/format/batch-cursor.ts'
import type { Commit, PartitionId, Session, StoredBatch } from '../log/contract.ts'
import type { PartitionedTopic } from '../log/format/partition-id.ts'

/** One source partition on its way. */
export class SourceLane {
  readonly partition: PartitionId
  readonly source: SourceTopic
  readonly node: SourceNode
  /** Its place among all lanes, which breaks ties. */
  readonly index: number
  readonly cursor: BatchCursor
  /** Whether it holds dead letters that were sent again: nothing waits for more of them. */
  readonly isRedriven: boolean
  /** The offset of the next record to take. */
  position: number
  committedPosition: number
  /** How far the last snapshot reached. */
  endOffset = 0
  /** It is read no further, whatever comes. */
  boundOffset: number = Number.POSITIVE_INFINITY
  hasHead = false
  /** The time of the head. */
  timestamp = 0
  /** Its place among the heads: the time, or of what goes first of all, a number below 0 in the order of time. */
  place = 0
  /** Why the head has no time; the log's counts until its turn fails. */
  failure: MillraceError | undefined = undefined
  /** The head, where its time was not that of the log. */
  #head: Carrier | undefined = undefined
  /** Whether its head is in the log, and has yet to be fetched. */
  isLate = false
  /** Since when it is empty, by the clock's elapsed time; undefined while it is not. */
  emptySinceMs: number | undefined = undefined

  /** Records before this offset go before those of other lanes: they were there when their global table was new. */
  readonly #loadedTo: number
  #arrivals: Arrivals | undefined

  constructor(
    partition: PartitionId,
    node: SourceNode,
    source: SourceTopic,
    index: number,
    position: number,
    loadedTo = 0,
    isRedriven = false,
  ) {
    this.partition = partition
    this.source = source
    this.node = node
    this.index = index
    this.cursor = new BatchCursor(partition)
    this.position = position
    this.committedPosition = position
    this.#loadedTo = loadedTo
    this.isRedriven = isRedriven
  }

  /** The last snapshot reaches this far. */
  reach(endOffset: number, nowMs: number): void {
    // What is there at the first look was appended at a time that is not known.
    if (this.#arrivals === undefined) this.#arrivals = new Arrivals()
    else if (endOffset > this.endOffset) this.#arrivals.seen(endOffset, nowMs)
    this.endOffset = endOffset
  }

  /** What was read is durable; tells when each of those records that are durable now was first seen. */
  wasCommitted(tellSeen: (seenMs: number) => void): void {
    this.committedPosition = this.position
    this.#arrivals?.committed(this.position, tellSeen)
  }

  /** How far it is read when its partition ends here. A bound before its position or its head takes nothing back. */
  within(endOffset: number): number {
    return Math.min(endOffset, Math.max(this.boundOffset, this.hasHead ? this.position + 1 : this.position))
  }

  /** The cursor has come to a record, which is the head from now on. */
  headFound(): void {
    const { cursor, node } = this
    this.hasHead = true
    this.timestamp = cursor.timestamp
    if (node.timestampOf !== undefined) this.#askTime(node.timestampOf)
    this.place = cursor.offset < this.#loadedTo ? this.timestamp - 2 ** 53 : this.timestamp
  }

  #askTime(timestampOf: TimestampExtractor): void {
    this.failure = this.#head = undefined
    const read = this.carrier()
    // A null value deletes a row of a table, whatever its serde says: the function sees it as such.
    const isDelete = this.node.verb !== 'stream' && read.isValueNull
    try {
      const timestamp = timestampOf((isDelete ? read.withValue(null, undefined) : read).view())
      if (read.failure !== undefined) throw read.failure
      this.timestamp = timestamp
      this.#head = read.withTimestamp(timestamp)
    } catch (error) {
      this.failure = operatorError(this.node.id, error)
      this.#head = read
    }
  }

  /** The record at the head. */
  carrier(): Carrier {
    if (this.#head !== undefined) return this.#head
    const { cursor, source } = this
    return Carrier.ofLog(
      this.partition,
      cursor.offset,
      cursor.timestamp,
      cursor.headers,
      cursor.bytes,
      source.keyCodec,
      cursor.keyStart,
      cursor.keyEnd,
      source.valueCodec,
      cursor.valueStart,
      cursor.valueEnd,
    )
  }
}

/** The lanes of one topic, whose ends are read together. */
export interface TopicOfLanes extends PartitionedTopic {
  readonly lanes: readonly SourceLane[]
}

export class SourceSequence {
  readonly lanes: SourceLane[]
  readonly #session: Session
  /** The lane that goes on until another one has the smaller head. */
  #current: SourceLane | undefined
  /** All other lanes that have a head, the smallest first: a heap. */
  readonly #others: SourceLane[] = []
  #topics: readonly TopicOfLanes[]
  readonly #moveBounds: ((lanes: readonly SourceLane[]) => void) | undefined
  /** The newest commit when the ends were read. */
  #seenCommit = -1
  /** Whether all commits before its own current one were seen. */
  #hasSeenAll = false
  /** How many lanes are late. */
  #lateCount = 0

  /**
   * @param lanes in the order that breaks ties
   * @param moveBounds moves their bounds, each time that the log has something new
   */
  constructor(session: Session, lanes: readonly SourceLane[], moveBounds?: (lanes: readonly SourceLane[]) => void) {
    this.#session = session
    this.#moveBounds = moveBounds
    this.lanes = [...lanes]
    this.#topics = topicsOf(lanes)
  }

  /** Checks how far the log reaches now, for all partitions at the same moment; cheap while nothing was committed. */
  lookForMore(nowMs: number): void {
    const newest = this.#session.newestCommit()
    if (newest === this.#seenCommit && this.#lateCount === 0) return
    this.#seenCommit = newest
    this.#session.refresh()
    this.#moveBounds?.(this.lanes)
    for (const topic of this.#topics) {
      const ends = this.#session.endOffsets(topic)
      for (const lane of topic.lanes) {
        lane.reach(lane.within(present(ends[lane.partition.partition], 'each partition has an end')), nowMs)
      }
    }
    if (this.#current?.hasHead === true) this.#push(this.#current)
    this.#current = undefined
    for (const lane of this.lanes) {
      if (lane.hasHead) continue
      this.#advance(lane, nowMs)
      if (lane.hasHead) this.#push(lane)
    }
  }

  /** Partitions that are read from now on; ties with the others go to those. */
  add(lanes: readonly SourceLane[]): void {
    this.lanes.push(...lanes)
    this.#topics = topicsOf(this.lanes)
    this.#seenCommit = -1
  }

  /** What is in the log now is all that is read. */
  boundHere(): void {
    for (const lane of this.lanes) lane.boundOffset = lane.endOffset
  }

  /** Its own commit begins. */
  beginCommit(): void {
    this.#hasSeenAll = this.#session.newestCommit() === this.#seenCommit
  }

  /**
   * It is durable. Unless it appended to the lanes, or others have committed too, there is no more to look for than
   * before.
   */
  endCommit(appends: Commit['appends']): void {
    if (!this.#hasSeenAll || this.#session.newestCommit() !== this.#seenCommit + 1) return
    const isOfLanes = ({ partition }: Commit['appends'][number]): boolean =>
      this.#topics.some(({ id }) => id === partition.topicId)
    if (!appends.some(isOfLanes)) this.#seenCommit++
  }

  /** Whether the order waits for a head that has yet to be fetched: whatever went before it might go too early. */
  get isLate(): boolean {
    return this.#lateCount > 0
  }

  /** The lane whose head goes next; undefined when every partition is read to the end that was seen, or one is late. */
  next(): SourceLane | undefined {
    if (this.#lateCount > 0) return undefined
    const current = this.#current
    const other = this.#others[0]
    if (current === undefined || !current.hasHead) return (this.#current = this.#pop())
    if (other === undefined || comesBefore(current, other)) return current
    this.#sink(current)
    return (this.#current = other)
  }

  #push(lane: SourceLane): void {
    const others = this.#others
    let at = others.length
    while (at > 0) {
      const above = (at - 1) >> 1
      const parent = others[above] as SourceLane
      if (comesBefore(parent, lane)) break
      others[at] = parent
      at = above
    }
    others[at] = lane
  }

  #pop(): SourceLane | undefined {
    const first = this.#others[0]
    const last = this.#others.pop()
    if (last !== undefined && last !== first) this.#sink(last)
    return first
  }

  /** Puts a lane in place of the first one of the heap. */
  #sink(lane: SourceLane): void {
    const others = this.#others
    const { length } = others
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      if (below >= length) break
      if (below + 1 < length && comesBefore(others[below + 1] as SourceLane, others[below] as SourceLane)) below++
      const child = others[below] as SourceLane
      if (comesBefore(lane, child)) break
      others[at] = child
      at = below
    }
    others[at] = lane
  }

  /**
   * Takes the head of a lane, the one that {@link next} gave: its next record becomes the head. True when the lane has
   * come to the end that was seen.
   *
   * @throws MillraceError `damaged`
   */
  take(lane: SourceLane, nowMs: () => number): boolean {
    lane.position = lane.cursor.offset + 1
    if (lane.cursor.next() && lane.cursor.offset < lane.endOffset) {
      lane.headFound()
      return false
    }
    this.#advance(lane, lane.position < lane.endOffset ? 0 : nowMs())
    return !lane.hasHead
  }

  /** Makes the record at the lane's position its head, if the log has it. */
  #advance(lane: SourceLane, nowMs: number): void {
    lane.hasHead = false
    this.#setLate(lane, false)
    while (lane.position < lane.endOffset) {
      const batch = this.#session.batchAt(lane.partition, lane.position)
      if (batch === 'later') return this.#setLate(lane, true)
      // Where compaction has left nothing up to the end, the end is reached.
      lane.position = batch === undefined ? lane.endOffset : this.#load(lane, batch)
      if (!lane.hasHead) continue
      lane.emptySinceMs = undefined
      return
    }
    if (lane.position > lane.endOffset) throw positionLost(lane, lane.endOffset)
    lane.emptySinceMs ??= nowMs
  }

  #setLate(lane: SourceLane, isLate: boolean): void {
    if (lane.isLate === isLate) return
    lane.isLate = isLate
    this.#lateCount += isLate ? 1 : -1
  }

  /**
   * Finds the head in a batch; returns its offset, or where the batch ends when it has none from the position on. What
   * lies after the end of the lane is no head: compaction may have left nothing before it.
   */
  #load(lane: SourceLane, { bytes, baseOffset }: StoredBatch): number {
    const { cursor } = lane
    cursor.load(bytes, baseOffset)
    while (cursor.next()) {
      if (cursor.offset < lane.position) continue
      if (cursor.offset >= lane.endOffset) return lane.endOffset
      lane.headFound()
      return cursor.offset
    }
    return Math.min(cursor.endOffset, lane.endOffset)
  }

  /** How long it is until no partition has been empty since after `untilMs`. */
  waitMs(untilMs: number): number {
    let waitMs = 0
    for (const { emptySinceMs, isRedriven } of this.lanes) {
      if (emptySinceMs !== undefined && !isRedriven) waitMs = Math.max(waitMs, emptySinceMs - untilMs)
    }
    return waitMs
  }

  /** How many records lie between the positions and the ends that were seen. */
  get lag(): number {
    return this.lanes.reduce((total, lane) => total + lane.endOffset - lane.position, 0)
  }
}

export function topicsOf(lanes: readonly SourceLane[]): TopicOfLanes[] {
  const topics = new Map<number, SourceLane[]>()
  for (const lane of lanes) {
    const { topicId } = lane.partition
    const others = topics.get(topicId)
    if (others === undefined) topics.set(topicId, [lane])
    else others.push(lane)
  }
  return [...topics].map(([id, ofTopic]) => ({
    id,
    name: ofTopic[0]?.partition.topic ?? '',
    partitions: Math.max(...ofTopic.map(({ partition }) => partition.partition)) + 1,
    lanes: ofTopic,
  }))
}

/** Whether the head of one lane goes before that of another. */
function comesBefore(one: SourceLane, other: SourceLane): boolean {
  return one.place < other.place || (one.place === other.place && one.index < other.index)
}

function positionLost({ position, partition }: SourceLane, endOffset: number): MillraceError {
  return new MillraceError(
    'position_lost',
    `the application goes on at offset ${position} of ${partition.topic}[${partition.partition}], but the partition ends at ` +
      `${endOffset}. To start over with what is kept, reset the application: log.admin.resetApplication(id, { to: 'beginning' })`,
    { topic: partition.topic, partition: partition.partition, offset: position },
  )
}
