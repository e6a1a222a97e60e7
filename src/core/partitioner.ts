/**
 * Which partition a key belongs to: Kafka's default partitioner, so that the same key lands in the same partition on
 * both.
 *
 * Source of the semantics: murmur2 with Kafka's seed over the encoded key, made positive, modulo the number of
 * partitions.
 */

const seed = 0x9747b28c
const m = 0x5bd1e995

/** murmur2 of bytes[start, end) as Kafka computes it: a signed 32-bit number. */
export function murmur2(bytes: Uint8Array, start: number = 0, end: number = bytes.length): number {
  const length = end - start
  let hash = seed ^ length
  let at = start
  for (const blocksEnd = start + (length & ~3); at < blocksEnd; at += 4) {
    let k =
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)
    k = Math.imul(k, m)
    k ^= k >>> 24
    k = Math.imul(k, m)
    hash = Math.imul(hash, m) ^ k
  }
  const rest = length & 3
  if (rest === 3) hash ^= (bytes[at + 2] as number) << 16
  if (rest >= 2) hash ^= (bytes[at + 1] as number) << 8
  if (rest >= 1) hash = Math.imul(hash ^ (bytes[at] as number), m)
  hash ^= hash >>> 13
  hash = Math.imul(hash, m)
  return hash ^ (hash >>> 15)
}

/** The partition of an encoded key bytes[start, end) among `partitions`. */
export function partitionOf(bytes: Uint8Array, start: number, end: number, partitions: number): number {
  return partitions === 1 ? 0 : (murmur2(bytes, start, end) & 0x7fffffff) % partitions
}
