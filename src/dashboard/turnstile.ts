/**
 * How many requests read at a time: the rest waits, and too many are refused. However many ask at once, the process
 * that answers keeps its event loop and its memory.
 */

const readingMax = 4
const waitingMax = 64

export class Turnstile {
  #reading = 0
  readonly #waiting: (() => void)[] = []

  /** Whether another one would have to wait for too long. */
  get isFull(): boolean {
    return this.#waiting.length >= waitingMax
  }

  /** Reads when it is its turn. */
  async pass<T>(read: () => Promise<T>): Promise<T> {
    if (this.#reading >= readingMax) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve) // gets the place of the one that leaves
      })
    } else {
      this.#reading++
    }
    try {
      return await read()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#reading--
      else next()
    }
  }
}
