/**
 * `millrace store dump APP STORE`: all rows of a store, one a line.
 */
import { argument } from '../options.ts'
import { noBounds, rowsBetween } from '../store-range.ts'
import { jsonLineOf, lineOf } from '../store-table.ts'
import { findStore } from '../../inspect/stored-store.ts'
import { declareVerb, type Verb } from '../verb.ts'

export const verb: Verb = declareVerb({
  about:
    'Key and value with a tab between them; windows and sessions with their start and end in ms. It is read page by ' +
    'page: rows that change meanwhile are shown as they are when their page is read.',
  arguments: { application: argument('its id'), store: argument('a store of it') },
  json: 'each row as a JSON object, with its timestamp',
  examples: [
    { does: 'All rows', line: 'millrace store dump page-counts totals' },
    { does: 'Their sum', line: `millrace store dump page-counts totals --json | jq -s 'map(.value) | add'` },
  ],
  async run({ application, store }, { openLog, out, signal }) {
    const found = await findStore(await openLog(), application, store)
    for (const row of rowsBetween(found, noBounds)) {
      if (!out.add(out.isJson ? jsonLineOf(row, found.keys) : lineOf(row, found.keys))) continue
      await out.flush()
      signal.throwIfAborted()
    }
    await out.flush()
  },
})
