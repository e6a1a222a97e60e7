/**
 * A growing buffer to encode into, and byte work that is too small to be worth a call into native code.
 */

const noBytes = Buffer.alloc(0)

/** Bytes under construction: write at `at`, after `ensure` has made room. */
export class ByteWriter {
  bytes: Buffer
  at = 0
  #written: Buffer = noBytes

  constructor(capacity: number = 1_024) {
    this.bytes = Buffer.allocUnsafeSlow(capacity)
  }

  /** Makes room for `count` more bytes; `bytes` may be another buffer afterwards. */
  ensure(count: number): void {
    const needed = this.at + count
    if (needed > this.bytes.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2))
      this.bytes.copy(grown, 0, 0, this.at)
      this.bytes = grown
    }
  }

  /** What was written, not a copy: valid until more is written. What has the same length twice is the same object. */
  get written(): Buffer {
    if (this.#written.length !== this.at || this.#written.buffer !== this.bytes.buffer) {
      this.#written = this.bytes.subarray(0, this.at)
    }
    return this.#written
  }

  /** A copy of what was written since `start`. */
  copyFrom(start: number): Buffer {
    const copy = Buffer.allocUnsafeSlow(this.at - start)
    copyBytes(this.bytes, start, this.at, copy, 0)
    return copy
  }

  /** Appends all of `source`. */
  appendAll(source: Uint8Array): void {
    this.append(source, 0, source.length)
  }

  /** Appends source[start, end). */
  append(source: Uint8Array, start: number, end: number): void {
    this.ensure(end - start)
    copyBytes(source, start, end, this.bytes, this.at)
    this.at += end - start
  }
}

const nativeCopyFrom = 40

/** Copies source[start, end) to target at `at`; the caller has made room. */
export function copyBytes(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number): void {
  if (end - start < nativeCopyFrom) {
    for (let i = start; i < end; i++) target[at++] = source[i] as number
  } else {
    target.set(source.subarray(start, end), at)
  }
}

/** A copy of source[start, end) as a plain Uint8Array: what a user gets is never part of a buffer of ours. */
export function copyOf(source: Uint8Array, start: number, end: number): Uint8Array {
  return new Uint8Array(source.subarray(start, end))
}

/** Whether two ranges of bytes are equal. */
export function equalBytes(
  left: Uint8Array,
  leftStart: number,
  leftEnd: number,
  right: Uint8Array,
  rightStart: number,
  rightEnd: number,
): boolean {
  if (leftEnd - leftStart !== rightEnd - rightStart) return false
  for (let i = leftStart, j = rightStart; i < leftEnd; i++, j++) if (left[i] !== right[j]) return false
  return true
}

/** The same bytes as a Buffer, without a copy. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

const twoTo32 = 4_294_967_296

/** Writes a safe integer from 0 as 64 bits, big-endian. */
export function writeUint64(target: Uint8Array, at: number, value: number): void {
  writeInt64(target, at, value)
}

/** Writes a safe integer as 64 bits, big-endian, two's complement. */
export function writeInt64(target: Uint8Array, at: number, value: number): void {
  const high = Math.floor(value / twoTo32)
  const low = value >>> 0
  target[at] = high >>> 24
  target[at + 1] = high >>> 16
  target[at + 2] = high >>> 8
  target[at + 3] = high
  target[at + 4] = low >>> 24
  target[at + 5] = low >>> 16
  target[at + 6] = low >>> 8
  target[at + 7] = low
}

/** Reads 64 bits, big-endian, two's complement; beyond the safe integers the result is not exact. */
export function readInt64(source: Uint8Array, at: number): number {
  return readInt32(source, at) * twoTo32 + (readInt32(source, at + 4) >>> 0)
}

/** Reads 32 bits, big-endian, two's complement. */
export function readInt32(source: Uint8Array, at: number): number {
  return (
    ((source[at] as number) << 24) |
    ((source[at + 1] as number) << 16) |
    ((source[at + 2] as number) << 8) |
    (source[at + 3] as number)
  )
}

/** Writes 32 bits, big-endian. */
export function writeInt32(target: Uint8Array, at: number, value: number): void {
  target[at] = value >>> 24
  target[at + 1] = value >>> 16
  target[at + 2] = value >>> 8
  target[at + 3] = value
}

/** Writes a double, big-endian; every NaN as the same bytes, because JavaScript cannot tell them apart. */
export function writeFloat64(target: Buffer, at: number, value: number): void {
  if (Number.isNaN(value)) {
    writeInt32(target, at, 0x7ff80000)
    writeInt32(target, at + 4, 0)
  } else {
    target.writeDoubleBE(value, at)
  }
}
