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
import type { Revertible } from '../plan/turn.ts'
import { Attempt } from './attempt.ts'
import type { Link } from './chain.ts'
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

/** What all calls of an operator in one task have in common. */
export interface CompletionGround {
  readonly work: AsyncWork
  readonly place: JobPlace
  readonly ledger: Ledger
  readonly clock: Clock
  readonly deadlines: Deadlines
  readonly onRetry?: ((retry: Retry) => void) | undefined
  /** There is a result, or a failure that is final. */
  settled(completion: Completion): void
  /** The turn that asked for it is undone. */
  undone(completion: Completion): void
}

export class Completion<G extends CompletionGround = CompletionGround> implements OwnJob, Timed, Revertible {
  readonly ground: G
  readonly request: AsyncRequest
  /** Rises with everything that is asked for, except by the turn of a completion, whose wave goes on. */
  readonly wave: number
  /** When it was asked for, by elapsed time. */
  readonly askedMs: number
  /** Its place among those of its task. */
  place: Link<Completion<G>> | undefined
  /** Whether a commit has stored what it is about. */
  isKept = false
  /** Whether its turn comes. */
  isReady = false
  turn = -1
  dueMs = 0
  #attempts = 0
  /** The one that is under way. */
  #attempt: Attempt | undefined
  #deadline: Link<Timed> | undefined
  #cancelRetry: (() => void) | undefined
  #outcome: Outcome | undefined
  #root: Carrier | undefined

  constructor(ground: G, request: AsyncRequest, wave: number, askedMs: number) {
    this.ground = ground
    this.request = request
    this.wave = wave
    this.askedMs = askedMs
  }

  get root(): Carrier {
    const { id, record } = this.request
    const { kind, operator, partition } = this.ground.place
    return (this.#root ??= Carrier.ofJob({ kind, operator, partition, id }, record.timestamp))
  }

  get ledger(): Ledger {
    return this.ground.ledger
  }

  get isDone(): boolean {
    return this.#outcome !== undefined
  }

  /** Whether an attempt is under way; between two of them it is not. */
  get isCalling(): boolean {
    return this.#attempt !== undefined
  }

  revert(): void {
    this.ground.undone(this)
  }

  /** Makes the next attempt. */
  call(): void {
    this.#attempt = new Attempt(this.request.id, ++this.#attempts)
    this.#deadline = this.ground.deadlines.add(this)
    void this.#ask(this.#attempt)
  }

  /** What is thrown at once is an answer like one that comes later. */
  async #ask(attempt: Attempt): Promise<void> {
    let outcome: Outcome
    try {
      outcome = { result: await this.ground.work.call(this.request.record, attempt) }
    } catch (error) {
      outcome = { error }
    }
    if (this.#attempt !== attempt) return // it comes too late
    this.#endAttempt()
    this.#settle(outcome)
  }

  timeOut(): void {
    this.#deadline = undefined
    const error = timedOut(this.ground.work.timeoutMs)
    this.#endAttempt(error)
    this.#settle({ error })
  }

  /** @param reason why it is aborted, if it is */
  #endAttempt(reason?: MillraceError): void {
    const attempt = this.#attempt
    this.#attempt = undefined
    if (this.#deadline !== undefined) this.ground.deadlines.delete(this.#deadline)
    this.#deadline = undefined
    if (attempt !== undefined && reason !== undefined) Attempt.abort(attempt, reason)
  }

  #settle(outcome: Outcome): void {
    const { work, clock, onRetry } = this.ground
    if ('error' in outcome && this.#attempts <= work.retries) {
      const waitMs = this.#retryMs()
      this.#cancelRetry = clock.schedule(waitMs, () => this.call())
      if (isHeard('millrace:retry')) onRetry?.(this.#retryOf(outcome.error, waitMs))
      return
    }
    this.#outcome = outcome
    this.ground.settled(this)
  }

  #retryOf(error: unknown, waitMs: number): Retry {
    const { operator, partition } = this.ground.place
    const at = { operator, partition, topic: undefined, offset: undefined }
    return { what: 'call', attempt: this.#attempts, waitMs, error, ...at, callId: this.request.id }
  }

  /** Half of the time is fixed, the other half is spread by the clock, so that calls that failed together part. */
  #retryMs(): number {
    const ms = Math.min(firstRetryMs * 2 ** (this.#attempts - 1), longestRetryMs)
    const spread = ((this.ground.clock.elapsed() * 1_000 + this.request.number * 379) % 1_000) / 1_000
    return Math.round(ms / 2 + (ms / 2) * spread)
  }

  /** No one waits for it any longer; what comes of an attempt that is under way is ignored. */
  abort(reason: MillraceError): void {
    this.#cancelRetry?.()
    this.#endAttempt(reason)
  }

  run(): void {
    const { work, place } = this.ground
    const outcome = this.#outcome ?? {}
    if ('error' in outcome) throw operatorError(place.operator, outcome.error)
    work.finish(this.request, outcome.result, this.root)
  }

  undo(): void {
    // All that it changes is part of the turn; the result stays for the next attempt.
  }

  divide(): boolean {
    return false
  }

  passOver(): Letter {
    return this.ground.work.passOver(this.request)
  }
}

function timedOut(timeoutMs: number): MillraceError {
  return new MillraceError('call_timed_out', `the call took longer than ${timeoutMs} ms, its timeoutMs`)
}
