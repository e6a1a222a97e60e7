/**
 * Zigzag varints as Kafka's records hold them, up to the 53 bits that JavaScript numbers hold exactly.
 */

const twoTo28 = 268_435_456
const int32Max = 2_147_483_647

/** How many bytes {@link writeVarint} writes. */
export function varintBytes(value: number): number {
  if (value > int32Max || value < -int32Max) return longVarintBytes(value)
  let rest = ((value << 1) ^ (value >> 31)) >>> 0
  let count = 1
  while (rest > 127) {
    rest >>>= 7
    count++
  }
  return count
}

function longVarintBytes(value: number): number {
  let rest = zigzag(value)
  let count = 1
  while (rest > 127n) {
    rest >>= 7n
    count++
  }
  return count
}

/** Writes a safe integer; returns the place after it. */
export function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  if (value > int32Max || value < -int32Max) return writeLongVarint(bytes, at, value)
  let rest = ((value << 1) ^ (value >> 31)) >>> 0
  while (rest > 127) {
    bytes[at++] = (rest & 127) | 128
    rest >>>= 7
  }
  bytes[at++] = rest
  return at
}

function writeLongVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = zigzag(value)
  while (rest > 127n) {
    bytes[at++] = Number(rest & 127n) | 128
    rest >>= 7n
  }
  bytes[at++] = Number(rest)
  return at
}

function zigzag(value: number): bigint {
  const wide = BigInt(value)
  return wide < 0n ? -wide * 2n - 1n : wide * 2n
}

/** One of up to two bytes as it stands there, before the sign is taken out of it; any other is -1. */
export function shortVarint(bytes: Uint8Array, at: number): number {
  const first = bytes[at] as number
  if (first < 128) return first
  const second = bytes[at + 1] as number
  return second > 0 && second < 128 ? (first & 127) | (second << 7) : -1
}

/** How many bytes it took. */
export function shortBytes(varint: number): number {
  return varint < 128 ? 1 : 2
}

/**
 * Reads varints one after the other; a number that runs past the bytes is NaN, which no caller's check lets through.
 */
export class VarintReader {
  bytes: Uint8Array = noBytes
  at = 0

  read(): number {
    const { bytes } = this
    let at = this.at
    let byte = bytes[at++] as number
    if (byte < 128) {
      this.at = at
      return (byte >>> 1) ^ -(byte & 1)
    }
    let low = byte & 127
    let shift = 7
    do {
      byte = bytes[at++] as number
      low |= (byte & 127) << shift
      shift += 7
    } while (byte > 127 && shift < 28)
    if (byte < 128) {
      this.at = at
      return (low >>> 1) ^ -(low & 1)
    }
    this.at = at
    return this.#readLong(low)
  }

  /** The first 28 bits are read; the rest may reach beyond 32 bits. */
  #readLong(low: number): number {
    let high = 0n
    let shift = 0n
    for (;;) {
      const byte = this.bytes[this.at++]
      if (byte === undefined || shift > 35n) return Number.NaN
      high |= BigInt(byte & 127) << shift
      shift += 7n
      if (byte < 128) break
    }
    const raw = high * BigInt(twoTo28) + BigInt(low)
    return Number(raw & 1n ? -(raw >> 1n) - 1n : raw >> 1n)
  }
}

const noBytes = new Uint8Array(0)
