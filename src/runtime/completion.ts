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
  readonly onRetry?: ((retry: Retry) => void) | undefined
}

export class Completion implements OwnJob {
  readonly request: AsyncRequest
  /** Rises with everything that is asked for, except by the turn of a completion, whose wave goes on. */
  readonly wave: number
  readonly root: Carrier
  /** When it was asked for, by elapsed time. */
  readonly askedMs: number
  readonly #ground: CompletionGround
  readonly #done: (completion: Completion) => void
  #attempt = 0
  #controller: AbortController | undefined
  #cancelTimer: (() => void) | undefined
  #outcome: Outcome | undefined

  /** @param done called when there is a result, or a failure that is final */
  constructor(ground: CompletionGround, request: AsyncRequest, wave: number, done: (completion: Completion) => void) {
    this.#ground = ground
    this.request = request
    this.wave = wave
    this.askedMs = ground.clock.elapsed()
    this.#done = done
    this.root = Carrier.ofJob({ ...ground.place, id: request.id }, request.record.timestamp)
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
    return this.#controller !== undefined
  }

  /** Makes the next attempt. */
  call(): void {
    const { work, clock } = this.#ground
    const attempt = ++this.#attempt
    const controller = (this.#controller = new AbortController())
    const settle = (outcome: Outcome): void => {
      if (this.#controller === controller) this.#settle(outcome) // otherwise it comes too late
    }
    this.#cancelTimer = clock.schedule(work.timeoutMs, () => {
      const error = timedOut(work.timeoutMs)
      controller.abort(error)
      settle({ error })
    })
    const { id, record } = this.request
    const call = Object.freeze({ id, attempt, signal: controller.signal })
    void answerOf(() => work.call(record, call)).then(
      (result) => settle({ result }),
      (error: unknown) => settle({ error }),
    )
  }

  #settle(outcome: Outcome): void {
    this.#controller = undefined
    this.#cancelTimer?.()
    if ('error' in outcome && this.#attempt <= this.#ground.work.retries) {
      const waitMs = this.#retryMs()
      this.#cancelTimer = this.#ground.clock.schedule(waitMs, () => this.call())
      if (isHeard('millrace:retry')) this.#ground.onRetry?.(this.#retryOf(outcome.error, waitMs))
      return
    }
    this.#outcome = outcome
    this.#done(this)
  }

  #retryOf(error: unknown, waitMs: number): Retry {
    const { operator, partition } = this.#ground.place
    const at = { operator, partition, topic: undefined, offset: undefined }
    return { what: 'call', attempt: this.#attempt, waitMs, error, ...at, callId: this.request.id }
  }

  /** Half of the time is fixed, the other half is spread by the clock, so that calls that failed together part. */
  #retryMs(): number {
    const ms = Math.min(firstRetryMs * 2 ** (this.#attempt - 1), longestRetryMs)
    const spread = ((this.#ground.clock.elapsed() * 1_000 + this.request.number * 379) % 1_000) / 1_000
    return Math.round(ms / 2 + (ms / 2) * spread)
  }

  /** No one waits for it any longer; what comes of an attempt that is under way is ignored. */
  abort(reason: MillraceError): void {
    const controller = this.#controller
    this.#controller = undefined
    this.#cancelTimer?.()
    controller?.abort(reason)
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

/** What is thrown at once is an answer like one that comes later. */
async function answerOf(call: () => unknown): Promise<unknown> {
  return await call()
}

function timedOut(timeoutMs: number): MillraceError {
  return new MillraceError('call_timed_out', `the call took longer than ${timeoutMs} ms, its timeoutMs`)
}
