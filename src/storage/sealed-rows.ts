/**
 * Rows end with a CRC32C over their key and value: a flipped bit in a position or a name is an error, never another
 * position. Partitions, segments and batches carry checksums of their own.
 */
import { writeInt32 } from '../core/bytes.ts'
import { crc32c } from '../core/checksum.ts'
import { type DatabaseName, databaseNames } from './databases.ts'

const unsealedDatabases: ReadonlySet<DatabaseName> = new Set(['partitions', 'segments', 'batches'])

export const sealedDatabases: ReadonlySet<DatabaseName> = new Set(
  databaseNames.filter((name) => !unsealedDatabases.has(name)),
)

/** Every version of millrace can read which format a directory has. */
export const formatKey: Buffer = Buffer.from('format')

const checksumBytes = 4

export function isSealed(database: DatabaseName, key: Uint8Array): boolean {
  return sealedDatabases.has(database) && !(database === 'meta' && formatKey.equals(key))
}

export function seal(key: Uint8Array, value: Uint8Array): Buffer {
  const sealed = Buffer.allocUnsafe(value.length + checksumBytes)
  sealed.set(value)
  writeInt32(sealed, value.length, crc32c(value, crc32c(key)))
  return sealed
}

/** The value of a sealed row; undefined when it is damaged. */
export function unseal(key: Uint8Array, sealed: Buffer): Buffer | undefined {
  const end = sealed.length - checksumBytes
  if (end < 0) return undefined
  const value = sealed.subarray(0, end)
  return crc32c(value, crc32c(key)) === sealed.readUInt32BE(end) ? value : undefined
}
