/**
 * A part of what a search found, with the ways to what comes before it and after it.
 */
import type { ComponentChildren } from 'preact'
import { Link, withQuery } from './address.tsx'
import { Notice } from './notice.tsx'
import { count } from './text.tsx'

interface FoundProps {
  readonly what: 'records' | 'letters'
  readonly found: number
  readonly of: {
    readonly searched: number
    readonly older: string | null
    readonly newer: string | null
    readonly isCutShort: boolean
  }
  readonly address: URL
  /** What was found. */
  readonly children: ComponentChildren
}

/** The parameters that say where one is. */
const nowhere = {
  offset: undefined,
  time: undefined,
  older: undefined,
  newer: undefined,
  record: undefined,
  letter: undefined,
}

export function Found({ what, found, of: { searched, older, newer, isCutShort }, address, children }: FoundProps) {
  const isSearch = address.search !== ''
  return (
    <>
      {isCutShort && (
        <Notice kind="empty">
          {`Searched ${count(searched)} ${what} and found ${count(found)} before the limit of one search. Go on below, or narrow the search.`}
        </Notice>
      )}
      {found > 0
        ? children
        : !isCutShort && <Notice kind="empty">{isSearch ? `No matching ${what} here.` : `No ${what} yet.`}</Notice>}
      {(newer !== null || older !== null) && (
        <p class="pager">
          {newer !== null && <Link to={withQuery(address, { ...nowhere, newer })}>← newer</Link>}
          {older !== null && <Link to={withQuery(address, { ...nowhere, older })}>older →</Link>}
        </p>
      )}
    </>
  )
}
