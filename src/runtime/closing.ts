/**
 * What operators hold that is in no store, and let go of when the application ends: connections, files, timers.
 */
import { asError } from './turns.ts'

export class Closing {
  readonly #calls: (() => void)[] = []

  add(close: () => void): void {
    this.#calls.push(close)
  }

  /**
   * Calls each once, whatever comes of the others.
   *
   * @throws what the first that failed has thrown
   */
  close(): void {
    const errors: unknown[] = []
    for (const call of this.#calls.splice(0)) {
      try {
        call()
      } catch (error) {
        errors.push(error)
      }
    }
    if (errors.length > 0) throw asError(errors[0])
  }
}
