/**
 * The one sequence over all source partitions of an application: the head with the smallest timestamp goes next, ties by
 * topic name, then partition; within a partition by offset.
 *
 * So the same complete input gives the same sequence, however it is read. The end of the input is looked at for all
 * partitions in one snapshot: an importer's commit over several partitions is seen whole or not at all.
 */
import { Carrier } from '../plan/carrier.ts'
import { MillraceError } from '../core/errors.ts'
import type { SourceNode, SourceTopic } from '../plan/node.ts'
import { BatchCursor } from '../log/format/batch-cursor.ts'
import type { PartitionId, Session, StoredBatch } from '../log/contract.ts'

/** One source partition on its way. */
export class SourceLane {
  readonly partition: PartitionId
  readonly source: SourceTopic
  readonly node: SourceNode
  /** Its place among all lanes, which breaks ties. */
  readonly index: number
  readonly cursor: BatchCursor
  /** The offset of the next record to take. */
  position: number
  committedPosition: number
  /** How far the last snapshot reached. */
  endOffset = 0
  hasHead = false
  /** Whether its head is in the log, and has yet to be fetched. */
  isLate = false
  /** Since when it is empty, by the clock's elapsed time; undefined while it is not. */
  emptySinceMs: number | undefined = undefined

  constructor(partition: PartitionId, node: SourceNode, source: SourceTopic, index: number, position: number) {
    this.partition = partition
    this.source = source
    this.node = node
    this.index = index
    this.cursor = new BatchCursor(partition)
    this.position = position
    this.committedPosition = position
  }

  /** The record at the head. */
  carrier(): Carrier {
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

export class SourceSequence {
  readonly lanes: readonly SourceLane[]
  readonly #session: Session
  /** The lane that goes on until another one has the smaller head. */
  #current: SourceLane | undefined
  #otherTimestamp = Number.POSITIVE_INFINITY
  #otherComesFirst = false
  /** How many lanes are late. */
  #lateCount = 0

  /** @param lanes in the order that breaks ties */
  constructor(session: Session, lanes: readonly SourceLane[]) {
    this.#session = session
    this.lanes = lanes
  }

  /** Looks how far the log reaches now, for all partitions as of one moment. */
  lookForMore(nowMs: number): void {
    this.#session.refresh()
    for (const lane of this.lanes) lane.endOffset = this.#session.endOffset(lane.partition)
    for (const lane of this.lanes) if (!lane.hasHead) this.#advance(lane, nowMs)
    this.#current = undefined
  }

  /** Whether the order waits for a head that has yet to be fetched: whatever went before it might go too early. */
  get isLate(): boolean {
    return this.#lateCount > 0
  }

  /** The lane whose head goes next; undefined when every partition is read to the end that was seen, or one is late. */
  next(): SourceLane | undefined {
    if (this.#lateCount > 0) return undefined
    const current = this.#current
    if (current !== undefined && current.hasHead) {
      const { timestamp } = current.cursor
      if (timestamp < this.#otherTimestamp || (timestamp === this.#otherTimestamp && !this.#otherComesFirst)) {
        return current
      }
    }
    return this.#choose()
  }

  #choose(): SourceLane | undefined {
    const { lanes } = this
    let best: SourceLane | undefined
    let bestIndex = -1
    let otherIndex = -1
    let bestTimestamp = Number.POSITIVE_INFINITY
    this.#otherTimestamp = Number.POSITIVE_INFINITY
    for (let i = 0; i < lanes.length; i++) {
      const lane = lanes[i] as SourceLane
      if (!lane.hasHead) continue
      const { timestamp } = lane.cursor
      if (timestamp < bestTimestamp) {
        this.#otherTimestamp = bestTimestamp
        otherIndex = bestIndex
        best = lane
        bestIndex = i
        bestTimestamp = timestamp
      } else if (timestamp < this.#otherTimestamp) {
        this.#otherTimestamp = timestamp
        otherIndex = i
      }
    }
    this.#otherComesFirst = otherIndex < bestIndex
    this.#current = best
    return best
  }

  /**
   * Takes the head of a lane: its next record becomes the head. True when the lane has come to the end that was seen.
   *
   * @throws MillraceError `damaged`
   */
  take(lane: SourceLane, nowMs: () => number): boolean {
    lane.position = lane.cursor.offset + 1
    if (lane.cursor.next() && lane.cursor.offset < lane.endOffset) return false
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

  /** Finds the head in a batch; returns its offset, or where the batch ends when it has none from the position on. */
  #load(lane: SourceLane, { bytes, baseOffset }: StoredBatch): number {
    const { cursor } = lane
    cursor.load(bytes, baseOffset)
    while (cursor.next()) {
      if (cursor.offset < lane.position) continue
      lane.hasHead = true
      return Math.min(cursor.offset, lane.endOffset)
    }
    return cursor.endOffset
  }

  /** How many records lie between the positions and the ends that were seen. */
  get lag(): number {
    return this.lanes.reduce((total, lane) => total + lane.endOffset - lane.position, 0)
  }
}

function positionLost({ position, partition }: SourceLane, endOffset: number): MillraceError {
  return new MillraceError(
    'position_lost',
    `the application goes on at offset ${position} of ${partition.topic}[${partition.partition}], but the partition ends at ` +
      `${endOffset}. Start under a new application id to read the topic from the beginning`,
    { topic: partition.topic, partition: partition.partition, offset: position },
  )
}
