/**
 * The options of `suppress`: what a row waits for, and how many may.
 */
import type { Windowed } from '../../core/windows/window.ts'
import type { Named } from './functions.ts'
import type { Missing } from './known.ts'
import type { KTable } from './table.ts'

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
  /** One of the two. */
  readonly untilTimeLimit?: undefined
  /** What happens when a limit is exceeded: the application stops with `buffer_full`. */
  readonly whenFull?: 'fail' | undefined
}

/**
 * What a table takes: the result of a window only where its keys have windows. One overload with both says more of a
 * wrong call than two.
 */
export type SuppressOptions<Table> =
  | UntilTimeLimit
  | (Table extends KTable<Windowed<unknown>, unknown> ? UntilWindowCloses : WithoutWindows)

/** What the compiler says where there is no window to close. */
export interface WithoutWindows {
  /** As of {@link UntilWindowCloses}. */
  readonly untilWindowCloses: Missing<'only the keys of an aggregation over windows have windows that close'>
}

/** The newest change of each row, now and then: see {@link KTable.suppress}. */
export interface UntilTimeLimit extends SuppressLimits {
  /** For how long a row waits after its first change, in ms of stream time. */
  readonly untilTimeLimit: number
  /** One of the two. */
  readonly untilWindowCloses?: undefined
  /**
   * What happens when a limit is exceeded: the rows that have waited longest go on early (default), or the application
   * stops with `buffer_full`.
   */
  readonly whenFull?: 'emitEarly' | 'fail' | undefined
}
