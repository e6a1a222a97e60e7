// What Java wrote is read as it was meant; a batch with any damage is an error with its place, never a wrong record.
import { crc32c } from '@node-rs/crc32'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  attributesAt,
  batchHeaderBytes,
  crcAt,
  lastOffsetDeltaAt,
  recordCountAt,
} from '../../../src/log/format/header.ts'
import { BatchCursor } from '../../../src/log/format/batch-cursor.ts'
import { compressions } from '../../support/own-batches.ts'
import { batchFixtures, buildBatch, type HexRecord, place, readBatch } from '../../support/batches.ts'

const at = { topic: 'clicks', partition: 0 }
const corruptAt = (offset: number): unknown =>
  expect.objectContaining({ code: 'damaged', ...at, offset, message: expect.stringContaining('clicks[0]') })

test.each(batchFixtures)('$name is read as Java meant it', ({ records, baseOffset, batch }) => {
  expect(readBatch(batch, baseOffset)).toEqual(
    records.map((record, index) => ({ ...record, offset: baseOffset + index })),
  )
})

test('a cursor goes from one batch to the next', () => {
  const cursor = new BatchCursor(place)
  for (const { batch, baseOffset, records } of [...batchFixtures, ...batchFixtures]) {
    cursor.load(batch, baseOffset)
    expect([cursor.baseOffset, cursor.endOffset]).toEqual([baseOffset, baseOffset + records.length])
    cursor.next()
    expect([cursor.offset, cursor.timestamp]).toEqual([baseOffset, records[0]?.timestamp])
  }
})

test('behind the last record there is nothing', () => {
  const cursor = new BatchCursor(place)
  cursor.load(buildBatch([{ timestamp: 1, key: null, value: null, headers: [] }]), 0)
  expect([cursor.next(), cursor.next(), cursor.next()]).toEqual([true, false, false])
})

const small: readonly HexRecord[] = [
  { timestamp: 1_000, key: '6b', value: '76', headers: [{ key: 'h', value: '01' }] },
  { timestamp: 999, key: null, value: '7676', headers: [] },
]
const withoutHeaders = small.map((record) => ({ ...record, headers: [] }))
const large: readonly HexRecord[] = Array.from({ length: 500 }, (_, index) => ({
  timestamp: 1_000 + index,
  key: Buffer.from(`key ${index}`).toString('hex'),
  value: Buffer.alloc(index % 40, index).toString('hex'),
  headers: [],
}))

describe.each(compressions)('with compression %s', (compression) => {
  test('every single flipped bit of a small batch is found', () => {
    const batch = buildBatch(small, { compression, baseOffset: 77 })
    for (let bit = 0; bit < batch.length * 8; bit++) {
      const damaged = Buffer.from(batch)
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(() => readBatch(damaged, 77), `bit ${bit}`).toThrow(corruptAt(77))
    }
    expect(readBatch(batch, 77)).toHaveLength(2)
  })

  test('any few flipped bits of a larger batch are found', () => {
    const batch = buildBatch(large, { compression, baseOffset: 2 ** 33 })
    const bits = fc.uniqueArray(fc.nat({ max: batch.length * 8 - 1 }), { minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(bits, (flipped) => {
        const damaged = Buffer.from(batch)
        for (const bit of flipped) damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        expect(() => readBatch(damaged, 2 ** 33)).toThrow(corruptAt(2 ** 33))
      }),
      { numRuns: 500 },
    )
  })

  test('a batch that is cut off anywhere, or too long, is found', () => {
    const batch = buildBatch(small, { compression, baseOffset: 5 })
    for (let length = 0; length < batch.length; length++) {
      expect(() => readBatch(batch.subarray(0, length), 5), `${length} bytes`).toThrow(corruptAt(5))
    }
    expect(() => readBatch(Buffer.concat([batch, Buffer.of(0)]), 5)).toThrow(corruptAt(5))
  })

  test('a batch that stands under another offset is found', () => {
    expect(() => readBatch(buildBatch(small, { compression, baseOffset: 5 }), 6)).toThrow(corruptAt(6))
  })
})

test('anything else than a batch is refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(() => readBatch(Buffer.from(bytes), 0)).toThrow(corruptAt(0))
    }),
  )
})

describe.each([
  ['records with headers', small],
  ['records without', withoutHeaders],
] as const)('a batch of %s whose checksum is right, but whose contents are not,', (_records, records) => {
  /** The batch with a right checksum after the change. */
  function changed(change: (batch: Buffer) => void): Buffer {
    const batch = buildBatch(records, { baseOffset: 5 })
    change(batch)
    batch.writeUInt32BE(crc32c(batch.subarray(attributesAt)), crcAt)
    return batch
  }

  function setCount(batch: Buffer, count: number, offsets: number): void {
    batch.writeInt32BE(count, recordCountAt)
    batch.writeInt32BE(offsets - 1, lastOffsetDeltaAt)
  }

  test.each([
    ['has no records', (batch: Buffer) => batch.writeInt32BE(0, recordCountAt), 5],
    ['has a negative count', (batch: Buffer) => batch.writeInt32BE(-1, recordCountAt), 5],
    ['has a smaller last offset than records', (batch: Buffer) => batch.writeInt32BE(3, recordCountAt), 5],
    ['has fewer records than it says', (batch: Buffer) => setCount(batch, 3, 3), 6],
    ['has more records than it says', (batch: Buffer) => setCount(batch, 1, 2), 5],
    ['has a record behind its last offset', (batch: Buffer) => batch.writeUInt8(8, batchHeaderBytes + 3), 5],
    ['has a record of another length', (batch: Buffer) => batch.writeUInt8(2, batchHeaderBytes), 5],
    ['has a record of an absurd length', (batch: Buffer) => batch.fill(255, batchHeaderBytes, batchHeaderBytes + 8), 5],
    ['has offsets that are not dense', (batch: Buffer) => batch.writeUInt8(4, batchHeaderBytes + 3), 5],
    ['has a key that runs out of the record', (batch: Buffer) => batch.writeUInt8(100, batchHeaderBytes + 4), 5],
    ['has an unknown compression', (batch: Buffer) => batch.writeUInt8(5, attributesAt + 1), 5],
    ['says that it is packed, and is not', (batch: Buffer) => batch.writeUInt8(1, attributesAt + 1), 5],
  ] as const)('%s is found', (_, change, offset) => {
    expect(() => readBatch(changed(change), 5)).toThrow(corruptAt(offset))
  })

  test('never gives records that are not there: random changes end in an error or in as many records as it says', () => {
    const batch = buildBatch(large)
    const edits = fc.array(
      fc.tuple(fc.integer({ min: batchHeaderBytes, max: batch.length - 1 }), fc.nat({ max: 255 })),
      {
        minLength: 1,
        maxLength: 4,
      },
    )
    fc.assert(
      fc.property(edits, (list) => {
        const damaged = Buffer.from(batch)
        for (const [at, byte] of list) damaged[at] = byte
        damaged.writeUInt32BE(crc32c(damaged.subarray(attributesAt)), crcAt)
        try {
          expect(readBatch(damaged, 0)).toHaveLength(large.length)
        } catch (error) {
          expect(error).toMatchObject({ code: 'damaged', ...at })
        }
      }),
      { numRuns: 300 },
    )
  })
})
