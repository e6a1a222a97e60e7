// Batches of every kind that a producer writes, as test/fixtures/own-batches.json holds them for Kafka's Java client to read.
import { BatchBuilder, sealBatch, setBaseOffset, stampAppendTime, stampProducer } from '../../src/log/batch.ts'
import { type Compression, compressionCodes } from '../../src/log/compression.ts'
import { append, batchFixtures, type HexRecord } from './batches.ts'

export const compressions = Object.keys(compressionCodes) as Compression[]

/** A batch, as the Java tool takes it. */
export interface OwnBatch {
  readonly name: string
  readonly batch: string
}

function recordsOf(fixture: string): readonly HexRecord[] {
  const found = batchFixtures.find(({ name }) => name === fixture)
  if (found === undefined) throw new Error(`no fixture ${fixture}`)
  return found.records
}

function own(name: string, fixture: string, compression: Compression, stamp: (batch: Buffer) => void): OwnBatch {
  const builder = new BatchBuilder(compression)
  for (const record of recordsOf(fixture)) append(builder, record)
  const batch = builder.assemble()
  stamp(batch)
  sealBatch(batch)
  setBaseOffset(batch, 7)
  return { name: `${name}, ${compression}`, batch: batch.toString('hex') }
}

/** Plain ones, one of an idempotent producer, and one with the time of the append, each in all compressions. */
export function ownBatches(): OwnBatch[] {
  return compressions.flatMap((compression) => [
    own('headers', 'headers', compression, () => undefined),
    own('of a producer', 'thousand-records', compression, (batch) =>
      stampProducer(batch, { producerId: 2 ** 40 + 3, epoch: 32_767, sequence: 2 ** 31 - 2 }),
    ),
    own('with append time', 'timestamps-mixed', compression, (batch) => stampAppendTime(batch, 1_800_000_000_000)),
    ...(compression === 'none' ? [] : [own('several blocks', 'several-blocks-zstd', compression, () => undefined)]),
  ])
}
