/**
 * Cuts blocks of bytes into lines, whatever the bytes are.
 */

/** What is longer than this is no line of an access log: its beginning stands for it. */
export const lineBytesMax = 262_144

const newline = 0x0a
const carriageReturn = 0x0d

export class LineSplitter {
  /** The line that has no end yet. */
  #open: Buffer = Buffer.alloc(0)
  /** Bytes up to the end of the last line that was handed out. */
  position: number
  /** Bytes past it. */
  #openBytes = 0

  constructor(position: number) {
    this.position = position
  }

  /** The lines that end in this block, without their line breaks. */
  split(block: Buffer): Buffer[] {
    const lines: Buffer[] = []
    let start = 0
    for (let end = block.indexOf(newline); end >= 0; end = block.indexOf(newline, start)) {
      this.#extend(block.subarray(start, end))
      lines.push(this.#take(1))
      start = end + 1
    }
    this.#extend(block.subarray(start))
    return lines
  }

  /** The last line when nothing ends it. */
  rest(): Buffer[] {
    return this.#openBytes === 0 ? [] : [this.#take(0)]
  }

  #extend(bytes: Buffer): void {
    this.#openBytes += bytes.length
    if (this.#open.length === 0) this.#open = bytes
    else if (this.#open.length < lineBytesMax) this.#open = Buffer.concat([this.#open, bytes])
  }

  #take(breakBytes: number): Buffer {
    const line = this.#open.subarray(0, lineBytesMax)
    this.position += this.#openBytes + breakBytes
    this.#open = Buffer.alloc(0)
    this.#openBytes = 0
    return line.at(-1) === carriageReturn ? line.subarray(0, -1) : line
  }
}
