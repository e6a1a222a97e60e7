// Batches of every kind that a producer writes, as test/fixtures/own-batches.json holds them for Kafka's Java client to read.
import { BatchBuilder } from '../../src/log/format/batch.ts'
import type { Completion } from '../../src/log/format/header.ts'
import { BatchCursor } from '../../src/log/format/batch-cursor.ts'
import { compactBatch } from '../../src/log/format/compacted-batch.ts'
import { type Compression, compressionCodes } from '../../src/log/format/compression.ts'
import { append, batchFixtures, completed, type HexRecord, place } from './batches.ts'

export const compressions = Object.keys(compressionCodes) as Compression[]

/** A batch, as the Java tool takes it. */
export interface OwnBatch {
  readonly name: string
  readonly batch: string
  /** Of the records that compaction has left. */
  readonly offsets?: readonly number[]
  /** Until when its tombstones stay; of a compacted batch with some. */
  readonly deleteHorizonMs?: number
}

function recordsOf(fixture: string): readonly HexRecord[] {
  const found = batchFixtures.find(({ name }) => name === fixture)
  if (found === undefined) throw new Error(`no fixture ${fixture}`)
  return found.records
}

const baseOffset = 7

const ofProducer = { stamp: { producerId: 2 ** 40 + 3, epoch: 32_767, sequence: 2 ** 31 - 2 } }

function own(name: string, fixture: string, compression: Compression, completion: Completion): OwnBatch {
  const builder = new BatchBuilder(compression)
  for (const record of recordsOf(fixture)) append(builder, record)
  const batch = completed(builder, baseOffset, completion)
  return { name: `${name}, ${compression}`, batch: batch.toString('hex') }
}

/** What compaction leaves of a batch of an idempotent producer: every third record. */
function compacted(compression: Compression, deleteHorizonMs: number | undefined): OwnBatch {
  const { name, batch: before } = own('compacted', 'thousand-records', compression, ofProducer)
  const bytes = Buffer.from(before, 'hex')
  const cursor = new BatchCursor(place)
  cursor.load(bytes, baseOffset)
  const offsets: number[] = []
  const keeps = (): boolean => {
    const isTombstone = cursor.valueEnd < 0
    const isKept = cursor.offset % 3 === 0 && (deleteHorizonMs !== undefined || !isTombstone)
    if (isKept) offsets.push(cursor.offset)
    return isKept
  }
  const { bytes: after } = compactBatch(bytes, cursor, keeps, deleteHorizonMs ?? 0)
  if (after === undefined) throw new Error('nothing is left')
  const batch = after.toString('hex')
  return deleteHorizonMs === undefined
    ? { name, batch, offsets }
    : { name: `${name}, with tombstones`, batch, offsets, deleteHorizonMs }
}

/** Plain ones, one of an idempotent producer, one with the time of the append and compacted ones, each in all compressions. */
export function ownBatches(): OwnBatch[] {
  return compressions.flatMap((compression) => [
    own('headers', 'headers', compression, {}),
    own('of a producer', 'thousand-records', compression, ofProducer),
    compacted(compression, undefined),
    compacted(compression, 1_700_000_500_000),
    own('with append time', 'timestamps-mixed', compression, { appendTimeMs: 1_800_000_000_000 }),
    ...(compression === 'none' ? [] : [own('several blocks', 'several-blocks-zstd', compression, {})]),
  ])
}
