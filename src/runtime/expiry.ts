/**
 * By which time the rows of a store expire: the running store asks its ledger, a query what was committed of it.
 */
import type { StreamTime } from '../plan/operator.ts'
import type { StoreSpec } from '../plan/store.ts'
import { type Ledger, releasedCell } from './ledger.ts'
import type { LedgerEntries } from '../core/stored-progress.ts'

/** What says how a store expires. */
export type Expiring = Pick<StoreSpec, 'layout' | 'isOfProcessors'>

/** @param owner the id of the node that lets the rows expire */
export function expiryOf(
  { layout, isOfProcessors }: Expiring,
  owner: string,
  ledger: Ledger,
): Pick<StreamTime, 'now'> | undefined {
  if (layout.retentionMs === undefined) return undefined
  if (isOfProcessors === true) return ledger.taskTime
  return layout.awaitsRelease ? ledger.releasedTime(owner) : ledger.streamTime(owner)
}

/** The same as of the last commit; -1 before the first record. */
export function committedExpiry(
  { layout, isOfProcessors }: Expiring,
  owner: string,
  entries: LedgerEntries | undefined,
): number {
  if (entries === undefined) return -1
  if (isOfProcessors === true) return entries.time
  return (layout.awaitsRelease ? entries.cells[owner]?.[releasedCell] : entries.streamTimes[owner]) ?? -1
}
