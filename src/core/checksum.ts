/**
 * CRC32C, the checksum of everything that the log stores: LMDB has none of its own.
 *
 * A call into compiled code costs as much as some 60 bytes in a loop here, and most rows are shorter than that.
 */
import { createRequire } from 'node:module'

type Compiled = (bytes: Uint8Array, before: number) => number

/** Loaded at the first long row: a command that opens no log does without. */
let compiled: Compiled | undefined

function loadCompiled(): Compiled {
  const { crc32c } = createRequire(import.meta.url)('@node-rs/crc32') as typeof import('@node-rs/crc32')
  return (compiled = crc32c)
}

const shortBytesMax = 60

/** For each byte, what it does to the checksum: the polynomial of Castagnoli, reversed. */
const table: Int32Array = Int32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte
  for (let bit = 0; bit < 8; bit++) remainder = (remainder & 1) === 1 ? (remainder >>> 1) ^ 0x82f63b78 : remainder >>> 1
  return remainder
})

/** @param before the checksum of what comes before these bytes */
export function crc32c(bytes: Uint8Array, before = 0): number {
  return crc32cUpTo(bytes, bytes.length, before)
}

/** Of the first `end` bytes. */
export function crc32cUpTo(bytes: Uint8Array, end: number, before: number): number {
  if (end > shortBytesMax) return (compiled ?? loadCompiled())(bytes.subarray(0, end), before)
  let remainder = ~before
  for (let i = 0; i < end; i++) {
    remainder = (table[(remainder ^ (bytes[i] as number)) & 255] as number) ^ (remainder >>> 8)
  }
  return ~remainder >>> 0
}
