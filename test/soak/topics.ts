// The 64 partitions of the soak: cleaned by time, by size and by compaction.
import { createHash } from 'node:crypto'
import { bytes, string, topic, type Topic } from '../../src/index.ts'

export type SoakTopic = Topic<string, Uint8Array>

/** Records that are `keptMs` old go; of the topic by size about 100 MB stay, of the compacted one the last of each key. */
export function soakTopics(keptMs: number): readonly SoakTopic[] {
  const serdes = { key: string(), value: bytes() }
  return [
    topic('by-time', { ...serdes, partitions: 24, retentionMs: keptMs }),
    topic('by-size', { ...serdes, partitions: 24, retentionMs: -1, retentionBytes: 4 * 2 ** 20 }),
    topic('compacted', { ...serdes, partitions: 16, cleanupPolicy: 'compact', deleteRetentionMs: keptMs }),
  ]
}

const checksumBytes = 16
export const valueBytesMin = 20
export const valueBytesMax = 150_000

/** A value that says itself whether it is whole, and whose key it belongs to. */
export function soakValue(key: string, noise: Uint8Array): Uint8Array {
  const value = new Uint8Array(checksumBytes + noise.length)
  value.set(noise, checksumBytes)
  value.set(checksum(key, noise))
  return value
}

export function isWhole(key: string, value: Uint8Array): boolean {
  return Buffer.from(value.subarray(0, checksumBytes)).equals(checksum(key, value.subarray(checksumBytes)))
}

function checksum(key: string, noise: Uint8Array): Buffer {
  return createHash('md5').update(key).update(noise).digest()
}

/** Stands for a record that was acknowledged. */
export function digestOf(value: Uint8Array): string {
  return Buffer.from(value.subarray(0, checksumBytes)).toString('hex')
}
