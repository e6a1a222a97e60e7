/**
 * `millrace topic list`: what topics there are.
 */
import { shownBytes } from '../../inspect/amounts.ts'
import { flag } from '../options.ts'
import { declareVerb, type Verb } from '../verb.ts'

export const verb: Verb = declareVerb({
  about: 'Of each topic: its partitions, and how many records and bytes they hold.',
  options: {
    hidden: flag('--hidden', 'also the topics that versions beside the live one write'),
  },
  examples: [
    { does: 'All topics', line: 'millrace topic list' },
    { does: 'Their names alone', line: 'millrace topic list --json | jq -r .name' },
  ],
  async run({ hidden }, { openLog, out, say }) {
    const { admin } = await openLog()
    const topics = await admin.listTopics({ hidden })
    const sizes = await admin.logSizes(topics)
    if (topics.length === 0) return say('there are no topics')
    const rows = topics.map((topic, at) => ({
      ...topic,
      records: sizes[at]?.records ?? 0,
      bytes: sizes[at]?.bytes ?? 0,
    }))
    await out.rows(rows, [
      { head: 'TOPIC', of: ({ name }) => name },
      { head: 'PARTITIONS', of: ({ partitions }) => partitions },
      { head: 'RECORDS', of: ({ records }) => records },
      { head: 'SIZE', of: ({ bytes }) => shownBytes(bytes) },
    ])
  },
})
