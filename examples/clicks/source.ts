/**
 * Where lines come from: files and standard input, as blocks of bytes from a place on.
 */
import { constants, createReadStream } from 'node:fs'
import { access, open, realpath, stat } from 'node:fs/promises'
import { relative } from 'node:path'
import { addAbortSignal, type Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { checkText, headBytes, isGzip, SourceError, standardInput, unpacked, unpackingError } from './unpacking.ts'

export interface Reading {
  /** How many bytes to pass over. */
  readonly from: number
  /** Waits for more at the end instead of ending. */
  readonly follow: boolean
  /** Ends the reading. */
  readonly signal: AbortSignal
}

export interface Source {
  /** What its place is kept under. */
  readonly name: string
  /** What the user calls it. */
  readonly title: string
  /** How many bytes of text there are now; undefined when that is not known. */
  readonly size: number | undefined
  blocks(reading: Reading): AsyncIterable<Buffer>
}

const blockBytes = 1_048_576
const pollMs = 200

/**
 * A source by what the user calls it: the path of a file, or `-` for standard input.
 *
 * @param dir files are named as seen from here, so that a directory may move together with the files beside it
 * @throws SourceError when there is no such file, it cannot be read, or it is not text
 */
export async function openSource(path: string, dir: string): Promise<Source> {
  if (path === '-') return streamSource('-', standardInput, () => process.stdin)
  try {
    await access(path, constants.R_OK)
    const status = await stat(path)
    if (status.isDirectory()) throw new SourceError(`${path} is a directory; name the files in it, oldest first`)
    // A pipe, such as <(ssh host cat access.log), is read like standard input.
    if (!status.isFile()) return streamSource(path, path, () => createReadStream(path))
    const name = relative(await realpath(dir), await realpath(path))
    const head = await headOf(path)
    if (isGzip(head)) return streamSource(name, path, () => createReadStream(path))
    checkText(path, head)
    return { name, title: path, size: status.size, blocks: (reading) => fileBlocks(path, reading) }
  } catch (error) {
    if (error instanceof SourceError) throw error
    const { code, message } = error as NodeJS.ErrnoException
    throw new SourceError(`cannot read ${path}: ${code === 'ENOENT' ? 'there is no such file' : message}`, {
      cause: error,
    })
  }
}

async function headOf(path: string): Promise<Buffer> {
  const file = await open(path)
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

async function* fileBlocks(path: string, { from, follow, signal }: Reading): AsyncGenerator<Buffer> {
  const file = await open(path)
  try {
    for (let position = from; !signal.aborted;) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(blockBytes), 0, blockBytes, position)
      if (bytesRead > 0) {
        position += bytesRead
        yield buffer.subarray(0, bytesRead)
        continue
      }
      const { size } = await file.stat()
      if (size < position) throw tooShort(path, size, position)
      if (!follow) return
      await sleep(pollMs, undefined, { signal }).catch(() => undefined)
    }
  } finally {
    await file.close()
  }
}

function streamSource(name: string, title: string, openStream: () => Readable): Source {
  return { name, title, size: undefined, blocks: (reading) => streamBlocks(title, openStream(), reading) }
}

/** Small pieces are gathered into blocks, because every block is a commit; whoever follows gets them as they come. */
async function* streamBlocks(
  title: string,
  packed: Readable,
  { from, follow, signal }: Reading,
): AsyncGenerator<Buffer> {
  let skipped = 0
  let pieces: Buffer[] = []
  let gathered = 0
  try {
    const stream = await unpacked(title, addAbortSignal(signal, packed))
    for await (const data of stream) {
      const piece = (data as Buffer).subarray(Math.min(from - skipped, (data as Buffer).length))
      skipped += (data as Buffer).length - piece.length
      pieces.push(piece)
      gathered += piece.length
      if (gathered < blockBytes && !(follow && stream.readableLength === 0)) continue
      yield Buffer.concat(pieces)
      pieces = []
      gathered = 0
    }
  } catch (error) {
    if (signal.aborted) return
    throw unpackingError(title, error)
  }
  if (skipped < from) throw tooShort(title, skipped, from)
  yield Buffer.concat(pieces)
}

function tooShort(path: string, size: number, place: number): SourceError {
  return new SourceError(
    `${path} has ${size} bytes, but ${place} bytes of it were imported before: it was cut off or replaced. ` +
      'Give the whole file again, or count the new one in a directory of its own (--dir)',
  )
}
