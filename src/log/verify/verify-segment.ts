/**
 * Checks the batches of one segment against each other, against its row and against its part of the index by time.
 *
 * It is a generator that rests between pages. Run without a rest it sees one snapshot, so what it finds then is
 * certain. If writers come in between, what it finds may be half of two states, and has to be checked again without a
 * rest.
 */
import { MillraceError } from '../../core/errors.ts'
import type { Environment } from '../../storage/environment.ts'
import { numberOfKey, partitionNumberKey } from '../../storage/keys.ts'
import { unseal } from '../../storage/sealed-rows.ts'
import { maxTimestampOf, offsetCountOf, recordCountOf } from '../format/header.ts'
import { BatchCursor } from '../format/batch-cursor.ts'
import { decodeTime, type TimeEntry, timeRange } from '../kept/time-rows.ts'
import { Findings } from './findings.ts'
import { decodeSegment, type PartitionRow, type Segment } from '../kept/partition-row.ts'
import type { PartitionId } from '../format/partition-id.ts'

const pageBatches = 16
/** More entries than a segment has batches. */
const timesMax = 65_536

/** A segment as it stood when its check began. */
export interface SegmentRange {
  readonly baseOffset: number
  readonly endOffset: number
  /** Undefined when its row is damaged. */
  readonly segment: Segment | undefined
}

/** The first segment that begins at or after an offset; undefined past the one that is appended to. */
export function segmentFrom(
  environment: Environment,
  { topicId, partition }: PartitionId,
  row: PartitionRow,
  from: number,
): SegmentRange | undefined {
  const [closed, next] = environment.storedRange(
    'segments',
    partitionNumberKey(topicId, partition, from),
    partitionNumberKey(topicId, partition + 1, 0),
    2,
  )
  const { active, endOffset } = row
  if (closed !== undefined) {
    return {
      baseOffset: numberOfKey(closed.key),
      endOffset: next === undefined ? active.baseOffset : numberOfKey(next.key),
      segment: decodeSegment(closed.key, closed.value),
    }
  }
  return from <= active.baseOffset ? { baseOffset: active.baseOffset, endOffset, segment: active } : undefined
}

/** Rests with the bytes of each page that is done. */
export function* checkSegment(
  environment: Environment,
  partition: PartitionId,
  row: PartitionRow,
  range: SegmentRange,
  deep: boolean,
): Generator<number, Findings> {
  const check = new SegmentCheck(environment, partition, row, range, deep)
  const { topicId, partition: index } = partition
  const end = partitionNumberKey(topicId, index, range.endOffset)
  for (let from = range.baseOffset; ;) {
    const page = environment.storedRange('batches', partitionNumberKey(topicId, index, from), end, pageBatches)
    for (const { key, value } of page) check.batch(numberOfKey(key), value)
    yield page.reduce((total, { value }) => total + value.length, 0)
    const last = page.at(-1)
    if (last === undefined || page.length < pageBatches) break
    from = numberOfKey(last.key) + 1
  }
  return check.end()
}

class SegmentCheck {
  readonly #findings = new Findings()
  readonly #partition: PartitionId
  readonly #row: PartitionRow
  readonly #range: SegmentRange
  readonly #deep: boolean
  readonly #cursor: BatchCursor
  readonly #times: readonly TimeEntry[]
  /** Largest timestamps of the batches that are there, by base offset. */
  readonly #timestamps = new Map<number, number>()
  /** Where the next batch begins; undefined after a damaged one. */
  #next: number | undefined
  #maxTimestamp = -1

  constructor(environment: Environment, partition: PartitionId, row: PartitionRow, range: SegmentRange, deep: boolean) {
    this.#partition = partition
    this.#row = row
    this.#range = range
    this.#deep = deep
    this.#cursor = new BatchCursor(partition)
    this.#next = range.baseOffset
    this.#times = readTimes(environment, partition, range)
  }

  batch(baseOffset: number, bytes: Buffer): void {
    const { counts } = this.#findings
    counts.batches++
    counts.bytes += bytes.length
    this.#checkPlace(baseOffset)
    try {
      this.#cursor.load(bytes, baseOffset)
      if (this.#deep) this.#checkRecords(bytes)
    } catch (error) {
      if (!(error instanceof MillraceError)) throw error
      this.#next = undefined
      this.#add('damaged_batch', error.offset ?? baseOffset, error.message)
      return
    }
    const count = recordCountOf(bytes)
    counts.records += count
    const { endOffset } = this.#cursor
    this.#next = endOffset
    if (endOffset > this.#range.endOffset) {
      this.#add('misplaced_batch', baseOffset, `the batch reaches to ${endOffset}, past the end of its segment`)
    }
    if (count < offsetCountOf(bytes) && endOffset > this.#row.gapsEnd) {
      this.#add('missing_batch', baseOffset, 'the batch has lost records, although compaction has not come here')
    }
    this.#checkTimestamp(baseOffset, maxTimestampOf(bytes))
  }

  #checkPlace(baseOffset: number): void {
    const next = this.#next
    if (next === undefined || baseOffset === next) return
    if (baseOffset < next) {
      this.#add('misplaced_batch', baseOffset, `the batch begins before the end of the one before it, ${next}`)
    } else if (baseOffset > this.#row.gapsEnd) {
      this.#add('missing_batch', next, `there is no batch for the offsets up to ${baseOffset}`)
    }
  }

  #checkRecords(bytes: Buffer): void {
    const cursor = this.#cursor
    const maxTimestamp = maxTimestampOf(bytes)
    while (cursor.next()) {
      if (cursor.timestamp <= maxTimestamp) continue
      this.#add('wrong_timestamp', cursor.offset, `the record is later than ${maxTimestamp}, which its batch says`)
    }
  }

  #checkTimestamp(baseOffset: number, maxTimestamp: number): void {
    this.#timestamps.set(baseOffset, maxTimestamp)
    if (maxTimestamp <= this.#maxTimestamp) return
    this.#maxTimestamp = maxTimestamp
    const candidate = this.#times.find(({ timestamp }) => timestamp >= maxTimestamp)
    if (candidate !== undefined && candidate.baseOffset <= baseOffset) return
    this.#add(
      'wrong_time_index',
      baseOffset,
      `the index by time would miss ${maxTimestamp}, which this batch is first to reach`,
    )
  }

  end(): Findings {
    const { counts } = this.#findings
    const { baseOffset, endOffset, segment } = this.#range
    const next = this.#next
    if (next !== undefined && next < endOffset && endOffset > this.#row.gapsEnd) {
      this.#add('missing_batch', next, `there is no batch for the offsets up to ${endOffset}`)
    }
    if (counts.batches > 0) counts.segments++
    if (segment === undefined) this.#add('wrong_segment', baseOffset, 'the row of the segment is damaged')
    else this.#checkRow(segment)
    this.#checkTimes()
    return this.#findings
  }

  #checkRow(segment: Segment): void {
    const { counts } = this.#findings
    const { baseOffset } = this.#range
    const differs = (what: string, stored: number, found: number): void =>
      this.#add('wrong_segment', baseOffset, `the segment says ${stored} ${what}, and there are ${found}`)
    if (segment.baseOffset !== baseOffset) differs('as its base offset', segment.baseOffset, baseOffset)
    if (segment.batchCount !== counts.batches) differs('batches', segment.batchCount, counts.batches)
    if (segment.bytes !== counts.bytes) differs('bytes', segment.bytes, counts.bytes)
    if (segment.firstAppendMs > segment.lastAppendMs) {
      this.#add('wrong_segment', baseOffset, 'the segment says that its first batch was appended after its last')
    }
    // Compaction takes records away and leaves the row as it was. A damaged batch has told no timestamp.
    const isWhole = baseOffset >= this.#row.gapsEnd && this.#timestamps.size === counts.batches
    if (isWhole ? segment.maxTimestamp !== this.#maxTimestamp : segment.maxTimestamp < this.#maxTimestamp) {
      const message = `the segment says ${segment.maxTimestamp} is its largest timestamp, and it is ${this.#maxTimestamp}`
      this.#add('wrong_timestamp', baseOffset, message)
    }
  }

  #checkTimes(): void {
    let before = -1
    for (const { timestamp, baseOffset: offset } of this.#times) {
      const stored = this.#timestamps.get(offset)
      const isOfBatch = offset < this.#row.gapsEnd || stored === timestamp
      if (offset > before && offset >= this.#range.baseOffset && isOfBatch) {
        before = offset
        continue
      }
      this.#add(
        'wrong_time_index',
        this.#range.baseOffset,
        `its entry for ${timestamp} says offset ${offset}, where that time is not`,
      )
    }
  }

  #add(kind: Parameters<Findings['add']>[0], offset: number, message: string): void {
    const { topic, partition } = this.#partition
    this.#findings.add(kind, `${topic}[${partition}] offset ${offset}: ${message}`, { topic, partition, offset })
  }
}

/**
 * The entries of a segment for the batches before its end; damaged ones are left out; the check of rows reports them.
 */
function readTimes(environment: Environment, partition: PartitionId, range: SegmentRange): TimeEntry[] {
  const rows = environment.storedRange('times', ...timeRange(partition, range.baseOffset), timesMax)
  return rows.flatMap(({ key, value }) => {
    const unsealed = unseal(key, value)
    const entry = unsealed && decodeTime(key, unsealed)
    return entry !== undefined && entry.baseOffset < range.endOffset ? [entry] : []
  })
}
