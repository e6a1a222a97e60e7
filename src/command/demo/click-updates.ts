/**
 * Reads what the worker writes while it writes it: each count of a page and minute has to be one more than the last.
 */
import type { ReadOptions } from '../../log/consumer/face.ts'
import type { Log } from '../../log/face.ts'
import { updates } from './click-counts.ts'

export class ClickUpdates {
  /** How many there were so far. */
  count = 0
  /** How many were not one more than the last of their page and minute. */
  strays = 0
  readonly #log: Log
  readonly #last = new Map<string, number>()
  readonly #stop = new AbortController()
  readonly #following: Promise<void>
  #next = 0

  constructor(log: Log) {
    this.#log = log
    this.#following = this.#read({ follow: true, signal: this.#stop.signal })
    this.#following.catch(() => undefined) // thrown where it is awaited
  }

  /** Reads to the end, and no further. */
  async finish(): Promise<void> {
    this.#stop.abort()
    await this.#following
    await this.#read({})
  }

  async #read(how: ReadOptions): Promise<void> {
    for await (const { key, value, offset } of this.#log.read(updates, { from: this.#next, ...how })) {
      const name = `${key.window.start} ${key.key}`
      this.count++
      if (value !== (this.#last.get(name) ?? 0) + 1) this.strays++
      this.#last.set(name, value)
      this.#next = offset + 1
    }
  }
}
