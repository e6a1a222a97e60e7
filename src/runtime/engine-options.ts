/**
 * How an engine is set up: what the application and the test driver decide for it.
 */
import type { Clock } from '../core/clock.ts'
import type { FailurePolicy } from './failures.ts'

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
  /** The most memory that rows of stores take between commits, roughly. */
  readonly stateCacheBytes: number
  /** Called when an operator stops the application, perhaps outside a run. */
  readonly onStop: () => void
  /** Called when there is more to do outside a run: an asynchronous call is done. */
  readonly onNews: () => void
}
