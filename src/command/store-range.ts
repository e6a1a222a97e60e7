/**
 * The rows of a store in the order of their keys, between bounds as they are typed.
 */
import { UsageError } from './exit-codes.ts'
import type { StoreKeys } from '../inspect/store-keys.ts'
import { type ShownRow, shownRow, shownWindowRow } from '../inspect/stored-rows.ts'
import type { FoundStore } from '../inspect/stored-store.ts'

export interface RangeBounds {
  readonly fromKey: string | undefined
  readonly toKey: string | undefined
  readonly prefix: string | undefined
  readonly reverse: boolean
  readonly from: number | undefined
  readonly to: number | undefined
}

export const noBounds: RangeBounds = {
  fromKey: undefined,
  toKey: undefined,
  prefix: undefined,
  reverse: false,
  from: undefined,
  to: undefined,
}

/** @throws UsageError for bounds that stores of this kind do not have */
export function rowsBetween({ query, keys }: FoundStore, bounds: RangeBounds): Iterable<ShownRow> {
  const { fromKey, toKey, prefix, reverse, from, to } = bounds
  const hasKeys = fromKey !== undefined || toKey !== undefined || prefix !== undefined || reverse
  switch (query.kind) {
    case 'versioned':
      throw new UsageError('a store that keeps versions is asked by key: millrace store get')
    case 'keyValue': {
      if (from !== undefined || to !== undefined) {
        throw new UsageError(
          '--from and --to are for stores of windows and of sessions; keys are --from-key and --to-key',
        )
      }
      if (prefix === undefined) {
        return mapped(query.store.range({ from: typed(fromKey, keys), to: typed(toKey, keys), reverse }), shownRow)
      }
      if (fromKey !== undefined || toKey !== undefined || reverse) {
        throw new UsageError('--prefix goes with neither --from-key, --to-key nor --reverse')
      }
      return mapped(query.store.prefix(keys.typedPrefix(prefix)), shownRow)
    }
    default:
      if (hasKeys) throw new UsageError('a store of windows or sessions has times for bounds: --from and --to')
      return mapped(query.store.range({ from, to }), shownWindowRow)
  }
}

function typed(text: string | undefined, keys: StoreKeys): unknown {
  return text === undefined ? undefined : keys.typed(text)
}

function* mapped<R>(rows: Iterable<R>, shown: (row: R) => ShownRow): Generator<ShownRow> {
  for (const row of rows) yield shown(row)
}
