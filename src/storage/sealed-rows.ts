/**
 * Rows end with a CRC32C over their key and value: a flipped bit in a position or a name is an error, never another
 * position. Partitions, segments and batches carry checksums of their own.
 */
import { copyBytes, readInt32, writeInt32 } from '../core/bytes.ts'
import { crc32c, crc32cWithin } from '../core/checksum.ts'
import { type DatabaseName, databaseNames } from './databases.ts'

const unsealedDatabases: ReadonlySet<DatabaseName> = new Set(['partitions', 'segments', 'batches'])

export const sealedDatabases: ReadonlySet<DatabaseName> = new Set(
  databaseNames.filter((name) => !unsealedDatabases.has(name)),
)

/** Every version of millrace can read which format a directory has. */
export const formatKey: Buffer = Buffer.from('format')

export const checksumBytes = 4

export function isSealed(database: DatabaseName, key: Uint8Array): boolean {
  return sealedDatabases.has(database) && !(database === 'meta' && formatKey.equals(key))
}

export function seal(key: Uint8Array, value: Uint8Array): Buffer {
  const { length } = value
  const sealed = Buffer.allocUnsafe(length + checksumBytes)
  copyBytes(value, 0, length, sealed, 0)
  writeInt32(sealed, length, crc32cWithin(sealed, 0, length, crc32c(key)))
  return sealed
}

/** The checksum that a row was sealed with. */
export function checksumOf(sealed: Uint8Array): number {
  return readInt32(sealed, sealed.length - checksumBytes) >>> 0
}

/** The checksum of a sealed row; undefined when the row is damaged. */
export function sealIn(key: Uint8Array, sealed: Uint8Array): number | undefined {
  const end = sealed.length - checksumBytes
  if (end < 0) return undefined
  const checksum = crc32cWithin(sealed, 0, end, crc32c(key))
  return checksum === checksumOf(sealed) ? checksum : undefined
}

/** The value of a sealed row, which is part of it; undefined when it is damaged. */
export function unseal(key: Uint8Array, sealed: Buffer): Buffer | undefined {
  return sealIn(key, sealed) === undefined ? undefined : sealed.subarray(0, sealed.length - checksumBytes)
}

/** A copy of the value of a sealed row; undefined when it is damaged. */
export function unsealedCopy(key: Uint8Array, sealed: Uint8Array): Buffer | undefined {
  if (sealIn(key, sealed) === undefined) return undefined
  const value = Buffer.allocUnsafeSlow(sealed.length - checksumBytes)
  copyBytes(sealed, 0, value.length, value, 0)
  return value
}
