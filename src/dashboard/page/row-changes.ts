/**
 * What has changed in the rows of a store from one read to the next.
 *
 * From outside a process there are only reads: of several commits between two of them, the last one counts.
 */
import type { RowsView, RowView } from '../views.ts'

export interface RowChange {
  readonly key: string
  readonly window: RowView['window']
  /** Null: the row is new, or gone. */
  readonly before: string | null
  readonly after: string | null
}

/**
 * Of lists that are cut short only the stretch that both show is compared: what follows may have come into view, or
 * left it, without having changed.
 *
 * @param nameOf tells rows apart
 */
export function changesBetween(
  before: RowsView,
  after: RowsView,
  nameOf: (row: Pick<RowView, 'key' | 'window'>) => string,
): readonly RowChange[] {
  const [old, now] = [namedRows(before, nameOf), namedRows(after, nameOf)]
  const oldEnd = before.isCutShort || after.isCutShort ? lastCommon(before, now, nameOf) : before.rows.length
  const nowEnd = before.isCutShort || after.isCutShort ? lastCommon(after, old, nameOf) : after.rows.length
  const changes: RowChange[] = []
  for (const row of after.rows.slice(0, nowEnd)) {
    const known = old.get(nameOf(row))
    if (known !== undefined && known.value === row.value && known.timestampMs === row.timestampMs) continue
    changes.push({ key: row.key, window: row.window, before: known?.value ?? null, after: row.value })
  }
  for (const row of before.rows.slice(0, oldEnd)) {
    if (!now.has(nameOf(row))) changes.push({ key: row.key, window: row.window, before: row.value, after: null })
  }
  return changes
}

type NameOf = Parameters<typeof changesBetween>[2]

function namedRows({ rows }: RowsView, nameOf: NameOf): ReadonlyMap<string, RowView> {
  return new Map(rows.map((row) => [nameOf(row), row]))
}

/** How many rows there are up to the last one that the others have too. */
function lastCommon({ rows }: RowsView, others: ReadonlyMap<string, RowView>, nameOf: NameOf): number {
  return rows.findLastIndex((row) => others.has(nameOf(row))) + 1
}
