/**
 * `millrace store range APP STORE`: rows of a store between two keys, or of windows between two times.
 */
import { NothingFound } from '../exit-codes.ts'
import { argument, flag, value, valueOr } from '../options.ts'
import { moment, whole } from '../read-values.ts'
import { rowsBetween } from '../store-range.ts'
import { type ShownRow } from '../../inspect/stored-rows.ts'
import { showRows } from '../store-table.ts'
import { findStore } from '../../inspect/stored-store.ts'
import { declareVerb, type Verb } from '../verb.ts'

const text = (given: string): string => given

export const verb: Verb = declareVerb({
  about:
    'In the order of the keys as they are stored, as of the last commit; both bounds belong to the range. All rows: ' +
    '"millrace store dump".',
  arguments: { application: argument('its id'), store: argument('a store of it') },
  options: {
    fromKey: value('--from-key <key>', 'the first key', text),
    toKey: value('--to-key <key>', 'the last key', text),
    prefix: value('--prefix <key>', 'keys that begin with this', text),
    reverse: flag('--reverse', 'from the last row to the first'),
    from: value('--from <time>', 'windows that begin at this time or later; sessions that reach it', moment),
    to: value('--to <time>', 'windows, and sessions, that begin at this time or earlier', moment),
    max: valueOr('-n, --max <count>', 'at most this many rows', whole(1), '100'),
  },
  examples: [
    { does: 'By key', line: 'millrace store range page-counts totals --from-key /c --to-key /i --utc' },
    { does: 'The keys that begin alike', line: 'millrace store range page-counts totals --prefix /s --json | jq .key' },
    { does: 'By time', line: 'millrace store range page-counts per-minute --from 2025-03-04T07:58Z --utc' },
  ],
  async run({ application, store, max, ...bounds }, context) {
    const found = await findStore(await context.openLog(), application, store)
    const rows: ShownRow[] = []
    let isMore = false
    for (const row of rowsBetween(found, bounds)) {
      isMore = rows.length === max
      if (isMore) break
      rows.push(row)
    }
    if (rows.length === 0) throw new NothingFound(`store ${store} has no rows there`)
    await showRows(context, rows, found.keys)
    if (isMore) context.say(`there are more than ${max} rows: -n shows more of them`)
  },
})
