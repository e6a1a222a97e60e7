/**
 * One call of an operator's, from the turn that asked for it to the turn that goes on with its result.
 */
import type { Clock } from '../core/clock.ts'
import { isHeard } from '../core/diagnostics.ts'
import { MillraceError } from '../core/errors.ts'
import type { AsyncRequest, AsyncWork } from '../plan/async-calls.ts'
import { Carrier } from '../plan/carrier.ts'
import { operatorError } from '../plan/operator.ts'
import type { JobPlace } from '../plan/origin.ts'
import { Attempt } from './attempt.ts'
import type { Deadlines, Timed } from './deadlines.ts'
import type { Retry } from './failures.ts'
import type { Letter, OwnJob } from './job.ts'
import type { Ledger } from './ledger.ts'

/** The first retry comes after this long, each further one after twice the time of the one before. */
const firstRetryMs = 100
const longestRetryMs = 30_000

interface Outcome {
  readonly error?: unknown
  readonly result?: unknown
}

export interface CompletionGround {
  readonly work: AsyncWork
  readonly place: JobPlace
  readonly ledger: Ledger
  readonly clock: Clock
  readonly deadlines: Deadlines
  readonly onRetry?: ((retry: Retry) => void) | undefined
}

export class Completion implements OwnJob, Timed {
  readonly request: AsyncRequest
  /** Rises with everything that is asked for, except by the turn of a completion, whose wave goes on. */
  readonly wave: number
  /** When it was asked for, by elapsed time. */
  readonly askedMs: number
  readonly #ground: CompletionGround
  readonly #done: (completion: Completion) => void
  #attempts = 0
  /** The one that is under way. */
  #attempt: Attempt | undefined
  #cancelRetry: (() => void) | undefined
  #outcome: Outcome | undefined
  #root: Carrier | undefined

  /** @param done called when there is a result, or a failure that is final */
  constructor(ground: CompletionGround, request: AsyncRequest, wave: number, done: (completion: Completion) => void) {
    this.#ground = ground
    this.request = request
    this.wave = wave
    this.askedMs = ground.clock.elapsed()
    this.#done = done
  }

  get root(): Carrier {
    const { id, record } = this.request
    return (this.#root ??= Carrier.ofJob({ ...this.#ground.place, id }, record.timestamp))
  }

  get ledger(): Ledger {
    return this.#ground.ledger
  }

  /** The id of the operator that asked for it. */
  get operator(): string {
    return this.#ground.place.operator
  }

  get isDone(): boolean {
    return this.#outcome !== undefined
  }

  /** Whether an attempt is under way; between two of them it is not. */
  get isCalling(): boolean {
    return this.#attempt !== undefined
  }

  /** Makes the next attempt. */
  call(): void {
    this.#attempt = new Attempt(this.request.id, ++this.#attempts)
    this.#ground.deadlines.add(this)
    void this.#ask(this.#attempt)
  }

  /** What is thrown at once is an answer like one that comes later. */
  async #ask(attempt: Attempt): Promise<void> {
    let outcome: Outcome
    try {
      outcome = { result: await this.#ground.work.call(this.request.record, attempt) }
    } catch (error) {
      outcome = { error }
    }
    if (this.#attempt === attempt) this.#settle(outcome) // otherwise it comes too late
  }

  timeOut(): void {
    const attempt = this.#attempt
    const error = timedOut(this.#ground.work.timeoutMs)
    if (attempt !== undefined) Attempt.abort(attempt, error)
    this.#settle({ error })
  }

  #settle(outcome: Outcome): void {
    this.#attempt = undefined
    this.#ground.deadlines.delete(this)
    if ('error' in outcome && this.#attempts <= this.#ground.work.retries) {
      const waitMs = this.#retryMs()
      this.#cancelRetry = this.#ground.clock.schedule(waitMs, () => this.call())
      if (isHeard('millrace:retry')) this.#ground.onRetry?.(this.#retryOf(outcome.error, waitMs))
      return
    }
    this.#outcome = outcome
    this.#done(this)
  }

  #retryOf(error: unknown, waitMs: number): Retry {
    const { operator, partition } = this.#ground.place
    const at = { operator, partition, topic: undefined, offset: undefined }
    return { what: 'call', attempt: this.#attempts, waitMs, error, ...at, callId: this.request.id }
  }

  /** Half of the time is fixed, the other half is spread by the clock, so that calls that failed together part. */
  #retryMs(): number {
    const ms = Math.min(firstRetryMs * 2 ** (this.#attempts - 1), longestRetryMs)
    const spread = ((this.#ground.clock.elapsed() * 1_000 + this.request.number * 379) % 1_000) / 1_000
    return Math.round(ms / 2 + (ms / 2) * spread)
  }

  /** No one waits for it any longer; what comes of an attempt that is under way is ignored. */
  abort(reason: MillraceError): void {
    const attempt = this.#attempt
    this.#attempt = undefined
    this.#ground.deadlines.delete(this)
    this.#cancelRetry?.()
    if (attempt !== undefined) Attempt.abort(attempt, reason)
  }

  run(): void {
    const { work, place } = this.#ground
    const outcome = this.#outcome ?? {}
    if ('error' in outcome) throw operatorError(place.operator, outcome.error)
    work.finish(this.request.number, outcome.result, this.root)
  }

  undo(): void {
    // All that it changes is part of the turn; the result stays for the next attempt.
  }

  divide(): boolean {
    return false
  }

  passOver(): Letter {
    return this.#ground.work.passOver(this.request.number)
  }
}

function timedOut(timeoutMs: number): MillraceError {
  return new MillraceError('call_timed_out', `the call took longer than ${timeoutMs} ms, its timeoutMs`)
}
