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

/** How many partitions of one reader are listed; the others only count in its totals. */
export const positionsMax = 2_000

/** How far a group lags: in records, and in time. */
export type Lag = Pick<GroupView, 'lag' | 'lagMs'>
