/**
 * A stored batch without some of its records, as Kafka's cleaner leaves it: base offset and last offset delta stay, so
 * that the batch still says which offsets it stands for.
 *
 * A batch that keeps tombstones says in its base timestamp until when (KIP-534, the delete horizon), and bit 6 of its
 * attributes says that it does. Records are copied as they are; only their deltas to the base timestamp change then.
 */
import { ByteWriter } from '../../core/bytes.ts'
import { batchHeaderBytes, compressionCodeOf, deleteHorizonOf, rewriteHeader } from './header.ts'
import type { BatchCursor } from './batch-cursor.ts'
import { packAs } from './compression.ts'
import { VarintReader, varintBytes, writeVarint } from './varint.ts'

/** The attributes of a record and the largest delta to the base timestamp. */
const rewrittenBytesMax = 16

export interface CompactedBatch {
  /** Undefined when no record is left. */
  readonly bytes: Buffer | undefined
  /** Until when its tombstones stay, ms since the epoch; undefined when it has none. */
  readonly tombstonesUntilMs: number | undefined
  /** Whether a record is gone. */
  readonly isSmaller: boolean
}

/**
 * What is left of a batch; its own bytes when nothing changes.
 *
 * @param cursor the batch, loaded
 * @param keeps whether the cursor's record stays; asked for each in order
 * @param horizonMs until when tombstones stay that no compaction has seen before
 */
export function compactBatch(
  batch: Buffer,
  cursor: BatchCursor,
  keeps: () => boolean,
  horizonMs: number,
): CompactedBatch {
  const kept: RecordPlace[] = []
  let count = 0
  let maxTimestamp = -1
  let hasTombstones = false
  const places = new VarintReader()
  places.bytes = cursor.bytes
  places.at = cursor.bytes === batch ? batchHeaderBytes : 0
  while (cursor.next()) {
    const place = nextPlace(places)
    count++
    if (!keeps()) continue
    kept.push({ ...place, timestamp: cursor.timestamp })
    maxTimestamp = Math.max(maxTimestamp, cursor.timestamp)
    if (cursor.keyEnd >= 0 && cursor.valueEnd < 0) hasTombstones = true
  }
  const isSmaller = kept.length < count
  if (kept.length === 0) return { bytes: undefined, tombstonesUntilMs: undefined, isSmaller }
  const horizon = deleteHorizonOf(batch)
  const tombstonesUntilMs = hasTombstones ? (horizon ?? horizonMs) : undefined
  const isFirstSeen = hasTombstones && horizon === undefined
  if (!isSmaller && !isFirstSeen) return { bytes: batch, tombstonesUntilMs, isSmaller }

  const records = new ByteWriter(cursor.bytes.length + kept.length * rewrittenBytesMax)
  for (const record of kept) {
    if (isFirstSeen) appendRebased(records, cursor.bytes, record, horizonMs)
    else records.append(cursor.bytes, record.start, record.end)
  }
  const bytes = Buffer.concat([
    batch.subarray(0, batchHeaderBytes),
    packAs(compressionCodeOf(batch), records.copyFrom(0)),
  ])
  rewriteHeader(bytes, { count: kept.length, maxTimestamp, deleteHorizonMs: isFirstSeen ? horizonMs : undefined })
  return { bytes, tombstonesUntilMs, isSmaller }
}

/** Where a record lies in the unpacked bytes. */
interface RecordPlace {
  readonly start: number
  /** Where its offset delta begins: what follows its timestamp. */
  readonly offsetDeltaAt: number
  readonly end: number
  readonly timestamp: number
}

function nextPlace(reader: VarintReader): Omit<RecordPlace, 'timestamp'> {
  const start = reader.at
  const length = reader.read()
  const end = reader.at + length
  reader.at++ // attributes
  reader.read() // timestamp delta
  const offsetDeltaAt = reader.at
  reader.at = end
  return { start, offsetDeltaAt, end }
}

/** The record with its timestamp counted from another base. */
function appendRebased(out: ByteWriter, source: Buffer, record: RecordPlace, baseTimestamp: number): void {
  const delta = record.timestamp - baseTimestamp
  const length = 1 + varintBytes(delta) + record.end - record.offsetDeltaAt
  out.ensure(rewrittenBytesMax + length)
  out.at = writeVarint(out.bytes, out.at, length)
  out.bytes[out.at++] = 0
  out.at = writeVarint(out.bytes, out.at, delta)
  out.append(source, record.offsetDeltaAt, record.end)
}
