/**
 * What bytes are, before they are split into lines: gzip is unpacked, text passes through, and anything else is refused by
 * name, with the command that turns it into text.
 */
import { pipeline, Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { parseLine, textOf } from './combined-log-format.ts'

/** An input that cannot be used as it is; the message says why. */
export class SourceError extends Error {}

/** Enough of a source to tell what it is; a stream is read until it has at least {@link headBytesLeast}. */
export const headBytes = 4_096
const headBytesLeast = 16

const clicks = 'npm run clicks -- -'

/** How files begin that hold an access log as something other than lines of text. */
const beginnings: readonly (readonly [magic: string, name: string, command: string])[] = [
  ['\x28\xb5\x2f\xfd', 'compressed with zstd', 'zstdcat'],
  ['BZh', 'compressed with bzip2', 'bzcat'],
  ['\xfd7zXZ\0', 'compressed with xz', 'xzcat'],
  [']\0\0', 'compressed with lzma', 'lzcat'],
  ['\x04\x22\x4d\x18', 'compressed with lz4', 'lz4cat'],
  ['\x1f\x9d', 'compressed with compress', 'zcat'],
  ['PK\x03\x04', 'a ZIP archive', 'unzip -p'],
  ['PK\x05\x06', 'an empty ZIP archive', 'unzip -p'],
  ['7z\xbc\xaf\x27\x1c', 'a 7-Zip archive', '7z x -so'],
  ['Rar!\x1a\x07', 'a RAR archive', 'unrar p -inul'],
  ['\xff\xfe\0\0', 'text in UTF-32', 'iconv -f UTF-32 -t UTF-8'],
  ['\xff\xfe', 'text in UTF-16', 'iconv -f UTF-16 -t UTF-8'],
  ['\xfe\xff', 'text in UTF-16', 'iconv -f UTF-16 -t UTF-8'],
]

export const isGzip = (head: Uint8Array): boolean => head[0] === 0x1f && head[1] === 0x8b

/**
 * Lets a source that begins like text pass.
 *
 * @param what what the user calls the source
 * @throws SourceError when it begins like something else, with its name and a hint
 */
export function checkText(what: string, head: Buffer): void {
  const found = beginnings.find(([magic]) => head.toString('latin1', 0, magic.length) === magic)
  if (found !== undefined) throw refusal(what, found[1], found[2])
  if (head.toString('latin1', 257, 262) === 'ustar') throw refusal(what, 'a tar archive', 'tar -xOf')
  if (!head.includes(0) || hasLine(head)) return
  const utf16 = utf16Of(head)
  if (utf16 !== undefined) throw refusal(what, `text in ${utf16}`, `iconv -f ${utf16} -t UTF-8`)
  throw new SourceError(
    `${what} is not text: byte ${head.indexOf(0)} is 0, and no line at its beginning is one of an access log. ` +
      `If it is a log with zeros in it: tr -d '\\0' < ${file(what)} | ${clicks}`,
  )
}

/** A stream of text out of one that may be packed, even more than once. */
export async function unpacked(what: string, stream: Readable): Promise<Readable> {
  const pieces: Buffer[] = []
  let length = 0
  let isOver = true
  for await (const piece of stream.iterator({ destroyOnReturn: false })) {
    length += (piece as Buffer).length
    pieces.push(piece as Buffer)
    isOver = length < headBytesLeast
    if (!isOver) break
  }
  const head = Buffer.concat(pieces)
  let whole = stream
  if (isOver) whole = Readable.from(head.length === 0 ? [] : [head], { objectMode: false })
  else stream.unshift(head)
  if (isGzip(head))
    return unpacked(
      what,
      pipeline(whole, createGunzip(), () => undefined),
    )
  checkText(what, head.subarray(0, headBytes))
  return whole
}

/** An error that unpacking ended with, as the user may read it. */
export function unpackingError(what: string, error: unknown): unknown {
  const { code = '', message } = error as NodeJS.ErrnoException
  if (!code.startsWith('Z_')) return error
  return new SourceError(`${what} is compressed with gzip, and cut off or damaged: ${message}`, { cause: error })
}

function refusal(what: string, name: string, command: string): SourceError {
  return new SourceError(`${what} is ${name}; give its text instead: ${command} ${file(what)} | ${clicks}`)
}

const file = (what: string): string => (what === standardInput ? 'FILE' : what)

/** What messages call `-`. */
export const standardInput = 'standard input'

function hasLine(head: Buffer): boolean {
  return textOf(head)
    .split(/\r?\n/)
    .some((line) => {
      try {
        parseLine(line)
        return true
      } catch {
        return false
      }
    })
}

/** UTF-16 without a byte order mark: of Latin letters, every other byte is 0. */
function utf16Of(head: Buffer): string | undefined {
  const zeros = [0, 0]
  for (const [index, byte] of head.entries()) if (byte === 0) zeros[index % 2] = (zeros[index % 2] ?? 0) + 1
  const [first = 0, second = 0] = zeros
  const most = (head.length / 2) * 0.9
  if (second >= most && first === 0) return 'UTF-16LE'
  return first >= most && second === 0 ? 'UTF-16BE' : undefined
}
