/**
 * Stores: which an application has, and their rows by key, by range and by time, as far as one request may read.
 */
import { shortened } from '../../core/shown.ts'
import { shownRow, type ShownRow, shownWindowRow, textOf } from '../../inspect/stored-rows.ts'
import { findStore, type FoundStore } from '../../inspect/stored-store.ts'
import { flagIn, limitIn, pathPart, textIn, wholeIn } from '../question.ts'
import { BadQuestion } from '../reply.ts'
import type { Question } from '../router.ts'
import { Slices } from '../slices.ts'
import type { RowsView, RowView, StoreView } from '../views.ts'

const usualLimit = 100
const limitMax = 500
const valueCharsMax = 4_000
/** What the values that one request reads may have in all, as text: rows may be large. */
const readCharsMax = 16 * 1_024 * 1_024
const readableKinds: readonly string[] = ['keyValue', 'window', 'session', 'versioned']

export async function storesOf({ log, path }: Question): Promise<readonly StoreView[]> {
  const version = pathPart(path, 'version')
  const found = await log.admin.describeApplication(pathPart(path, 'application'), { version })
  const isLive = found.versions.some((one) => one.version === version && one.isLive)
  return found.stores.map(({ name, kind, owner, key, value, partitions, rows, bytes }) => {
    const isReadable = isLive && readableKinds.includes(kind)
    return { name, kind, owner, key, value, partitions, rows, bytes, isReadable }
  })
}

/**
 * `?key` for one; `?from&to` or `?prefix` for keys of a store without windows; `?fromTime&toTime` for windows and
 * sessions, with a key too, and `?newest` from the last to the first; `?asOf` of a store that keeps versions. `?skip`
 * is what an answer before said.
 */
export async function rowsOf({ log, clock, path, query }: Question): Promise<RowsView> {
  const store = await findStore(log, pathPart(path, 'application'), pathPart(path, 'store'))
  const limit = limitIn(query, usualLimit, limitMax)
  const skipped = wholeIn(query, 'skip') ?? 0
  const slices = new Slices(clock)
  const rows: RowView[] = []
  let [passed, readChars] = [0, 0]
  for (const row of rowsIn(store, query)) {
    const isEnough = rows.length === limit || readChars >= readCharsMax || !(await slices.next())
    if (passed > 0 && isEnough) return { rows, next: nextOf(store, query, row, passed), isCutShort: true }
    if (passed++ < skipped || !begins(row, query)) continue
    const text = textOf(row.value)
    readChars += text.length
    rows.push(rowView(row, text, store.keys))
  }
  return { rows, next: null, isCutShort: false }
}

/** They come one by one, read in pages, so that a request may end anywhere. */
function rowsIn({ query: { kind, store }, keys }: FoundStore, query: URLSearchParams): Iterable<ShownRow> {
  const text = textIn(query, 'key')
  const key = text === undefined ? undefined : keys.typed(text)
  const reverse = flagIn(query, 'newest')
  const from = wholeIn(query, 'fromTime')
  switch (kind) {
    case 'keyValue': {
      if (text !== undefined) return maybe(store.row(key))
      const prefix = textIn(query, 'prefix')
      if (prefix !== undefined) return mapped(store.prefix(keys.typedPrefix(prefix)), shownRow)
      const [first, last] = [textIn(query, 'from'), textIn(query, 'to')]
      return mapped(store.range({ from: first && keys.typed(first), to: last && keys.typed(last) }), shownRow)
    }
    case 'window':
      return mapped(store.range({ key, from, to: wholeIn(query, 'toTime'), reverse }), shownWindowRow)
    case 'session':
      return mapped(store.range({ key, from, reverse }), shownWindowRow)
    case 'versioned':
      if (text === undefined) throw new BadQuestion('a store that keeps versions is asked by key')
      return maybe(store.row(key, { asOf: wholeIn(query, 'asOf') }))
  }
}

/** Sessions that begin too late may be anywhere among the others: each counts, so that the request may end there. */
function begins({ window }: ShownRow, query: URLSearchParams): boolean {
  const to = wholeIn(query, 'toTime')
  return window === undefined || to === undefined || window.start <= to
}

function maybe(row: Parameters<typeof shownRow>[0] | undefined): readonly ShownRow[] {
  return row === undefined ? [] : [shownRow(row)]
}

function* mapped<R>(rows: Iterable<R>, shown: (row: R) => ShownRow): Generator<ShownRow> {
  for (const row of rows) yield shown(row)
}

/**
 * Where to go on: by the next key, or the next window of the key. Everything else is in no order that a parameter could
 * say, so what was shown already is passed over; null where that took all the time that there is.
 */
function nextOf(
  { query: { kind }, keys }: FoundStore,
  query: URLSearchParams,
  next: ShownRow,
  passed: number,
): RowsView['next'] {
  if (kind === 'keyValue' && textIn(query, 'prefix') === undefined) return { from: keys.text(next.key) }
  if (kind === 'window' && textIn(query, 'key') !== undefined && next.window !== undefined) {
    return { [flagIn(query, 'newest') ? 'toTime' : 'fromTime']: String(next.window.start) }
  }
  return passed <= (wholeIn(query, 'skip') ?? 0) ? null : { skip: String(passed) }
}

function rowView({ key, window, timestamp }: ShownRow, text: string, keys: FoundStore['keys']): RowView {
  return {
    key: keys.text(key),
    window: window === undefined ? null : { startMs: window.start, endMs: window.end },
    value: shortened(text, valueCharsMax),
    isCut: text.length > valueCharsMax,
    timestampMs: timestamp,
  }
}
