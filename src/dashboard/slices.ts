/**
 * Long reads in short slices: the process may be that of an application, which has the event loop first. A read ends
 * when it has taken all the time that one request may take.
 */
import { type Clock, yieldToEventLoop } from '../core/clock.ts'

const sliceMs = 5
const requestMsDefault = 1_000

export class Slices {
  readonly #clock: Clock
  readonly #startMs: number
  readonly #requestMs: number
  #sliceStartMs: number

  constructor(clock: Clock, requestMs: number = requestMsDefault) {
    this.#clock = clock
    this.#requestMs = requestMs
    this.#startMs = clock.elapsed()
    this.#sliceStartMs = this.#startMs
  }

  /** Lets others have the event loop when it is time; returns false when the request has had all its time. */
  async next(): Promise<boolean> {
    const nowMs = this.#clock.elapsed()
    if (nowMs - this.#startMs >= this.#requestMs) return false
    if (nowMs - this.#sliceStartMs < sliceMs) return true
    await yieldToEventLoop()
    this.#sliceStartMs = this.#clock.elapsed()
    return true
  }
}
