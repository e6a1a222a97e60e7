/**
 * `millrace store list APP`: the stores of an application that can be asked.
 */
import { shownBytes } from '../../inspect/amounts.ts'
import { argument } from '../options.ts'
import { askableStores } from '../../inspect/stored-store.ts'
import { declareVerb, type Verb } from '../verb.ts'

export const verb: Verb = declareVerb({
  about: 'What operators keep for themselves is in "millrace app describe".',
  arguments: { application: argument('its id') },
  examples: [
    { does: 'The stores', line: 'millrace store list page-counts' },
    { does: 'The largest', line: `millrace store list page-counts --json | jq -rs 'max_by(.bytes).name'` },
  ],
  async run({ application }, { openLog, out, say }) {
    const stores = await askableStores(await openLog(), application)
    if (stores.length === 0) return say(`${application} has no stores that can be asked`)
    await out.rows(stores, [
      { head: 'STORE', of: ({ name }) => name },
      { head: 'KIND', of: ({ kind }) => kind },
      { head: 'KEYS', of: ({ key }) => key },
      { head: 'VALUES', of: ({ value }) => value },
      { head: 'PARTITIONS', of: ({ partitions }) => partitions },
      { head: 'ROWS', of: ({ rows }) => rows },
      { head: 'SIZE', of: ({ bytes }) => shownBytes(bytes) },
    ])
  },
})
