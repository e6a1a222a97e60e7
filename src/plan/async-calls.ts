/**
 * The contract for work that completes outside turns: what an operator asks for, and what it does with the result.
 *
 * A turn asks for a call, which begins once the turn is kept. Its result comes back in a turn of its own. What was
 * asked for and has not come back when a commit is made, the operator keeps in a store, so that the call can be made
 * again after a crash.
 */
import type { StreamRecord } from '../core/record.ts'
import type { Carrier } from './carrier.ts'
import type { Header } from '../core/headers.ts'

/**
 * In which order results come: `key`, calls of one key follow each other; `partition`, in the order in which they were
 * asked for in a partition, whichever is done first; `none`, as they are done.
 */
export type AsyncOrder = 'key' | 'partition' | 'none'

/** What an operator's calls have in common. */
export interface AsyncPolicy {
  /** How many may be under way, in all partitions together, with those whose results may not come yet. */
  readonly concurrency: number
  readonly order: AsyncOrder
  /** How long an attempt may take. */
  readonly timeoutMs: number
  /** How often a call that fails is made again. */
  readonly retries: number
}

/** What the function of a call gets besides the record. */
export interface AsyncCall {
  /**
   * The same each time that the call is made, also after a crash, and of no other record: give it to the other side as
   * a key for idempotency.
   */
  readonly id: string
  /** 1 for the first, 2 for the first retry; it begins again after a crash. */
  readonly attempt: number
  /** Aborts when the attempt takes too long, and when the application closes or fails. */
  readonly signal: AbortSignal
}

/** A call that an operator asks for. */
export interface AsyncRequest {
  /** Rises with each request of an operator in a task. */
  readonly number: number
  readonly id: string
  /** Calls of one key follow each other, where the order is that of keys. */
  readonly orderKey: string
  readonly record: StreamRecord<unknown, unknown>
}

/** A record whose call is given up, as a dead letter shows it. */
export interface PassedOver {
  readonly timestamp: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly Header[]
}

/** What an operator does around its calls, in one task. What it asked for, it is given back as it was. */
export interface AsyncWork<R extends AsyncRequest = AsyncRequest> extends AsyncPolicy {
  /** Outside turns: makes the call. It may throw, return a promise, or an answer at once. */
  call(record: StreamRecord<unknown, unknown>, call: AsyncCall): unknown
  /** In a turn: the call is done; goes on with its result. */
  finish(request: R, result: unknown, job: Carrier): void
  /** In a turn: the call, or what came after it, has failed and is passed over. */
  passOver(request: R): PassedOver
  /** Before a commit, outside turns: the call is not done, so it has to be part of that commit. */
  keep(request: R): void
  /** In a turn, before the first record: what was asked for before a restart, in that order. */
  unfinished(): Iterable<R>
}
