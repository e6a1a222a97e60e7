/**
 * What is stored of a position, under its group and its partition.
 */
import { readInt64, writeInt64 } from '../../core/bytes.ts'
import { namedKey, partitionKey, partitionOfKey } from '../../storage/keys.ts'
import type { PartitionNumbers } from '../format/partition-id.ts'

/** A position as it was committed. */
export interface CommittedPosition {
  /** Of the next record to read. */
  readonly offset: number
  /** When it was committed, by the clock of the log. */
  readonly committedMs: number
  /** What the committer noted beside it. */
  readonly metadata: string
}

const partitionBytes = 8
const fixedBytes = 16

export function positionKey(group: string, { topicId, partition }: PartitionNumbers): Buffer {
  return namedKey(group, partitionKey(topicId, partition))
}

/** Whose position a key is for. */
export function groupOf(key: Buffer): string {
  return key.subarray(0, key.indexOf(0)).toString()
}

/** Where a key's position is. */
export function partitionIn(key: Buffer): PartitionNumbers {
  return partitionOfKey(key, key.length - partitionBytes)
}

/** Whether key and value have the shape of a position. */
export function isPosition(key: Buffer, value: Buffer): boolean {
  const at = key.indexOf(0) + 1
  return at > 0 && key.length === at + partitionBytes && value.length >= fixedBytes
}

export function encodePosition({ offset, committedMs, metadata }: CommittedPosition): Buffer {
  const text = Buffer.from(metadata)
  const value = Buffer.allocUnsafe(fixedBytes + text.length)
  writeInt64(value, 0, offset)
  writeInt64(value, 8, committedMs)
  value.set(text, fixedBytes)
  return value
}

export function decodePosition(value: Buffer): CommittedPosition {
  return { offset: readInt64(value, 0), committedMs: readInt64(value, 8), metadata: value.toString('utf8', fixedBytes) }
}
