/**
 * How the records of a batch are packed: Kafka's five ways, each in the framing that its Java client writes.
 *
 * gzip is Node's; the others are packages that are loaded when they are first needed, so that a platform without one of
 * them lacks that compression and nothing else. A small batch may say that it unpacks to anything, so the size is
 * bounded before a byte is unpacked.
 */
import { createRequire } from 'node:module'
import { gunzipSync, gzipSync } from 'node:zlib'
import { checkChoice } from '../../core/checks.ts'
import { MillraceError, messageOf } from '../../core/errors.ts'
import { lz4FrameBytesMax, snappyBlockBytes, zstdFrameBytesMax } from './packed-size.ts'

/** How a producer packs its batches. */
export type Compression = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

/** What stands for each in bits 0 to 2 of a batch's attributes. */
export const compressionCodes: Readonly<Record<Compression, number>> = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 }

/** The most bytes that the records of a batch may unpack to. */
const unpackedBytesMax = 256 * 1_048_576

/** The default of zstd, and of Kafka. */
const zstdLevel = 3

/** One way of packing. */
interface Packing {
  pack(records: Buffer): Buffer
  /** The most bytes that they unpack to, without unpacking; an Error when they are none of its own. */
  sizeMax(packed: Buffer): number
  /** Throws what the package throws for bytes that it did not write. */
  unpack(packed: Buffer): Buffer
}

const packings: readonly (Packing | undefined)[] = [
  undefined,
  {
    pack: (records) => gzipSync(records),
    sizeMax: () => 0, // the one that can be told where to stop
    unpack: (packed) => gunzipSync(packed, { maxOutputLength: unpackedBytesMax }),
  },
  {
    pack: packSnappy,
    sizeMax: (packed) => snappyBlocks(packed).reduce((total, block) => total + snappyBlockBytes(block), 0),
    unpack: (packed) => Buffer.concat(snappyBlocks(packed).map((block) => snappy().uncompressSync(block) as Buffer)),
  },
  {
    pack: (records) => lz4().compressFrameSync(records),
    sizeMax: lz4FrameBytesMax,
    unpack: (packed) => lz4().decompressFrameSync(packed),
  },
  {
    pack: (records) => zstd().encoder.encodeSync(records),
    sizeMax: zstdFrameBytesMax,
    unpack: (packed) => zstd().decoder.decodeSync(packed),
  },
]

/**
 * The packed records; undefined when {@link unpack} would refuse them, because they are too large. Not for `none`.
 *
 * @throws MillraceError `compression_unavailable`
 */
export function pack(compression: Compression, records: Buffer): Buffer | undefined {
  if (records.length > unpackedBytesMax) return undefined
  const packing = packingOf(compressionCodes[compression])
  const packed = packing.pack(records)
  return packing.sizeMax(packed) > unpackedBytesMax ? undefined : packed
}

/** The records packed in the way that stands in a batch's attributes. */
export function packAs(code: number, records: Buffer): Buffer {
  return code === compressionCodes.none ? records : packingOf(code).pack(records)
}

/**
 * The records again. Throws an Error for bytes that are damaged, or that might unpack to more than 256 MiB.
 *
 * @throws MillraceError `compression_unavailable`
 */
export function unpack(code: number, packed: Buffer): Buffer {
  const packing = packingOf(code)
  if (packing.sizeMax(packed) > unpackedBytesMax) {
    throw new Error(`it would unpack to more than ${unpackedBytesMax} bytes`)
  }
  return packing.unpack(packed)
}

/**
 * Checks the name of a compression, and that this platform has it.
 *
 * @throws MillraceError `bad_option`, `compression_unavailable`
 */
export function checkCompression(compression: Compression): Compression {
  checkChoice('compression', compression, Object.keys(compressionCodes) as Compression[])
  if (compression !== 'none') pack(compression, Buffer.of(0))
  return compression
}

function packingOf(code: number): Packing {
  const packing = packings[code]
  if (packing === undefined) throw new Error(`its compression, ${code}, is not known`)
  return packing
}

// snappy-java's framing: this head, then blocks with their packed length before them.
const snappyHead = Buffer.from('82534e41505059000000000100000001', 'hex')
const snappyMagicBytes = 8
const snappyChunkBytes = 32_768

function packSnappy(records: Buffer): Buffer {
  const parts: Buffer[] = [snappyHead]
  for (let at = 0; at < records.length; at += snappyChunkBytes) {
    const block = snappy().compressSync(records.subarray(at, at + snappyChunkBytes))
    const length = Buffer.allocUnsafe(4)
    length.writeUInt32BE(block.length)
    parts.push(length, block)
  }
  return Buffer.concat(parts)
}

/** The blocks of what Java wrote; a block without its framing is one too. */
function snappyBlocks(packed: Buffer): Buffer[] {
  const isFramed = packed.subarray(0, snappyMagicBytes).equals(snappyHead.subarray(0, snappyMagicBytes))
  if (!isFramed) return [packed]
  const blocks: Buffer[] = []
  for (let at = snappyHead.length; at < packed.length;) {
    const end = at + 4 + packed.readUInt32BE(at)
    if (end > packed.length) throw new Error('a block of it is cut off')
    blocks.push(packed.subarray(at + 4, end))
    at = end
  }
  return blocks
}

const require = createRequire(import.meta.url)

const snappy = once('snappy', () => require('snappy') as typeof import('snappy'))
const lz4 = once('lz4', () => require('lz4-napi') as typeof import('lz4-napi'))
const zstd = once('zstd', () => {
  const { Encoder, Decoder } = require('@toondepauw/node-zstd') as typeof import('@toondepauw/node-zstd')
  return { encoder: new Encoder(zstdLevel), decoder: new Decoder() }
})

function once<T>(name: Compression, load: () => T): () => T {
  let loaded: T | undefined
  return () => {
    try {
      return (loaded ??= load())
    } catch (cause) {
      throw new MillraceError(
        'compression_unavailable',
        `${name} is not available here: ${messageOf(cause)}; install with optional packages, or use gzip`,
        { cause },
      )
    }
  }
}
