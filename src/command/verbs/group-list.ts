/**
 * `millrace group list`: consumer groups and applications.
 */
import { sum } from '../../inspect/counts.ts'
import { declareVerb, type Verb } from '../verb.ts'

export const verb: Verb = declareVerb({
  about: 'Everyone who has members or positions, and how many records they have not read yet.',
  examples: [
    { does: 'All groups', line: 'millrace group list' },
    { does: 'Those that lag', line: `millrace group list --json | jq -r 'select(.lag > 0).name'` },
  ],
  async run(_, { openLog, out, say }) {
    const { admin } = await openLog()
    const groups = await admin.groups()
    if (groups.length === 0) return say('there are no groups')
    const rows: ((typeof groups)[number] & { readonly lag: number })[] = []
    for (const group of groups) {
      rows.push({ ...group, lag: sum(await admin.lag(group.name), ({ records }) => records) })
    }
    await out.rows(rows, [
      { head: 'GROUP', of: ({ name }) => name },
      { head: 'KIND', of: ({ kind }) => kind },
      { head: 'STATE', of: ({ state }) => state },
      { head: 'MEMBERS', of: ({ members }) => members },
      { head: 'LAG', of: ({ lag }) => lag },
    ])
  },
})
