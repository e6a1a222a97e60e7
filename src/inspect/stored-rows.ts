/**
 * Rows of stores as they are shown, of any kind.
 */
import type { Header } from '../core/headers.ts'
import type { StoreRow } from '../core/store-row.ts'
import type { Window, Windowed } from '../core/windows/window.ts'
import { plain } from './json.ts'

/** A row of a store of any kind. */
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
