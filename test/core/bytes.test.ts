// Numbers as bytes and back, exactly, at every place and with every sign.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  ByteWriter,
  copyBytes,
  equalBytes,
  readInt32,
  readInt64,
  writeInt32,
  writeInt64,
} from '../../src/core/bytes.ts'
import { blobs, safeIntegers } from '../support/serde-samples.ts'

test('a safe integer is written as 64 bits in two’s complement and read back', () => {
  fc.assert(
    fc.property(safeIntegers, fc.nat({ max: 5 }), (value, at) => {
      const bytes = Buffer.alloc(at + 8, 0x55)
      writeInt64(bytes, at, value)
      expect(bytes.readBigInt64BE(at)).toBe(BigInt(value))
      expect(readInt64(bytes, at)).toBe(value === 0 ? 0 : value)
    }),
    { numRuns: 500 },
  )
})

test('a 32-bit integer is written and read back', () => {
  fc.assert(
    fc.property(fc.integer(), (value) => {
      const bytes = Buffer.alloc(4)
      writeInt32(bytes, 0, value)
      expect(bytes.readInt32BE(0)).toBe(value)
      expect(readInt32(bytes, 0)).toBe(value)
    }),
  )
})

test('a writer holds what was appended, in order, whatever it had to grow to', () => {
  const longBlobs = fc.uint8Array({ maxLength: 200 })
  fc.assert(
    fc.property(fc.array(longBlobs), fc.integer({ min: 1, max: 64 }), (parts, capacity) => {
      const out = new ByteWriter(capacity)
      for (const part of parts) out.append(Buffer.concat([Buffer.of(1), part, Buffer.of(2)]), 1, part.length + 1)
      expect(out.copyFrom(0).equals(Buffer.concat(parts))).toBe(true)
    }),
  )
})

test('a copy out of a writer does not change with it', () => {
  const out = new ByteWriter(8)
  out.append(Buffer.from('abc'), 0, 3)
  const copy = out.copyFrom(1)
  out.at = 0
  out.append(Buffer.from('xyz'), 0, 3)
  expect(copy.toString()).toBe('bc')
})

test('ranges of bytes are copied and compared at any place', () => {
  fc.assert(
    fc.property(blobs, blobs, (left, right) => {
      const source = Buffer.concat([Buffer.of(7), left, right])
      const target = Buffer.alloc(source.length + 3)
      copyBytes(source, 1, source.length, target, 3)
      expect(target.subarray(3, 2 + source.length).equals(source.subarray(1))).toBe(true)
      const middle = 1 + left.length
      const equal = Buffer.compare(left, right) === 0
      expect(equalBytes(source, 1, middle, source, middle, source.length)).toBe(equal)
      expect(equalBytes(source, 1, source.length, target, 3, 2 + source.length)).toBe(true)
    }),
  )
})
