/**
 * CRC32C, the checksum of everything that the log stores: LMDB has none of its own.
 *
 * A call into compiled code costs as much as some 160 bytes in a loop here, and most rows are shorter than that.
 */
import { createRequire } from 'node:module'

type Compiled = (bytes: Uint8Array, before: number) => number

/** Loaded at the first long row: a command that opens no log does without. */
let compiled: Compiled | undefined

function loadCompiled(): Compiled {
  const { crc32c } = createRequire(import.meta.url)('@node-rs/crc32') as typeof import('@node-rs/crc32')
  return (compiled = crc32c)
}

const shortBytesMax = 160

/** For each byte, what it does to the checksum: the polynomial of Castagnoli, reversed. */
const last: Int32Array = Int32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte
  for (let bit = 0; bit < 8; bit++) remainder = (remainder & 1) === 1 ? (remainder >>> 1) ^ 0x82f63b78 : remainder >>> 1
  return remainder
})
// The same of a byte that one, two or three others follow: four bytes at a time are read side by side.
const third = oneEarlier(last)
const second = oneEarlier(third)
const first = oneEarlier(second)

function oneEarlier(table: Int32Array): Int32Array {
  return table.map((remainder) => (last[remainder & 255] as number) ^ (remainder >>> 8))
}

/** @param before the checksum of what comes before these bytes */
export function crc32c(bytes: Uint8Array, before = 0): number {
  return crc32cWithin(bytes, 0, bytes.length, before)
}

/** Of bytes[start, end). */
export function crc32cWithin(bytes: Uint8Array, start: number, end: number, before: number): number {
  if (end - start > shortBytesMax) return (compiled ?? loadCompiled())(bytes.subarray(start, end), before)
  let remainder = ~before
  let i = start
  for (; i + 4 <= end; i += 4) {
    remainder ^= readInt32Reversed(bytes, i)
    remainder =
      (first[remainder & 255] as number) ^
      (second[(remainder >>> 8) & 255] as number) ^
      (third[(remainder >>> 16) & 255] as number) ^
      (last[remainder >>> 24] as number)
  }
  for (; i < end; i++) remainder = (last[(remainder ^ (bytes[i] as number)) & 255] as number) ^ (remainder >>> 8)
  return ~remainder >>> 0
}

/** The first byte is the lowest one. */
function readInt32Reversed(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  )
}
