// A naive model of a partition under retention and compaction: arrays and whole passes, nothing that could be cut short.
import { defaultTopicConfig, type TopicConfig } from '../../src/core/topic-config.ts'

export interface ModelRecord {
  readonly offset: number
  readonly key: string | null
  readonly value: string | null
  readonly timestamp: number
}

interface ModelBatch {
  records: readonly ModelRecord[]
  /** Until when its tombstones stay; undefined before a pass has seen one in it. */
  tombstonesUntilMs: number | undefined
  readonly bytes: number
}

interface ModelSegment {
  readonly baseOffset: number
  readonly batches: ModelBatch[]
  maxTimestamp: number
  firstAppendMs: number
  lastAppendMs: number
}

const segmentBatchesMax = 1_024
const closedPerRetention = 10

export class CleanedPartition {
  readonly config: TopicConfig
  startOffset = 0
  endOffset = 0
  #closed: ModelSegment[] = []
  #active: ModelSegment = newSegment(0)
  #lastAppendMs = -1

  constructor(config: Partial<TopicConfig>) {
    this.config = { ...defaultTopicConfig, ...config }
  }

  /** What can be read. */
  get records(): readonly ModelRecord[] {
    return this.#segments
      .flatMap(({ batches }) => batches.flatMap(({ records }) => records))
      .filter(({ offset }) => offset >= this.startOffset)
  }

  /** Kafka's definition; the end when there is none. */
  offsetAtTime(timestamp: number): number {
    return this.records.find((record) => record.timestamp >= timestamp)?.offset ?? this.endOffset
  }

  get #segments(): readonly ModelSegment[] {
    return [...this.#closed, this.#active]
  }

  append(records: readonly Omit<ModelRecord, 'offset'>[], bytes: number, nowMs: number): void {
    if (this.#active.batches.length >= segmentBatchesMax) this.#closeActive()
    const active = this.#active
    this.#lastAppendMs = Math.max(this.#lastAppendMs, nowMs)
    if (active.batches.length === 0) active.firstAppendMs = this.#lastAppendMs
    active.lastAppendMs = this.#lastAppendMs
    active.maxTimestamp = Math.max(active.maxTimestamp, ...records.map(({ timestamp }) => timestamp))
    active.batches.push({
      records: records.map((record) => ({ ...record, offset: this.endOffset++ })),
      tombstonesUntilMs: undefined,
      bytes,
    })
  }

  #closeActive(): void {
    this.#closed.push(this.#active)
    this.#active = newSegment(this.endOffset)
  }

  deleteBefore(offset: number): void {
    if (offset === this.endOffset && this.#active.batches.length > 0) this.#closeActive()
    this.startOffset = Math.max(this.startOffset, offset)
    this.#dropDeleted()
  }

  #dropDeleted(): void {
    while (this.#closed.length > 0 && this.#endOfOldest() <= this.startOffset) this.#closed.shift()
  }

  #endOfOldest(): number {
    return (this.#closed[1] ?? this.#active).baseOffset
  }

  /** Everything that is due. */
  maintain(nowMs: number): void {
    if (this.config.cleanupPolicy !== 'compact') this.#expire(nowMs)
    if (this.config.cleanupPolicy !== 'delete') this.#compact(nowMs)
  }

  #expire(nowMs: number): void {
    const { retentionMs, retentionBytes } = this.config
    const active = this.#active
    const isOld = retentionMs >= 0 && nowMs - active.firstAppendMs > retentionMs / closedPerRetention
    const isLarge = retentionBytes >= 0 && bytesOf([active]) > retentionBytes / closedPerRetention
    if (active.batches.length > 0 && (isOld || isLarge)) this.#closeActive()
    for (;;) {
      const [oldest] = this.#closed
      if (oldest === undefined) return
      const fromMs = Math.min(Math.max(oldest.maxTimestamp, oldest.lastAppendMs), oldest.lastAppendMs + retentionMs)
      const isExpired = retentionMs >= 0 && nowMs - fromMs > retentionMs
      const isTooMuch = retentionBytes >= 0 && bytesOf(this.#segments) - bytesOf([oldest]) >= retentionBytes
      if (!isExpired && !isTooMuch) return
      this.startOffset = Math.max(this.startOffset, this.#endOfOldest())
      this.#dropDeleted()
    }
  }

  #compact(nowMs: number): void {
    const { minCompactionLagMs, deleteRetentionMs } = this.config
    const isOldEnough = (segment: ModelSegment): boolean =>
      minCompactionLagMs === 0 || nowMs - segment.lastAppendMs >= minCompactionLagMs
    const active = this.#active
    const isHeldBack = minCompactionLagMs > 0 && nowMs - active.firstAppendMs >= minCompactionLagMs
    if (active.batches.length > 0 && (isHeldBack || isOldEnough(active))) this.#closeActive()
    const cleaned = this.#closed.filter(isOldEnough)
    const newest = new Map<string, number>()
    for (const { batches } of cleaned) {
      for (const { records } of batches)
        for (const { key, offset } of records) if (key !== null) newest.set(key, offset)
    }
    for (const segment of cleaned) {
      for (const batch of segment.batches) {
        const isOver = batch.tombstonesUntilMs !== undefined && nowMs >= batch.tombstonesUntilMs
        batch.records = batch.records.filter(
          ({ key, value, offset }) => key === null || (newest.get(key) === offset && (value !== null || !isOver)),
        )
        if (batch.records.some(({ key, value }) => key !== null && value === null)) {
          batch.tombstonesUntilMs ??= nowMs + deleteRetentionMs
        }
      }
      segment.batches.splice(0, Infinity, ...segment.batches.filter(({ records }) => records.length > 0))
    }
    this.#closed = this.#closed.filter(({ batches }) => batches.length > 0)
  }
}

function newSegment(baseOffset: number): ModelSegment {
  return { baseOffset, batches: [], maxTimestamp: -1, firstAppendMs: -1, lastAppendMs: -1 }
}

function bytesOf(segments: readonly ModelSegment[]): number {
  return segments.reduce((total, { batches }) => total + batches.reduce((sum, { bytes }) => sum + bytes, 0), 0)
}
