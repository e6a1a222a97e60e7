// Every compression of Kafka is read as its Java client writes it, written as it reads it, and bounded before it is unpacked.
import { readFileSync } from 'node:fs'
import Module from 'node:module'
import { crc32c } from '@node-rs/crc32'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { compressSync } from 'snappy'
import { describe, expect, test, vi } from 'vitest'
import { attributesAt, batchHeaderBytes, crcAt, lengthAt } from '../../../src/log/format/header.ts'
import { type Compression, compressionCodes, pack, unpack } from '../../../src/log/format/compression.ts'
import { batchFixtures, buildBatch, readBatch } from '../../support/batches.ts'
import { compressions, type OwnBatch, ownBatches } from '../../support/own-batches.ts'

const packing = compressions.filter((compression) => compression !== 'none')
const mebibyte = 1_048_576

/** A batch of one record whose payload is replaced, with a right length and checksum. */
function batchWith(compression: Compression, payload: Buffer): Buffer {
  const plain = buildBatch([{ timestamp: 1, key: '6b', value: '76', headers: [] }])
  const batch = Buffer.concat([plain.subarray(0, batchHeaderBytes), payload])
  batch.writeInt32BE(batch.length - 12, lengthAt)
  batch[attributesAt + 1] = compressionCodes[compression]
  batch.writeUInt32BE(crc32c(batch.subarray(attributesAt)), crcAt)
  return batch
}

function packed(compression: Compression, records: Buffer): Buffer {
  const bytes = pack(compression, records)
  if (bytes === undefined) throw new Error('too large to pack')
  return bytes
}

test.each(packing)('several batches that Java packed with %s are among those that are read', (compression) => {
  expect(batchFixtures.filter((fixture) => fixture.compression === compression).length).toBeGreaterThan(2)
})

/** A batch without what depends on the version of zlib and its like: unpacked, without its length and checksum. */
function unpacked({ batch, ...rest }: OwnBatch): Omit<OwnBatch, 'batch'> & {
  readonly header: string
  readonly records: string
} {
  const bytes = Buffer.from(batch, 'hex')
  const code = (bytes[attributesAt + 1] ?? 0) & 7
  const payload = bytes.subarray(batchHeaderBytes)
  const records = (code === 0 ? payload : unpack(code, payload)).toString('hex')
  bytes.fill(0, lengthAt, lengthAt + 4).fill(0, crcAt, crcAt + 4)
  return { ...rest, header: bytes.toString('hex', 0, batchHeaderBytes), records }
}

test('what millrace writes is what the Java client was shown', () => {
  const fixture = readFileSync(new URL('../../fixtures/own-batches.json', import.meta.url), 'utf8')
  expect(ownBatches().map(unpacked)).toEqual((JSON.parse(fixture) as OwnBatch[]).map(unpacked))
})

describe.each(packing)('%s', (compression) => {
  test('gives back any bytes, also those of several blocks', () => {
    const code = compressionCodes[compression]
    const bytes = fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.integer({ min: 1, max: 2_000 }))
    fc.assert(
      fc.property(bytes, ([unit, times]) => {
        const records = Buffer.concat(Array.from({ length: times }, () => unit))
        expect(unpack(code, packed(compression, records)).equals(records)).toBe(true)
      }),
      { numRuns: 50 },
    )
  })

  test('makes text of a log smaller', () => {
    const records = Buffer.from('GET /index.html 200 512\n'.repeat(1_000))
    expect(packed(compression, records).length).toBeLessThan(records.length / 4)
  })

  test('refuses bytes that are none of its own, and bytes that are cut off', () => {
    const whole = packed(compression, Buffer.from('GET /index.html 200 512\n'.repeat(1_000)))
    for (const damaged of [Buffer.of(1, 2, 3), Buffer.alloc(100, 7), whole.subarray(0, -3), whole.subarray(0, 20)]) {
      expect(() => readBatch(batchWith(compression, damaged), 0)).toThrow(
        expect.objectContaining({ code: 'damaged', message: expect.stringContaining('cannot be unpacked') }),
      )
    }
  })
})

test.each(packing)('what %s could not unpack again is not packed', (compression) => {
  expect(pack(compression, Buffer.alloc(257 * mebibyte))).toBeUndefined()
})

test('a raw block of snappy, without the framing of Java, is read too', () => {
  const record = buildBatch([{ timestamp: 1, key: '6b', value: '76', headers: [] }]).subarray(batchHeaderBytes)
  expect(readBatch(batchWith('snappy', compressSync(record)), 0)).toMatchObject([{ key: '6b', value: '76' }])
})

describe('a small batch that would unpack to more than 256 MiB is refused before memory is taken', () => {
  const le32 = (number: number): Buffer => {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32LE(number)
    return bytes
  }
  // 300 blocks that say that they hold up to 4 MiB each; blocks of one repeated byte; a size of 2 ** 31.
  const lz4Blocks = Array.from({ length: 300 }, () => Buffer.concat([le32(1), Buffer.of(0)]))
  const lz4Bomb = Buffer.concat([Buffer.from('04224d18607000', 'hex'), ...lz4Blocks, le32(0)])
  const repeated = (isLast: boolean): Buffer => le32((131_072 << 3) | 2 | (isLast ? 1 : 0)).subarray(0, 3)
  const zstdBlocks = Array.from({ length: 3_000 }, (_, i) => Buffer.concat([repeated(i === 2_999), Buffer.of(7)]))
  const zstdBomb = Buffer.concat([Buffer.from('28b52ffd0058', 'hex'), ...zstdBlocks])
  const bombs: readonly (readonly [Compression, Buffer])[] = [
    ['gzip', gzipSync(Buffer.alloc(257 * mebibyte))],
    ['snappy', Buffer.from('ffffffff070000', 'hex')],
    ['lz4', lz4Bomb],
    ['zstd', zstdBomb],
  ]
  test.each(bombs)('%s', (compression, payload) => {
    expect(payload.length).toBeLessThan(mebibyte)
    const before = process.memoryUsage()
    expect(() => readBatch(batchWith(compression, payload), 0)).toThrow(
      expect.objectContaining({
        code: 'damaged',
        message: expect.stringMatching(/more than 268435456 bytes|larger than/),
      }),
    )
    expect(process.memoryUsage().external - before.external).toBeLessThan(300 * mebibyte)
  })
})

test.each([
  ['snappy', 'snappy'],
  ['lz4', 'lz4-napi'],
  ['zstd', '@toondepauw/node-zstd'],
] as const)(
  '%s says so on a platform without its compiled code, and can be used when it is there',
  async (name, id) => {
    vi.resetModules()
    const fresh = await import('../../../src/log/format/compression.ts')
    const loader = Module as unknown as { _load: (id: string, ...rest: unknown[]) => unknown }
    const load = loader._load
    const missing = vi.spyOn(loader, '_load').mockImplementation((wanted, ...rest) => {
      if (wanted === id) throw new Error('no binding')
      return load(wanted, ...rest)
    })
    const unavailable: unknown = expect.objectContaining({
      code: 'compression_unavailable',
      message: expect.stringContaining(name),
    })
    try {
      expect(() => fresh.checkCompression(name)).toThrow(unavailable)
      expect(() => fresh.unpack(compressionCodes[name], packed(name, Buffer.of(1)))).toThrow(unavailable)
      expect(fresh.checkCompression('gzip')).toBe('gzip')
    } finally {
      missing.mockRestore()
    }
    expect(fresh.checkCompression(name)).toBe(name)
  },
)
