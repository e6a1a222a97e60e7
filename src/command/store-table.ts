/**
 * Rows of stores as the command prints them.
 */
import { escaped } from '../core/escaped.ts'
import { json } from '../inspect/json.ts'
import type { StoreKeys } from '../inspect/store-keys.ts'
import { type ShownRow, textOf } from '../inspect/stored-rows.ts'
import type { Column } from './table.ts'
import type { VerbContext } from './verb.ts'
import '../runtime/stored-store.ts' // binds what answers log.store, which a log alone does not bring

/** As a table; with `--json` each row as an object. */
export async function showRows(
  { out, time }: Pick<VerbContext, 'out' | 'time'>,
  rows: readonly ShownRow[],
  keys: StoreKeys,
): Promise<void> {
  const hasWindows = rows.some(({ window }) => window !== undefined)
  const columns: Column<ShownRow>[] = [
    { head: 'KEY', of: ({ key }) => keys.text(key) },
    ...(hasWindows
      ? [
          { head: 'FROM', of: ({ window }: ShownRow) => window && time(window.start) },
          { head: 'TO', of: ({ window }: ShownRow) => window && time(window.end) },
        ]
      : []),
    { head: 'VALUE', of: ({ value }) => (typeof value === 'number' ? value : textOf(value)) },
    { head: 'TIME', of: ({ timestamp }) => time(timestamp) },
  ]
  await out.rows(out.isJson ? rows.map((row) => ({ ...row, key: keys.json(row.key) })) : rows, columns)
}

/** A row as one line with tabs: key, start and end of the window where there is one, value. */
export function lineOf({ key, window, value }: ShownRow, keys: StoreKeys): string {
  const bounds = window === undefined ? [] : [window.start, window.end]
  return `${[keys.text(key), ...bounds, escaped(textOf(value))].join('\t')}\n`
}

/** The same as a line of JSON. */
export function jsonLineOf(row: ShownRow, keys: StoreKeys): string {
  return `${json({ ...row, key: keys.json(row.key) })}\n`
}
