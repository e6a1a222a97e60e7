/**
 * The binary keys of everything on disk: big-endian, so that byte order is number order. docs/format.md lists them.
 */
import { copyBytes, writeInt32, writeUint64 } from '../core/bytes.ts'
import { MillraceError } from '../core/errors.ts'

/** The longest key that LMDB takes with pages of this size; docs/format.md. */
export const keyBytesMax = 4_026

/** Of a partition: topic id, partition. */
export function partitionKey(topicId: number, partition: number): Buffer {
  const key = Buffer.allocUnsafe(8)
  writeInt32(key, 0, topicId)
  writeInt32(key, 4, partition)
  return key
}

/** The partition of a key that holds it from `at` on. */
export function partitionOfKey(key: Buffer, at: number = 0): { readonly topicId: number; readonly partition: number } {
  return { topicId: key.readUInt32BE(at), partition: key.readUInt32BE(at + 4) }
}

/** Of something in a partition that is ordered by a number: a batch by its base offset, an index entry by its time. */
export function partitionNumberKey(topicId: number, partition: number, number: number): Buffer {
  const key = Buffer.allocUnsafe(16)
  writeInt32(key, 0, topicId)
  writeInt32(key, 4, partition)
  writeUint64(key, 8, number)
  return key
}

/** Of an entry of the index by time: topic id, partition, base offset of the segment, timestamp. */
export function segmentTimeKey(topicId: number, partition: number, segmentOffset: number, timestamp: number): Buffer {
  const key = Buffer.allocUnsafe(24)
  writeInt32(key, 0, topicId)
  writeInt32(key, 4, partition)
  writeUint64(key, 8, segmentOffset)
  writeUint64(key, 16, timestamp)
  return key
}

/** The number of a {@link partitionNumberKey}. */
export function numberOfKey(key: Buffer): number {
  return Number(key.readBigUInt64BE(8))
}

/** Of something that belongs to a name: the name, a zero byte, and what follows. Names hold no zero byte. */
export function namedKey(name: string, rest: Uint8Array | string): Buffer {
  return Buffer.concat([Buffer.from(name), Buffer.of(0), typeof rest === 'string' ? Buffer.from(rest) : rest])
}

/**
 * Where a walk over names goes on after the first row of one.
 *
 * @param key of that row
 * @param from where the walk was to find it
 * @throws MillraceError `damaged`: from there it would go around for ever
 */
export function afterName(name: string, key: Uint8Array, from: Uint8Array): Buffer {
  const next = afterPrefix(namedKey(name, ''))
  if (Buffer.compare(from, key) <= 0 && Buffer.compare(key, next) < 0) return next
  throw new MillraceError(
    'damaged',
    `the rows of "${name}" are not where they belong: verify the log, or restore a backup`,
  )
}

/** Of a row of a store: store id, partition, and the row's own key. */
export function stateKey(storeId: number, partition: number, bytes: Uint8Array, start: number, end: number): Buffer {
  const key = Buffer.allocUnsafe(8 + end - start)
  writeInt32(key, 0, storeId)
  writeInt32(key, 4, partition)
  copyBytes(bytes, start, end, key, 8)
  return key
}

/** The first key after a key. */
export function keyAfter(key: Uint8Array): Buffer {
  return Buffer.concat([key, Buffer.of(0)])
}

/** The first key after all keys that begin with these bytes; a prefix holds a byte below 255. */
export function afterPrefix(prefix: Uint8Array): Buffer {
  const end = Buffer.from(prefix)
  for (let at = end.length - 1; at >= 0; at--) {
    if (end[at] !== 255) {
      end[at] = (end[at] as number) + 1
      return end.subarray(0, at + 1)
    }
  }
  return Buffer.alloc(prefix.length + 1, 255)
}
