/**
 * Turns, one after the other: each is kept whole or undone whole, and when its job fails, the policy says what follows.
 */
import { isHeard } from '../core/diagnostics.ts'
import { MillraceError, messageOf } from '../core/errors.ts'
import type { EngineTopicRequest } from '../log/contract.ts'
import type { Carrier } from '../plan/carrier.ts'
import { isRecordError } from '../plan/operator.ts'
import { type Failure, type FailurePolicy, failureOf, type Retry, retryOf, writeDeadLetter } from './failures.ts'
import type { Job } from './job.ts'
import type { Output } from './outputs.ts'
import type { Shuffle } from './shuffle.ts'
import type { TurnScope } from './turn.ts'

/** What turns need of the engine. */
export interface TurnHost {
  readonly scope: TurnScope
  readonly shuffle: Shuffle
  readonly policy: FailurePolicy
  readonly deadLetters: () => Output
  readonly onRetry?: ((retry: Retry) => void) | undefined
}

export class Turns {
  /** What keeps the application from going on. */
  fatal: Error | undefined
  /** The topic that has to be created before the job goes again. */
  missing: EngineTopicRequest | undefined
  readonly #host: TurnHost
  readonly #scope: TurnScope
  readonly #shuffle: Shuffle

  constructor(host: TurnHost) {
    this.#host = host
    this.#scope = host.scope
    this.#shuffle = host.shuffle
  }

  /**
   * False when it was undone because a topic is {@link missing}, which says nothing against it.
   *
   * @throws the error that stops the application
   */
  run(job: Job, root: Carrier): boolean {
    this.#scope.releases.areLater = false
    const error = this.#attempt(job, root)
    return error === undefined ? this.missing === undefined : this.#goOn(job, root, error)
  }

  /** The first attempt has failed. */
  #goOn(job: Job, root: Carrier, firstError: MillraceError): boolean {
    const { releases } = this.#scope
    let error: MillraceError | undefined = firstError
    for (let attempt = 0; ; attempt++) {
      if (error !== undefined && releases.areNow) {
        releases.areLater = true
        error = this.#attempt(job, root)
      }
      if (error === undefined) return this.missing === undefined
      if (this.#divide(job)) return true
      if (attempt >= this.#host.policy.retries) {
        this.#passOver(failureOf(error, root.origin), job, root)
        return true
      }
      if (isHeard('millrace:retry')) this.#host.onRetry?.(retryOf(failureOf(error, root.origin), attempt + 1))
      error = this.#attempt(job, root)
    }
  }

  /** A turn without a job: it is kept, or undone and thrown. */
  intervene(work: () => void): void {
    this.#scope.begin()
    try {
      work()
    } catch (error) {
      this.#scope.undo()
      throw error
    }
  }

  /** What writes to a topic throws this in a turn. */
  lacks(topic: EngineTopicRequest): MillraceError {
    this.missing = topic
    return notThereYet(topic)
  }

  /** Runs a turn; undoes it and returns the error when the job failed. Every other error stops the application. */
  #attempt(job: Job, root: Carrier): MillraceError | undefined {
    this.#scope.begin()
    root.beginTurn()
    try {
      job.run(root)
      if (this.fatal !== undefined) throw this.fatal
      // User code may have caught the throw of either.
      const error = root.failure ?? (this.missing && notThereYet(this.missing))
      if (error === undefined) {
        this.#shuffle.keep()
        return undefined
      }
      throw error
    } catch (error) {
      this.#scope.undo()
      job.undo()
      this.#shuffle.discard()
      if (this.fatal !== undefined) throw this.fatal
      if (this.missing !== undefined) return undefined
      if (isRecordError(error)) return error
      throw (this.fatal = asError(error))
    }
  }

  #divide(job: Job): boolean {
    this.#scope.begin()
    return job.divide()
  }

  #passOver(failure: Failure, job: Job, root: Carrier): void {
    const { policy, deadLetters } = this.#host
    const { ledger } = job
    try {
      const answer = policy.answer(failure)
      if (answer === 'fail') throw failure.error
      this.#scope.begin()
      ledger.fail(failure.operator ?? failure.topic ?? '', failure.error.code)
      const letter = job.passOver(root)
      if (answer !== 'deadLetter') return
      const output = deadLetters()
      writeDeadLetter(output, failure, letter)
      ledger.writesTo(output.topic).add()
    } catch (error) {
      throw (this.fatal = asError(error)) // also a mistake of the handler, of the operator, or of the log
    }
  }
}

function notThereYet({ name }: EngineTopicRequest): MillraceError {
  return new MillraceError('topic_unknown', `topic "${name}" is not there yet`, { topic: name })
}

export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(messageOf(thrown), { cause: thrown })
}
