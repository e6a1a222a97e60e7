/**
 * What kind of window a windowed key is of: which bytes follow the key, and which window they mean.
 */
import { sumMs } from '../units.ts'
import type { Window } from './window.ts'

/** What windowed keys, stores of windows and their queries know of a kind of windows. */
export interface WindowForm {
  /** Tells it from others: keys that were written as one form may not be read as another. */
  readonly name: string
  /** What a user writes for the serde of such keys. */
  readonly serde: string
  /** Whether a second number of 8 bytes follows the first. */
  readonly isNumbered: boolean
  /** By whose rules windows begin and end; undefined where those of no time zone matter. */
  readonly timeZone?: string | undefined
  /**
   * The window of the numbers that follow a key, as a row of a store has them too: in most forms the start alone.
   *
   * @throws RangeError when they are no window of this form
   */
  windowOf(at: number, number: number): Window
  /** The numbers of a window. */
  atOf(window: Window): number
  numberOf(window: Window): number
}

/** Windows of one size, known by their start. */
export class SizedForm implements WindowForm {
  readonly name: string
  readonly serde: string
  readonly isNumbered = false
  readonly #sizeMs: number

  constructor(sizeMs: number) {
    this.name = String(sizeMs)
    this.serde = `windowed(…, { size: ${sizeMs} })`
    this.#sizeMs = sizeMs
  }

  windowOf(start: number): Window {
    return { start, end: sumMs(start, this.#sizeMs) }
  }

  atOf(window: Window): number {
    const { start, end } = window
    if (end !== sumMs(start, this.#sizeMs))
      throw new RangeError(`the window [${start}, ${end}) is not ${this.#sizeMs} ms long`)
    return start
  }

  numberOf(): number {
    return 0
  }
}

/** Sessions: the end, then the start, as Kafka writes them. */
export const sessionForm: WindowForm = {
  name: 'session',
  serde: 'sessionWindowed(…)',
  isNumbered: true,
  windowOf(end, start) {
    if (start > end) throw new RangeError(`the session [${start}, ${end}] ends before it starts`)
    return { start, end }
  },
  atOf({ start, end }) {
    if (start > end) throw new RangeError(`the session [${start}, ${end}] ends before it starts`)
    return end
  },
  numberOf: ({ start }) => start,
}
