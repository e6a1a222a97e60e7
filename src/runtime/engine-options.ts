/**
 * What an engine is told by the application or by the test driver, and what it tells them.
 */
import type { Clock } from '../core/clock.ts'
import type { FailurePolicy, Retry } from './failures.ts'
import type { SourceLane } from './sequence.ts'

export interface EngineOptions {
  readonly clock: Clock
  readonly policy: FailurePolicy
  readonly deadLetterTopic: string
  /** Whether what operators drop is written there too. */
  readonly deadLetterDrops: boolean
  /** Source records after which a commit is due. */
  readonly commitRecords: number
  /** How long an empty partition is waited for while others have records. */
  readonly maxTaskIdleMs: number
  /** How long a task has no record until what is open there is closed; Infinity: it stays open. */
  readonly idleTimeoutMs: number
  /** Whether it reads what is there now, and no more. */
  readonly isBounded: boolean
  /** Moves the bounds of lanes, each time that the log has something new. */
  readonly moveBounds?: ((lanes: readonly SourceLane[]) => void) | undefined
  /** The most memory that rows of stores take between commits, roughly. */
  readonly stateCacheBytes: number
  /** Called when an operator stops the application, perhaps outside a run. */
  readonly onStop: () => void
  /** Called when there is more to do outside a run: an asynchronous call is done. */
  readonly onNews: () => void
  /** Called for each retry, where anyone listens; none: no one can. */
  readonly onRetry?: ((retry: Retry) => void) | undefined
}

/** Why a run came back. `blocked`: an operator has as many asynchronous calls under way as it may have. */
export type RunResult = 'commitDue' | 'topicMissing' | 'timeUp' | 'drained' | 'waiting' | 'late' | 'blocked'

/**
 * A run checks the time after its first turn and then after twice as many turns each time, up to this distance. A check
 * costs a part of a short turn, but where each turn is long, checking rarely would hold up the event loop and the
 * commit.
 */
export const turnsBetweenLooksMax = 64
