/**
 * What long work shows while it goes on: lines of a terminal that are written over, and nothing where no one looks.
 *
 * Other text may come at any time, also from a script that prints. It goes above: what is shown is removed before, and
 * comes again when it is shown the next time.
 */
import { stripVTControlCharacters } from 'node:util'
import type { WorkProgress } from '../core/work-progress.ts'
import { shownBytes, shownDuration } from '../inspect/amounts.ts'
import type { HostOutput } from './host.ts'

/** Of a terminal that does not say, or says 0, as one without a window does. */
const usualColumns = 80
const usualRows = 24

/** To the beginning of the line that is this many above, and everything from there on removed. */
const clearFrom = (rows: number): string => `\r${rows === 0 ? '' : `\u001b[${rows}A`}\u001b[J`

export class Progress {
  readonly #stream: HostOutput
  /** The streams that may be the same terminal. */
  readonly #watched: readonly HostOutput[]
  readonly #restore: (() => void)[] = []
  /** The lines on the terminal, as they were cut to it. */
  #lines: readonly string[] = []
  #text = ''
  /** Whether what was written last lacks its line break. */
  #isMidLine = false

  /**
   * @param stream where it is shown, if that is a terminal
   * @param others what else may be written to the same terminal
   */
  constructor(stream: HostOutput, others: readonly HostOutput[]) {
    this.#stream = stream
    this.#watched = [stream, ...others].filter(({ isTTY }) => isTTY === true)
  }

  /** Shows this, one line or more, in place of what was shown before. */
  show(text: string): void {
    if (this.#stream.isTTY !== true) return
    if (this.#restore.length === 0) this.#watch()
    this.#text = text
    const columns = this.#stream.columns || usualColumns
    const lines = text.split('\n').slice(0, (this.#stream.rows || usualRows) - 1)
    const begin = this.#lines.length > 0 ? this.#cleared() : this.#isMidLine ? '\n' : ''
    this.#lines = lines.map((line) => cut(line, columns - 1))
    this.#isMidLine = false
    this.#write(`${begin}${this.#lines.map((line) => `${line}\n`).join('')}`)
  }

  /** Before anything else is written to the terminal. */
  clear(): void {
    if (this.#lines.length === 0) return
    const cleared = this.#cleared()
    this.#lines = []
    this.#write(cleared)
  }

  /** Removes what is shown, for good. */
  end(): void {
    this.clear()
    for (const restore of this.#restore.splice(0)) restore()
  }

  /** A terminal that has become narrower has broken its lines. */
  #cleared(): string {
    const columns = this.#stream.columns || usualColumns
    const rows = this.#lines.reduce((sum, line) => sum + Math.max(1, Math.ceil(columnsOf(line) / columns)), 0)
    return clearFrom(Math.min(rows, (this.#stream.rows || usualRows) - 1))
  }

  /** Set by {@link #watch}; the streams themselves announce what they write. */
  #write: (text: string) => void = (text) => void this.#stream.write(text)

  #watch(): void {
    for (const stream of this.#watched) {
      const write = stream.write.bind(stream)
      if (stream === this.#stream) this.#write = (text) => void write(text)
      const announced = (...args: Parameters<typeof write>): boolean => {
        this.clear()
        const [chunk] = args as readonly unknown[]
        const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk as Uint8Array).toString('latin1')
        if (text !== '') this.#isMidLine = !text.endsWith('\n')
        return write(...args)
      }
      stream.write = announced as typeof write
      this.#restore.push(() => (stream.write = write))
    }
    const onResize = (): void => {
      if (this.#lines.length > 0) this.show(this.#text)
    }
    this.#stream.on('resize', onResize)
    this.#restore.push(() => this.#stream.off('resize', onResize))
  }
}

/** A line that is too long loses its colours with its end. */
function cut(line: string, columns: number): string {
  if (columnsOf(line) <= columns) return line
  let text = ''
  let width = 0
  for (const character of stripVTControlCharacters(line)) {
    width += columnsOf(character)
    if (width > columns) break
    text += character
  }
  return text
}

/** How many columns a text takes at the most: characters that may be wide are. */
function columnsOf(line: string): number {
  let width = 0
  for (const character of stripVTControlCharacters(line))
    width += (character.codePointAt(0) as number) >= 0x1100 ? 2 : 1
  return width
}

/** `verify 34%, 120 MiB of 350 MiB, 48 MiB/s, 5s left`. */
export function shownProgress(what: string, { doneBytes, totalBytes, bytesPerSecond, leftMs }: WorkProgress): string {
  const share = totalBytes === 0 ? 100 : Math.floor((doneBytes / totalBytes) * 100)
  const left = leftMs === null ? '' : `, ${shownDuration(Math.ceil(leftMs / 1_000) * 1_000)} left`
  return `${what} ${share}%, ${shownBytes(doneBytes)} of ${shownBytes(totalBytes)}, ${shownBytes(bytesPerSecond)}/s${left}`
}
