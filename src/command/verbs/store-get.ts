/**
 * `millrace store get APP STORE KEY`: what a store has for a key.
 */
import { NothingFound, UsageError } from '../exit-codes.ts'
import { argument, value } from '../options.ts'
import { moment } from '../read-values.ts'
import { type ShownRow, shownRow, shownWindowRow } from '../../inspect/stored-rows.ts'
import { showRows } from '../store-table.ts'
import { findStore, type StoredQuery } from '../../inspect/stored-store.ts'
import { declareVerb, type Verb } from '../verb.ts'

export const verb: Verb = declareVerb({
  about:
    'As of the last commit; the application may run anywhere, or not at all. A key is typed as "store dump" shows it: ' +
    'text as it is, or in quotes; any other key as JSON, such as 42, true or ["eu", 7]; bytes as {"hex": "00ff"}. A ' +
    'store of windows or sessions shows all that it has for the key, unless times are given.',
  arguments: {
    application: argument('its id'),
    store: argument('a store of it'),
    key: argument('a key'),
  },
  options: {
    from: value('--from <time>', 'windows that begin at this time or later; sessions that reach it', moment),
    to: value('--to <time>', 'windows, and sessions, that begin at this time or earlier', moment),
    asOf: value('--as-of <time>', 'the value at this time, of a store that keeps versions', moment),
  },
  examples: [
    { does: 'One row', line: 'millrace store get page-counts totals /cart --utc' },
    { does: 'Its value alone', line: 'millrace store get page-counts totals /cart --json | jq .value' },
    { does: 'Its windows', line: 'millrace store get page-counts per-minute /cart --utc' },
  ],
  async run({ application, store, key, ...bounds }, context) {
    const { query, keys } = await findStore(await context.openLog(), application, store)
    const rows = rowsOf(query, keys.typed(key), bounds)
    if (rows.length === 0) throw new NothingFound(`store ${store} has no row for this key`)
    await showRows(context, rows, keys)
  },
})

interface Bounds {
  readonly from: number | undefined
  readonly to: number | undefined
  readonly asOf: number | undefined
}

function rowsOf(query: StoredQuery, key: unknown, { from, to, asOf }: Bounds): readonly ShownRow[] {
  const isTimed = from !== undefined || to !== undefined
  if (asOf !== undefined && query.kind !== 'versioned')
    throw new UsageError('--as-of is for a store that keeps versions')
  if (isTimed && query.kind !== 'window' && query.kind !== 'session')
    throw new UsageError('--from and --to are for stores of windows and of sessions')
  switch (query.kind) {
    case 'keyValue':
      return [query.store.row(key)].flatMap((row) => (row === undefined ? [] : [shownRow(row)]))
    case 'versioned':
      return [query.store.row(key, { asOf })].flatMap((row) => (row === undefined ? [] : [shownRow(row)]))
    case 'window':
      return query.store.fetch(key, { from, to }).map(shownWindowRow)
    case 'session':
      return query.store.find(key, { from, to }).map(shownWindowRow)
  }
}
