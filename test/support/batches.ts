// Record batches from plain records and back, and the batches that Kafka's Java client wrote.
import { readFileSync } from 'node:fs'
import { BatchBuilder } from '../../src/log/format/batch.ts'
import { completeHeader, type Completion } from '../../src/log/format/header.ts'
import { BatchCursor } from '../../src/log/format/batch-cursor.ts'
import type { PartitionId } from '../../src/log/format/partition-id.ts'
import type { Compression } from '../../src/log/format/compression.ts'

/** A record with its bytes as hex, which shows well when a comparison fails. */
export interface HexRecord {
  readonly timestamp: number
  readonly key: string | null
  readonly value: string | null
  readonly headers: readonly { readonly key: string; readonly value: string | null }[]
}

const fromHex = (hex: string): Buffer => Buffer.from(hex, 'hex')
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** Appends a record whose key and value lie somewhere inside a larger buffer, as they do in the engine. */
export function append(builder: BatchBuilder, { timestamp, key, value, headers }: HexRecord): void {
  const around = Buffer.from('around')
  const source = Buffer.concat([around, fromHex(key ?? ''), around, fromHex(value ?? ''), around])
  const keyEnd = around.length + (key ?? '').length / 2
  const valueStart = keyEnd + around.length
  builder.append(
    timestamp,
    source,
    around.length,
    key === null ? -1 : keyEnd,
    valueStart,
    value === null ? -1 : valueStart + value.length / 2,
    headers.map((header) => ({ key: header.key, value: header.value === null ? null : fromHex(header.value) })),
  )
}

/** What a builder has built, as a log would store it at {@link place}. */
export function completed(builder: BatchBuilder, baseOffset: number = 0, completion?: Completion): Buffer {
  const batch = builder.build()
  completeHeader(batch, 0, baseOffset, completion)
  return batch
}

/** One stored batch of these records. */
export function buildBatch(
  records: readonly HexRecord[],
  options: { readonly compression?: Compression; readonly baseOffset?: number } = {},
): Buffer {
  const builder = new BatchBuilder(options.compression)
  for (const record of records) append(builder, record)
  return completed(builder, options.baseOffset)
}

/** Where {@link readBatch} says that its batch stands: the one place whose mark is 0, as in what Java wrote. */
export const place = { topic: 'clicks', topicId: 0, partition: 0 }

/** Every record of a stored batch, with its offset. */
export function readBatch(
  batch: Buffer,
  baseOffset: number,
  stored: PartitionId = place,
): (HexRecord & { readonly offset: number })[] {
  const cursor = new BatchCursor(stored)
  cursor.load(batch, baseOffset)
  const records: (HexRecord & { offset: number })[] = []
  while (cursor.next()) {
    const { offset, timestamp, bytes, keyStart, keyEnd, valueStart, valueEnd, headers } = cursor
    records.push({
      offset,
      timestamp,
      key: keyEnd < 0 ? null : toHex(bytes.subarray(keyStart, keyEnd)),
      value: valueEnd < 0 ? null : toHex(bytes.subarray(valueStart, valueEnd)),
      headers: headers.map(({ key, value }) => ({ key, value: value === null ? null : toHex(value) })),
    })
  }
  return records
}

/** A batch as Java wrote it; test/vectors/README.md. */
export interface BatchFixture {
  readonly name: string
  readonly baseOffset: number
  readonly compression: Compression
  readonly producerId: number
  readonly transactional: boolean
  readonly records: readonly HexRecord[]
  readonly batch: Buffer
}

type FixtureBytes = string | null | { readonly repeat: string; readonly bytes: number }

interface StoredFixture extends Omit<BatchFixture, 'records' | 'batch'> {
  readonly times: number
  readonly records: readonly (Omit<HexRecord, 'key' | 'value'> & {
    readonly key: FixtureBytes
    readonly value: FixtureBytes
  })[]
  readonly batch: string
}

function hexOf(bytes: FixtureBytes): string | null {
  if (bytes === null || typeof bytes === 'string') return bytes
  return bytes.repeat.repeat(Math.ceil((bytes.bytes * 2) / bytes.repeat.length)).slice(0, bytes.bytes * 2)
}

/** The batches of test/fixtures/record-batches.json. */
export const batchFixtures: readonly BatchFixture[] = (
  JSON.parse(readFileSync(new URL('../fixtures/record-batches.json', import.meta.url), 'utf8')) as StoredFixture[]
).map(({ records, times, batch, ...fixture }) => {
  const once = records.map((record) => ({ ...record, key: hexOf(record.key), value: hexOf(record.value) }))
  return { ...fixture, records: Array.from({ length: times }, () => once).flat(), batch: fromHex(batch) }
})
