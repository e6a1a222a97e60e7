// Our batches are those of Kafka's Java client, byte for byte; and records can be taken back while a batch is open.
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BatchBuilder, type BatchMark, recordBytesMax } from '../../../src/log/format/batch.ts'
import { batchHeaderBytes, crcAt, lengthAt } from '../../../src/log/format/header.ts'
import { compressions } from '../../support/own-batches.ts'
import { append, batchFixtures, completed, buildBatch, type HexRecord, readBatch } from '../../support/batches.ts'

/** We number no producers yet, and a log has no transaction markers. */
const ownFixtures = batchFixtures.filter(({ producerId, transactional }) => producerId === -1 && !transactional)
const uncompressed = ownFixtures.filter(({ compression }) => compression === 'none')
const gzipped = ownFixtures.filter(({ compression }) => compression === 'gzip')

test('the fixtures hold batches of both kinds', () => {
  expect(uncompressed.length).toBeGreaterThan(15)
  expect(gzipped.length).toBeGreaterThan(2)
})

test.each(uncompressed)('$name is what Java writes', ({ records, baseOffset, batch }) => {
  expect(buildBatch(records, { baseOffset }).toString('hex')).toBe(batch.toString('hex'))
})

test.each(gzipped)('$name is what Java writes, up to the work of zlib', ({ records, baseOffset, batch }) => {
  const built = buildBatch(records, { baseOffset, compression: 'gzip' })
  const header = (whole: Buffer): string => {
    const copy = Buffer.from(whole.subarray(0, batchHeaderBytes))
    return copy
      .fill(0, lengthAt, lengthAt + 4)
      .fill(0, crcAt, crcAt + 4)
      .toString('hex')
  }
  const payload = (whole: Buffer): string => gunzipSync(whole.subarray(batchHeaderBytes)).toString('hex')
  expect(header(built)).toBe(header(batch))
  expect(payload(built)).toBe(payload(batch))
  expect(built.readInt32BE(lengthAt)).toBe(built.length - 12)
  expect(readBatch(built, baseOffset)).toEqual(readBatch(batch, baseOffset))
})

/** Mostly short, and sometimes as long as where the length of a length changes. */
const bytesAsHex = fc.oneof(
  { weight: 5, arbitrary: fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes).toString('hex')) },
  { weight: 1, arbitrary: fc.constantFrom(50, 62, 63, 64, 8_170, 8_191, 8_192).map((size) => '6b'.repeat(size)) },
)
const records: fc.Arbitrary<HexRecord> = fc.record({
  timestamp: fc.oneof(fc.nat({ max: 2_000 }), fc.nat({ max: Number.MAX_SAFE_INTEGER })),
  key: fc.option(bytesAsHex),
  value: fc.option(bytesAsHex),
  headers: fc.array(fc.record({ key: fc.string({ unit: 'binary', maxLength: 5 }), value: fc.option(bytesAsHex) }), {
    maxLength: 3,
  }),
})

test.each(compressions)('what is built is read back, with compression %s', (compression) => {
  fc.assert(
    fc.property(fc.array(records, { minLength: 1 }), fc.nat({ max: 2 ** 40 }), (list, baseOffset) => {
      const read = readBatch(buildBatch(list, { compression, baseOffset }), baseOffset)
      expect(read).toEqual(list.map((record, index) => ({ ...record, offset: baseOffset + index })))
    }),
  )
})

describe('a builder', () => {
  test('builds one batch after the other, each as if it were the first', () => {
    const builder = new BatchBuilder()
    fc.assert(
      fc.property(fc.array(records, { minLength: 1, maxLength: 5 }), (list) => {
        for (const record of list) append(builder, record)
        expect(builder.count).toBe(list.length)
        expect(completed(builder).equals(buildBatch(list))).toBe(true)
        expect(builder.count).toBe(0)
      }),
    )
  })

  test('keeps its hands off the batches that it built', () => {
    const builder = new BatchBuilder()
    append(builder, { timestamp: 1, key: '01', value: '02', headers: [] })
    const batch = builder.build()
    const before = batch.toString('hex')
    append(builder, { timestamp: 9, key: '0909', value: '0909', headers: [] })
    builder.build()
    expect(batch.toString('hex')).toBe(before)
  })

  test('holds no trace of a record that was begun and not ended', () => {
    const begun = fc.record({ record: records, written: fc.nat({ max: 300 }), ended: fc.boolean() })
    fc.assert(
      fc.property(fc.array(begun), (list) => {
        const builder = new BatchBuilder()
        for (const { record, written, ended } of list) {
          builder.open(record.timestamp + 1, Buffer.from('key of nothing'), 0, 5)
          builder.out.append(Buffer.alloc(written, 'x'), 0, written)
          if (ended) append(builder, record)
        }
        const kept = list.filter(({ ended }) => ended).map(({ record }) => record)
        expect(builder.count).toBe(kept.length)
        if (kept.length > 0) expect(completed(builder).equals(buildBatch(kept))).toBe(true)
      }),
    )
  })

  test('holds a value that was written to it piece by piece', () => {
    const pieces = fc.array(fc.uint8Array({ maxLength: 70 }), { maxLength: 5 })
    fc.assert(
      fc.property(fc.array(pieces, { minLength: 1 }), (values) => {
        const builder = new BatchBuilder()
        for (const parts of values) {
          builder.open(1, Buffer.from('key'), 0, 3)
          for (const part of parts) builder.out.append(part, 0, part.length)
          builder.close(false, [])
        }
        const whole = values.map((parts) => ({
          timestamp: 1,
          key: '6b6579',
          value: Buffer.concat(parts).toString('hex'),
          headers: [],
        }))
        expect(completed(builder).equals(buildBatch(whole))).toBe(true)
      }),
    )
  })

  test('forgets what it is told to', () => {
    const builder = new BatchBuilder()
    append(builder, { timestamp: 99, key: '99', value: '99', headers: [] })
    builder.clear()
    const record: HexRecord = { timestamp: 1, key: '01', value: null, headers: [] }
    append(builder, record)
    expect(completed(builder).equals(buildBatch([record]))).toBe(true)
  })
})

test('coming back to a mark takes back exactly the records since then', () => {
  type Step = { readonly add: HexRecord } | 'save' | 'restore' | 'build'
  const steps: fc.Arbitrary<Step> = fc.oneof(
    { weight: 4, arbitrary: records.map((add) => ({ add })) },
    { weight: 3, arbitrary: fc.constantFrom<Step>('save', 'restore', 'build') },
  )
  fc.assert(
    fc.property(fc.array(steps, { maxLength: 30 }), (list) => {
      const builder = new BatchBuilder()
      const mark = {} as BatchMark
      let model: HexRecord[] = []
      let saved: HexRecord[] | undefined
      const expectModel = (): void => {
        expect(builder.count).toBe(model.length)
        if (model.length > 0) expect(completed(builder).equals(buildBatch(model))).toBe(true)
        model = []
        saved = undefined
      }
      for (const step of list) {
        if (step === 'save') {
          builder.save(mark)
          saved = [...model]
        } else if (step === 'restore') {
          if (saved === undefined) continue
          builder.restore(mark)
          model = [...saved]
        } else if (step === 'build') {
          expectModel()
        } else {
          append(builder, step.add)
          model.push(step.add)
        }
      }
      expectModel()
    }),
    { numRuns: 300 },
  )
})

describe('a record of the size limit', () => {
  /** A record whose body has this many bytes: attributes, two deltas, key of 1, header count, and the value. */
  const recordOf = (bodyBytes: number): HexRecord => ({
    timestamp: 5,
    key: '6b',
    value: Buffer.alloc(bodyBytes - 9).toString('hex'),
    headers: [],
  })

  test('is taken, and one more byte is refused', () => {
    expect(readBatch(buildBatch([recordOf(recordBytesMax)]), 0)).toEqual([{ ...recordOf(recordBytesMax), offset: 0 }])
    expect(() => buildBatch([recordOf(recordBytesMax + 1)])).toThrow(
      expect.objectContaining({ code: 'bad_record', message: expect.stringContaining(String(recordBytesMax + 1)) }),
    )
  })

  test('counts its headers', () => {
    const value = Buffer.alloc(recordBytesMax).toString('hex')
    const record: HexRecord = { timestamp: 5, key: null, value: null, headers: [{ key: 'h', value }] }
    expect(() => buildBatch([record])).toThrow(expect.objectContaining({ code: 'bad_record' }))
  })

  test('leaves the batch as it was when it is refused', () => {
    const builder = new BatchBuilder()
    const small: HexRecord = { timestamp: 7, key: '01', value: '02', headers: [] }
    expect(() => append(builder, recordOf(recordBytesMax + 1))).toThrow()
    append(builder, small)
    expect(() => append(builder, recordOf(recordBytesMax + 5))).toThrow()
    append(builder, small)
    expect(completed(builder).equals(buildBatch([small, small]))).toBe(true)
  })
})
