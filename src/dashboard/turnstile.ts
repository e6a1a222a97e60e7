/**
 * How many requests are worked on at a time: the rest waits, and too many are refused. However many ask at once, the
 * process that answers keeps its event loop and its memory.
 */

const waitingMax = 64

export class Turnstile {
  readonly #insideMax: number
  #inside = 0
  readonly #waiting: (() => void)[] = []

  constructor(insideMax: number) {
    this.#insideMax = insideMax
  }

  /** Whether another one would have to wait for too long. */
  get isFull(): boolean {
    return this.#waiting.length >= waitingMax
  }

  /** Does it when it is its turn. */
  async pass<T>(work: () => Promise<T>): Promise<T> {
    if (this.#inside >= this.#insideMax) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve) // gets the place of the one that leaves
      })
    } else {
      this.#inside++
    }
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#inside--
      else next()
    }
  }
}
