/**
 * Rows that are a list of whole numbers: 64 bits each, and a CRC32C over key and numbers, because LMDB has no
 * checksums.
 */
import { crc32c } from '../../core/checksum.ts'
import { readInt64, writeInt32, writeInt64 } from '../../core/bytes.ts'

const numberBytes = 8
const checksumBytes = 4

export function encodeNumbers(key: Uint8Array, numbers: readonly number[]): Buffer {
  const end = numbers.length * numberBytes
  const stored = Buffer.allocUnsafe(end + checksumBytes)
  for (let i = 0; i < numbers.length; i++) writeInt64(stored, i * numberBytes, numbers[i] as number)
  writeInt32(stored, end, crc32c(stored.subarray(0, end), crc32c(key)))
  return stored
}

/** Undefined when the bytes are damaged, or not that many numbers; without a count, as many as there are. */
export function decodeNumbers(key: Uint8Array, stored: Buffer, count?: number): number[] | undefined {
  const end = stored.length - checksumBytes
  if (end < 0 || end % numberBytes !== 0 || (count !== undefined && end !== count * numberBytes)) return undefined
  if (crc32c(stored.subarray(0, end), crc32c(key)) !== stored.readUInt32BE(end)) return undefined
  return Array.from({ length: end / numberBytes }, (_, i) => readInt64(stored, i * numberBytes))
}
