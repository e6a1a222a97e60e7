/**
 * Tables: a caption, headings, and columns that give way on a narrow screen. A table that is still too wide scrolls by
 * itself, never the page.
 */
import type { ComponentChildren } from 'preact'

export interface Column<R> {
  readonly head: string
  readonly of: (row: R) => ComponentChildren
  /** Figures stand at the right. */
  readonly isFigure?: boolean | undefined
  /** Left out where there is little room. */
  readonly isExtra?: boolean | undefined
}

interface TableProps<R> {
  readonly caption: string
  readonly rows: readonly R[]
  readonly columns: readonly Column<R>[]
  readonly keyOf: (row: R) => string
}

export function Table<R>({ caption, rows, columns, keyOf }: TableProps<R>) {
  const classOf = ({ isFigure, isExtra }: Column<R>): string =>
    [isFigure === true ? 'figure' : '', isExtra === true ? 'extra' : ''].join(' ').trim()
  return (
    // A keyboard can only scroll what it can reach.
    <div class="scrolls" role="region" aria-label={`${caption} table`} tabIndex={0}>
      <table>
        <caption class="unseen">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.head} scope="col" class={classOf(column)}>
                {column.head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              {columns.map((column) => (
                <td key={column.head} class={classOf(column)}>
                  {column.of(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
