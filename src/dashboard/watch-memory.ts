/**
 * What one sample of the log needs to know of those before it.
 */
import type { Additions, History, Rates } from './history.ts'
import type { GroupView } from './views.ts'

export interface Memory {
  readonly rates: Rates
  /** Of what instances count, by when they took it. */
  readonly instanceRates: Rates
  /** What versions have failed on. */
  readonly failures: Additions
  readonly history: History
  /** Of the partitions of groups: there may be very many, which must not take the room of everything else. */
  readonly partitions: History
}

/** More partitions than this of one reader are not shown one by one: they count in what is said of all. */
export const positionsMax = 2_000

/** How far a group lags: in records, and in time. */
export type Lag = Pick<GroupView, 'lag' | 'lagMs'>
