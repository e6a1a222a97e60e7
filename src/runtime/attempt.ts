/**
 * An attempt at a call, as its function sees it.
 *
 * Its signal is made when someone asks for it: most functions never do, and a signal costs more than all the rest of a
 * call. It is a property of its own all the same, so that a copy of the call has it too.
 */
import type { AsyncCall } from '../plan/async-calls.ts'

export class Attempt implements AsyncCall {
  readonly id: string
  readonly attempt: number
  declare readonly signal: AbortSignal
  #controller: AbortController | undefined = undefined
  /** Why it was aborted, where that was before someone asked. */
  #reason: Error | undefined = undefined

  constructor(id: string, attempt: number) {
    this.id = id
    this.attempt = attempt
    Object.defineProperty(this, 'signal', signal)
    Object.freeze(this)
  }

  /** Whatever is made of the attempt later is aborted too. A method would be the function's to call. */
  static abort(attempt: Attempt, reason: Error): void {
    attempt.#reason = reason
    attempt.#controller?.abort(reason)
  }

  static signalOf(attempt: Attempt): AbortSignal {
    let controller = attempt.#controller
    if (controller === undefined) {
      attempt.#controller = controller = new AbortController()
      if (attempt.#reason !== undefined) controller.abort(attempt.#reason)
    }
    return controller.signal
  }
}

/** One for all attempts, or each would be an object of another shape. */
const signal: PropertyDescriptor & ThisType<Attempt> = {
  enumerable: true,
  get() {
    return Attempt.signalOf(this)
  },
}
