/**
 * The options of `suppress`: what a row waits for, and how many may.
 */
import type { Named } from './functions.ts'

/** How much `suppress` may hold in each partition; without a limit, as much as there is. */
export interface SuppressLimits extends Named {
  /** How many rows may wait. */
  readonly maxRecords?: number | undefined
  /** How many bytes the encoded keys and values of the rows that wait may have. */
  readonly maxBytes?: number | undefined
}

/** The result of each window, once: see {@link KTable.suppress}. */
export interface UntilWindowCloses extends SuppressLimits {
  /** A row waits until its window is closed. */
  readonly untilWindowCloses: true
  /** What happens when a limit is exceeded: the application stops with `buffer_full`. */
  readonly whenFull?: 'fail' | undefined
}

/** The newest change of each row, now and then: see {@link KTable.suppress}. */
export interface UntilTimeLimit extends SuppressLimits {
  /** For how long a row waits after its first change, in ms of stream time. */
  readonly untilTimeLimit: number
  /**
   * What happens when a limit is exceeded: the rows that have waited longest go on early (default), or the application
   * stops with `buffer_full`.
   */
  readonly whenFull?: 'emitEarly' | 'fail' | undefined
}
