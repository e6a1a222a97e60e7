// A checksum is the same whatever the length and however the bytes are cut: short ones go another way than long ones.
import { crc32c as compiled } from '@node-rs/crc32'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { crc32c } from '../../src/core/checksum.ts'

test('is CRC32C', () => {
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283)
  expect(crc32c(Buffer.alloc(0))).toBe(0)
})

test('of short bytes and of long ones is that of the compiled code, from any start', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat({ max: 2 ** 32 - 1 }), (bytes, before) => {
      expect(crc32c(bytes, before)).toBe(compiled(Buffer.from(bytes), before))
    }),
  )
})

test('of a whole is that of its parts in turn', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.uint8Array({ maxLength: 200 }), (first, rest) => {
      expect(crc32c(rest, crc32c(first))).toBe(crc32c(Buffer.concat([first, rest])))
    }),
  )
})
