/**
 * A row as those see it that watch its store.
 */
import type { StoreChange } from '../core/store-changes.ts'
import type { Timestamp } from '../core/units.ts'
import { shownValue } from '../core/with-headers.ts'
import type { StoreSpec } from '../plan/store.ts'
import type { ChangedRow } from '../state/turn-store.ts'

export function shownChange(
  { form, valueCodec }: StoreSpec,
  { key, at, number, value, timestamp }: ChangedRow,
): StoreChange<unknown, unknown> {
  return {
    key: form === undefined ? key : { key, window: form.windowOf(at, number) },
    value: value === undefined ? null : shownValue(value, valueCodec).value,
    timestamp: timestamp as Timestamp,
  }
}
