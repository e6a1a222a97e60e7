/**
 * Stores: which an application has, and their rows by key, by range and by time, as far as one request may read.
 */
import { shortened } from '../../core/shown.ts'
import { shownRow, type ShownRow, shownWindowRow, textOf } from '../../inspect/stored-rows.ts'
import { findStore, type FoundStore } from '../../inspect/stored-store.ts'
import { limitIn, pathPart, textIn, wholeIn } from '../question.ts'
import { BadQuestion } from '../reply.ts'
import type { Question } from '../router.ts'
import { Slices } from '../slices.ts'
import type { RowsView, RowView, StoreView } from '../views.ts'

const usualLimit = 100
const limitMax = 500
const valueCharsMax = 4_000
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
 * sessions, with a key too; `?asOf` of a store that keeps versions.
 */
export async function rowsOf({ log, clock, path, query }: Question): Promise<RowsView> {
  const store = await findStore(log, pathPart(path, 'application'), pathPart(path, 'store'))
  const limit = limitIn(query, usualLimit, limitMax)
  const slices = new Slices(clock)
  const rows: ShownRow[] = []
  let next: ShownRow | undefined
  let isCutShort = false
  for (const row of rowsIn(store, query)) {
    if (rows.length === limit || !(await slices.next())) {
      next = row
      isCutShort = true
      break
    }
    rows.push(row)
  }
  const shown = rows.map((row) => rowView(row, store.keys))
  return { rows: shown, next: next === undefined ? null : nextOf(store, next, rows[0]), isCutShort }
}

function rowsIn({ query: { kind, store }, keys }: FoundStore, query: URLSearchParams): Iterable<ShownRow> {
  const key = textIn(query, 'key')
  const times = { from: wholeIn(query, 'fromTime'), to: wholeIn(query, 'toTime') }
  switch (kind) {
    case 'keyValue': {
      if (key !== undefined) return maybe(store.row(keys.typed(key)))
      const prefix = textIn(query, 'prefix')
      if (prefix !== undefined) return mapped(store.prefix(keys.typedPrefix(prefix)), shownRow)
      const [from, to] = [textIn(query, 'from'), textIn(query, 'to')]
      const bounds = { from: from && keys.typed(from), to: to && keys.typed(to) }
      return mapped(store.range(bounds), shownRow)
    }
    case 'window':
      return key === undefined
        ? mapped(store.range(times), shownWindowRow)
        : store.fetch(keys.typed(key), times).map(shownWindowRow)
    case 'session':
      return key === undefined
        ? mapped(store.range(times), shownWindowRow)
        : store.find(keys.typed(key), times).map(shownWindowRow)
    case 'versioned':
      if (key === undefined) throw new BadQuestion('a store that keeps versions is asked by key')
      return maybe(store.row(keys.typed(key), { asOf: wholeIn(query, 'asOf') }))
  }
}

function maybe(row: Parameters<typeof shownRow>[0] | undefined): readonly ShownRow[] {
  return row === undefined ? [] : [shownRow(row)]
}

function* mapped<R>(rows: Iterable<R>, shown: (row: R) => ShownRow): Generator<ShownRow> {
  for (const row of rows) yield shown(row)
}

/** Where to go on: null where no parameter says it exactly. */
function nextOf({ query: { kind }, keys }: FoundStore, next: ShownRow, first: ShownRow | undefined): RowsView['next'] {
  if (kind === 'keyValue') return { from: keys.text(next.key) }
  const start = next.window?.start
  return start === undefined || start <= (first?.window?.start ?? start) ? null : { fromTime: String(start) }
}

function rowView({ key, window, value, timestamp }: ShownRow, keys: FoundStore['keys']): RowView {
  const text = textOf(value)
  return {
    key: keys.text(key),
    window: window === undefined ? null : { startMs: window.start, endMs: window.end },
    value: shortened(text, valueCharsMax),
    isCut: text.length > valueCharsMax,
    timestampMs: timestamp,
  }
}
