/**
 * Compaction: of each key only the last record stays, and a tombstone for as long as a reader may need to see it.
 *
 * As Kafka's cleaner does: the newest offset of every key of the part that no pass has seen is put into a map of
 * bounded size, then every batch up to there is rewritten without the records that the map knows a newer one of.
 * Nothing is remembered but how far passes have come, so a pass that is cut short is begun again: what it has removed,
 * something newer stands for.
 */
import type { TopicConfig } from '../../core/topic-config.ts'
import { sumMs } from '../../core/units.ts'
import type { Environment, WriteTransaction } from '../../storage/environment.ts'
import { partitionNumberKey } from '../../storage/keys.ts'
import { BatchCursor } from '../format/batch-cursor.ts'
import { compactBatch } from '../format/compacted-batch.ts'
import { deleteHorizonOf } from '../format/header.ts'
import type { PartitionRow, Segment } from '../kept/partition-row.ts'
import { putCompaction, readCompaction } from '../kept/compaction-row.ts'
import type { Partitions, StoredBatch } from '../kept/partitions.ts'
import type { PartitionId } from '../format/partition-id.ts'

/** A pass begins by itself when this much of what it may touch is new since the last one: Kafka's default. */
const dirtyRatioMin = 0.5
/** A step reads this much. */
const stepBytes = 262_144
const stepBatches = 256
/** What a key takes in the map beside its bytes. */
const keyOverheadBytes = 100
const keyMapBytesDefault = 64 * 1_048_576

/** A batch as it was read and as it is to be. */
interface Rewriting {
  readonly baseOffset: number
  readonly endOffset: number
  readonly before: Buffer
  readonly after: Buffer | undefined
  readonly isSmaller: boolean
}

export class Compaction {
  readonly #environment: Environment
  readonly #partitions: Partitions
  readonly #keyMapBytes: number

  /** @param keyMapBytes how much memory the newest offsets of keys may take; a pass covers no more than fits */
  constructor(environment: Environment, partitions: Partitions, keyMapBytes: number = keyMapBytesDefault) {
    this.#environment = environment
    this.#partitions = partitions
    this.#keyMapBytes = keyMapBytes
  }

  /** Compacts what is worth it, or all that may be when that is requested, a step at a time. */
  *steps(partition: PartitionId, config: TopicConfig, nowMs: number, isRequested: boolean): Generator<void> {
    if (config.cleanupPolicy === 'delete') return
    this.#environment.refresh()
    const { until, activeToClose } = this.#due(partition, config, nowMs, isRequested)
    if (activeToClose !== undefined) {
      this.#closeActive(partition, activeToClose)
      yield
    }
    if (until === undefined) return
    for (;;) {
      const { cleanedTo } = readCompaction(this.#environment, partition)
      const newest = new Map<string, number>()
      const mappedTo = yield* this.#map(partition, cleanedTo, until, newest)
      const tombstonesDueMs = yield* this.#clean(partition, mappedTo, newest, config, nowMs)
      this.#environment.write((transaction) => {
        this.#partitions.row(partition)
        putCompaction(transaction, partition, { cleanedTo: mappedTo, tombstonesDueMs })
      })
      yield
      if (mappedTo >= until) return
    }
  }

  /**
   * The offset up to which a pass is due, if one is, and the segment that is appended to, if it is to be closed for
   * one.
   */
  #due(
    partition: PartitionId,
    { minCompactionLagMs }: TopicConfig,
    nowMs: number,
    isRequested: boolean,
  ): { readonly until: number | undefined; readonly activeToClose: Segment | undefined } {
    const { cleanedTo, tombstonesDueMs } = readCompaction(this.#environment, partition)
    const row = this.#partitions.row(partition)
    let until = cleanedTo
    let newBytes = 0
    let dirtyBytes = 0
    for (const { segment, endOffset } of this.#segmentsFrom(partition, row, cleanedTo)) {
      newBytes += segment.bytes
      if (minCompactionLagMs > 0 && nowMs - segment.lastAppendMs < minCompactionLagMs) continue
      dirtyBytes += segment.bytes
      until = endOffset
    }
    const cleanBytes = Math.max(0, row.bytes - newBytes)
    const isWorthIt = dirtyBytes > 0 && (isRequested || dirtyBytes >= dirtyRatioMin * (dirtyBytes + cleanBytes))
    // A segment that keeps getting records would be held back for ever.
    const { active } = row
    const isHeldBack = minCompactionLagMs > 0 && nowMs - active.firstAppendMs >= minCompactionLagMs
    const isToClose = active.batchCount > 0 && (isHeldBack || (isWorthIt && until === row.endOffset))
    const areTombstonesDue = tombstonesDueMs !== null && tombstonesDueMs <= nowMs
    return {
      until: isWorthIt ? until : areTombstonesDue ? cleanedTo : undefined,
      activeToClose: isToClose ? active : undefined,
    }
  }

  /** What no pass has seen whole, the segment that is appended to last. */
  #segmentsFrom(
    partition: PartitionId,
    { active, endOffset }: PartitionRow,
    offset: number,
  ): { readonly segment: Segment; readonly endOffset: number }[] {
    const segments = this.#partitions.closed.allFrom(
      partition,
      this.#partitions.closed.at(partition, offset)?.baseOffset ?? offset,
    )
    if (active.batchCount > 0) segments.push(active)
    return segments
      .map((segment, index) => ({ segment, endOffset: segments[index + 1]?.baseOffset ?? endOffset }))
      .filter((range) => range.endOffset > offset)
  }

  #closeActive(partition: PartitionId, { baseOffset }: Segment): void {
    this.#environment.write((transaction) => {
      const row = this.#partitions.row(partition)
      if (row.active.baseOffset === baseOffset) this.#partitions.closeActive(transaction, partition, row)
    })
  }

  /** Puts the newest offset of each key into the map until it is full; returns how far it came. */
  *#map(partition: PartitionId, from: number, until: number, newest: Map<string, number>): Generator<void, number> {
    const cursor = new BatchCursor(partition)
    const budget = new StepBudget()
    let bytes = 0
    let offset = from
    while (offset < until && bytes < this.#keyMapBytes) {
      const batch = this.#nextBatch(partition, offset)
      if (batch === undefined || batch.baseOffset >= until) return until
      cursor.load(batch.bytes, batch.baseOffset)
      while (cursor.next()) {
        if (cursor.keyEnd < 0) continue
        const key = keyOf(cursor)
        if (!newest.has(key)) bytes += key.length + keyOverheadBytes
        newest.set(key, cursor.offset)
      }
      offset = cursor.endOffset
      if (budget.isSpent(batch.bytes.length)) yield
    }
    return Math.min(offset, until)
  }

  /** Rewrites every batch before `until`; returns when the first of the tombstones that are left falls due. */
  *#clean(
    partition: PartitionId,
    until: number,
    newest: ReadonlyMap<string, number>,
    { deleteRetentionMs }: TopicConfig,
    nowMs: number,
  ): Generator<void, number | null> {
    const cursor = new BatchCursor(partition)
    const budget = new StepBudget()
    let rewritings: Rewriting[] = []
    let tombstonesDueMs: number | null = null
    for (let offset = 0; ;) {
      const batch = this.#nextBatch(partition, offset)
      const isOver = batch === undefined || batch.baseOffset >= until
      if (!isOver) {
        const { bytes: before, baseOffset } = batch
        cursor.load(before, baseOffset)
        const areTombstonesOver = nowMs >= (deleteHorizonOf(before) ?? Number.POSITIVE_INFINITY)
        const keeps = (): boolean => {
          // Without a key nothing newer can stand for a record.
          if (cursor.keyEnd < 0) return true
          if (cursor.valueEnd < 0 && areTombstonesOver) return false
          return cursor.offset >= (newest.get(keyOf(cursor)) ?? 0)
        }
        const {
          bytes: after,
          tombstonesUntilMs,
          isSmaller,
        } = compactBatch(before, cursor, keeps, sumMs(nowMs, deleteRetentionMs))
        if (after !== before) rewritings.push({ baseOffset, endOffset: cursor.endOffset, before, after, isSmaller })
        if (tombstonesUntilMs !== undefined)
          tombstonesDueMs = Math.min(tombstonesDueMs ?? tombstonesUntilMs, tombstonesUntilMs)
        offset = cursor.endOffset
        if (!budget.isSpent(before.length)) continue
      }
      if (rewritings.length > 0) this.#rewrite(partition, rewritings)
      rewritings = []
      yield
      if (isOver) return tombstonesDueMs
    }
  }

  /** The first batch that holds something at or after an offset, of what is kept. */
  #nextBatch(partition: PartitionId, offset: number): StoredBatch | undefined {
    this.#environment.refresh()
    return this.#partitions.batchAt(partition, Math.max(offset, this.#partitions.startOffset(partition)))
  }

  /** A batch that another process has changed or removed since it was read stays as it is. */
  #rewrite(partition: PartitionId, rewritings: readonly Rewriting[]): void {
    this.#environment.write((transaction) => {
      let row = this.#partitions.row(partition)
      for (const rewriting of rewritings) {
        const { baseOffset, endOffset, before, after, isSmaller } = rewriting
        const key = partitionNumberKey(partition.topicId, partition.partition, baseOffset)
        const isAsRead = this.#environment.get('batches', key)?.equals(before) === true
        const segment = this.#partitions.closed.at(partition, baseOffset)
        if (!isAsRead || segment === undefined || endOffset <= row.startOffset) continue
        if (after === undefined) transaction.remove('batches', key)
        else transaction.put('batches', key, after)
        const grownBytes = (after?.length ?? 0) - before.length
        row = {
          ...row,
          bytes: row.bytes + grownBytes,
          gapsEnd: isSmaller ? Math.max(row.gapsEnd, endOffset) : row.gapsEnd,
        }
        this.#shrink(transaction, partition, segment, grownBytes, after === undefined)
      }
      this.#partitions.putRow(transaction, partition, row)
    })
  }

  #shrink(
    transaction: WriteTransaction,
    partition: PartitionId,
    segment: Segment,
    grownBytes: number,
    isBatchGone: boolean,
  ): void {
    const batchCount = segment.batchCount - (isBatchGone ? 1 : 0)
    const { closed } = this.#partitions
    if (batchCount === 0) closed.remove(transaction, partition, segment)
    else closed.put(transaction, partition, { ...segment, batchCount, bytes: segment.bytes + grownBytes })
  }
}

/** Says when a step has done enough. */
class StepBudget {
  #bytes = 0
  #batches = 0

  isSpent(bytes: number): boolean {
    this.#bytes += bytes
    if (this.#bytes < stepBytes && ++this.#batches < stepBatches) return false
    this.#bytes = 0
    this.#batches = 0
    return true
  }
}

/** Bytes as text, one character each. */
function keyOf({ bytes, keyStart, keyEnd }: BatchCursor): string {
  return bytes.toString('latin1', keyStart, keyEnd)
}
