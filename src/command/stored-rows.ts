/**
 * Rows of stores as the command shows them.
 */
import type { Header } from '../core/headers.ts'
import type { StoreRow } from '../core/store-row.ts'
import { escaped } from '../core/shown.ts'
import type { Window, Windowed } from '../core/windows/window.ts'
import { plain } from './json.ts'
import type { Column } from './table.ts'

/** A row of a store of any kind; with `--json` it is printed as it is. */
export interface ShownRow {
  readonly key: unknown
  readonly window?: Window | undefined
  readonly value: unknown
  readonly timestamp: number
  readonly headers?: readonly Header[] | undefined
}

export function shownRow({ key, value, timestamp, headers }: StoreRow<unknown, unknown>): ShownRow {
  return { key, value, timestamp, ...(headers === undefined ? {} : { headers }) }
}

export function shownWindowRow({ key, value, timestamp }: StoreRow<Windowed<unknown>, unknown>): ShownRow {
  return { key: key.key, window: key.window, value, timestamp }
}

/** Text as it is, everything else as JSON. */
export function textOf(value: unknown): string {
  const shown = plain(value)
  return typeof shown === 'string' ? shown : JSON.stringify(shown)
}

export function columnsOf(rows: readonly ShownRow[], time: (ms: number) => string): Column<ShownRow>[] {
  const hasWindows = rows.some(({ window }) => window !== undefined)
  return [
    { head: 'KEY', of: ({ key }) => textOf(key) },
    ...(hasWindows
      ? [
          { head: 'FROM', of: ({ window }: ShownRow) => window && time(window.start) },
          { head: 'TO', of: ({ window }: ShownRow) => window && time(window.end) },
        ]
      : []),
    { head: 'VALUE', of: ({ value }) => (typeof value === 'number' ? value : textOf(value)) },
    { head: 'TIME', of: ({ timestamp }) => time(timestamp) },
  ]
}

/** A row as one line with tabs: key, start and end of the window where there is one, value. */
export function lineOf({ key, window, value }: ShownRow): string {
  const parts = [textOf(key), ...(window === undefined ? [] : [window.start, window.end]), textOf(value)]
  return `${parts.map((part) => escaped(String(part))).join('\t')}\n`
}
