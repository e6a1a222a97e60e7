/**
 * Rows of stores as the command prints them.
 */
import { escaped } from '../core/escaped.ts'
import { type ShownRow, textOf } from '../inspect/stored-rows.ts'
import type { Column } from './table.ts'

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
