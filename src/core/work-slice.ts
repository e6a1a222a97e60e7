/**
 * Long work in short slices: it lets others have the event loop when it has had it for long enough, however much it
 * does at a time.
 */
import { monotonicMs, yieldToEventLoop } from './clock.ts'

const sliceMs = 10

export class WorkSlice {
  #endMs = monotonicMs() + sliceMs

  /** Whether it is time to let others go on. */
  get isOver(): boolean {
    return monotonicMs() >= this.#endMs
  }

  /** Lets others go on, and begins the next slice. */
  async next(): Promise<void> {
    await yieldToEventLoop()
    this.#endMs = monotonicMs() + sliceMs
  }
}
