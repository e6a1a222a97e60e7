/**
 * Tables: a caption, headings, and columns that give way where there is little room. On a phone each row is a card, and
 * each of its cells says what it is.
 */
import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { Scroller } from './scroller.tsx'
import { count } from './text.tsx'

/** How many rows of a very long table are shown at first: as many as a person reads through. */
const shownMax = 20

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
  /** Of very many rows only those for which `by` is largest are shown, until all are asked for. */
  readonly first?: { readonly by: (row: R) => number; readonly what: string } | undefined
}

export function Table<R>({ caption, rows, columns, keyOf, first }: TableProps<R>) {
  const [isWhole, setWhole] = useState(false)
  const isLong = first !== undefined && rows.length > 2 * shownMax
  const shown = isLong && !isWhole ? firstOf(rows, first.by) : rows
  const classOf = ({ isFigure, isExtra }: Column<R>): string =>
    [isFigure === true ? 'figure' : '', isExtra === true ? 'extra' : ''].join(' ').trim()
  return (
    <>
      <Scroller label={`${caption} table`}>
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
            {shown.map((row) => (
              <tr key={keyOf(row)}>
                {columns.map((column) => (
                  <td key={column.head} class={classOf(column)} data-head={column.head}>
                    {column.of(row)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroller>
      {isLong && (
        <p class="pager">
          {!isWhole && `The ${shownMax} ${first.what}.`}
          <button type="button" aria-expanded={isWhole} onClick={() => setWhole(!isWhole)}>
            {isWhole ? `Show ${shownMax} only` : `Show all ${count(rows.length)}`}
          </button>
        </p>
      )}
    </>
  )
}

/** In the order that they have. */
function firstOf<R>(rows: readonly R[], by: (row: R) => number): readonly R[] {
  const first = new Set(rows.toSorted((a, b) => by(b) - by(a)).slice(0, shownMax))
  return rows.filter((row) => first.has(row))
}
