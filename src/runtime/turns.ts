/**
 * Turns, one after the other: each is kept whole or undone whole, and when its record failed, the policy says what follows.
 */
import { MillraceError, messageOf } from '../core/errors.ts'
import type { Carrier } from '../plan/carrier.ts'
import { isRecordError } from '../plan/operator.ts'
import { type Failure, type FailurePolicy, failureOf, writeDeadLetter } from './failures.ts'
import type { Inlet } from './inlet.ts'
import type { Output } from './outputs.ts'
import type { Ledger } from './ledger.ts'
import type { Shuffle } from './shuffle.ts'
import type { TurnScope } from './turn.ts'

/** What turns need of the engine. */
export interface TurnHost {
  readonly scope: TurnScope
  readonly shuffle: Shuffle
  readonly policy: FailurePolicy
  readonly deadLetters: () => Output
}

export class Turns {
  /** What keeps the application from going on. */
  fatal: Error | undefined
  readonly #host: TurnHost
  readonly #scope: TurnScope
  readonly #shuffle: Shuffle

  constructor(host: TurnHost) {
    this.#host = host
    this.#scope = host.scope
    this.#shuffle = host.shuffle
  }

  /** @throws the error that stops the application */
  run(carrier: Carrier, inlet: Inlet): void {
    for (let attempt = 0; ; attempt++) {
      const error = this.#attempt(carrier, inlet)
      if (error === undefined) return
      if (attempt < this.#host.policy.retries) continue
      this.#passOver(failureOf(error, carrier), carrier, inlet.ledger)
      return
    }
  }

  /** Runs a turn; undoes it and returns the error when the record failed. Every other error stops the application. */
  #attempt(carrier: Carrier, inlet: Inlet): MillraceError | undefined {
    this.#scope.begin()
    carrier.beginTurn()
    try {
      inlet.next(carrier)
      if (this.fatal !== undefined) throw this.fatal
      if (carrier.failure === undefined) {
        this.#shuffle.keep()
        return undefined
      }
      throw carrier.failure
    } catch (error) {
      this.#scope.undo()
      this.#shuffle.discard()
      if (this.fatal !== undefined) throw this.fatal
      if (isRecordError(error)) return error
      throw (this.fatal = asError(error))
    }
  }

  #passOver(failure: Failure, carrier: Carrier, ledger: Ledger): void {
    const { policy, deadLetters } = this.#host
    try {
      const answer = policy.answer(failure)
      if (answer === 'fail') throw failure.error
      this.#scope.begin()
      ledger.fail(failure.operator ?? failure.topic, failure.error.code)
      if (answer !== 'deadLetter') return
      const output = deadLetters()
      writeDeadLetter(output, failure, carrier)
      ledger.writesTo(output.topic).add()
    } catch (error) {
      throw (this.fatal = asError(error)) // also a mistake of the handler, or of the log
    }
  }
}

export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(messageOf(thrown), { cause: thrown })
}
