/**
 * How far long work is: a line of a terminal that is written over, and nothing where no one looks at it.
 */
import type { WorkProgress } from '../core/work-progress.ts'
import { shownBytes, shownDuration } from '../inspect/amounts.ts'
import type { HostOutput } from './host.ts'

const clearLine = '\r\u001b[2K'

export class ProgressLine {
  readonly #stream: HostOutput
  #isShown = false

  constructor(stream: HostOutput) {
    this.#stream = stream
  }

  /** Shows this instead of what was shown before. */
  show(text: string): void {
    if (this.#stream.isTTY !== true) return
    const columns = this.#stream.columns ?? 80
    this.#stream.write(`${clearLine}${text.slice(0, columns - 1)}`)
    this.#isShown = true
  }

  /** Before anything else is written to the terminal. */
  clear(): void {
    if (this.#isShown) this.#stream.write(clearLine)
    this.#isShown = false
  }
}

/** `verify 34%, 120 MiB of 350 MiB, 48 MiB/s, 5s left`. */
export function shownProgress(what: string, { doneBytes, totalBytes, bytesPerSecond, leftMs }: WorkProgress): string {
  const share = totalBytes === 0 ? 100 : Math.floor((doneBytes / totalBytes) * 100)
  const left = leftMs === null ? '' : `, ${shownDuration(Math.ceil(leftMs / 1_000) * 1_000)} left`
  return `${what} ${share}%, ${shownBytes(doneBytes)} of ${shownBytes(totalBytes)}, ${shownBytes(bytesPerSecond)}/s${left}`
}
