/**
 * The most bytes that packed records can unpack to, from the heads of their blocks alone.
 *
 * lz4 and zstd blocks are small and of a bounded size, so counting them is enough; snappy says its size.
 */

const lz4Magic = 0x184d2204
const zstdMagic = 0xfd2fb528
/** The most that one zstd block holds. */
const zstdBlockBytesMax = 131_072

/** Of an LZ4 frame; an Error when it is none, or something follows it. */
export function lz4FrameBytesMax(frame: Buffer): number {
  if (frame.readUInt32LE(0) !== lz4Magic) throw new Error('it is no LZ4 frame')
  const flags = frame.readUInt8(4)
  const hasBlockChecksum = (flags & 16) !== 0
  const hasContentSize = (flags & 8) !== 0
  const hasContentChecksum = (flags & 4) !== 0
  const hasDictionary = (flags & 1) !== 0
  const blockBytesMax = 2 ** (8 + 2 * ((frame.readUInt8(5) >> 4) & 7))
  let at = 7 + (hasContentSize ? 8 : 0) + (hasDictionary ? 4 : 0)
  let total = 0
  for (;;) {
    const size = frame.readUInt32LE(at)
    at += 4
    if (size === 0) break
    const packedBytes = size & 0x7fffffff
    total += size > 0x7fffffff ? packedBytes : blockBytesMax
    at += packedBytes + (hasBlockChecksum ? 4 : 0)
  }
  if (at + (hasContentChecksum ? 4 : 0) !== frame.length) throw new Error('it does not end with its LZ4 frame')
  return total
}

/** Of one zstd frame or several; an Error when it is none. */
export function zstdFrameBytesMax(frames: Buffer): number {
  let total = 0
  let at = 0
  do {
    if (frames.readUInt32LE(at) !== zstdMagic) throw new Error('it is no zstd frame')
    const descriptor = frames.readUInt8(at + 4)
    const isSingleSegment = (descriptor & 32) !== 0
    const hasChecksum = (descriptor & 4) !== 0
    const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] as number
    const contentSizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] as number
    at += 5 + (isSingleSegment ? 0 : 1) + dictionaryBytes + contentSizeBytes
    for (let isLast = false; !isLast;) {
      const head = frames.readUIntLE(at, 3)
      const kind = (head >> 1) & 3
      const size = head >> 3
      isLast = (head & 1) === 1
      // A raw block is as long as it says, a repeated byte is one, a compressed block holds up to the most.
      total += kind === 2 ? zstdBlockBytesMax : size
      at += 3 + (kind === 1 ? 1 : size)
    }
    at += hasChecksum ? 4 : 0
  } while (at < frames.length)
  if (at > frames.length) throw new Error('its zstd frame is cut off')
  return total
}

/** Of a snappy block: the number that it begins with. */
export function snappyBlockBytes(block: Buffer): number {
  let size = 0
  for (let at = 0, factor = 1; at < 5; at++, factor *= 128) {
    const byte = block.readUInt8(at)
    size += (byte & 127) * factor
    if (byte < 128) return size
  }
  throw new Error('its snappy block is malformed')
}
