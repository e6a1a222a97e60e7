/**
 * `millrace group lag GROUP`: how far a group or an application lags, in records and in time.
 */
import { shownDuration } from '../../inspect/amounts.ts'
import { counted, sum } from '../../inspect/counts.ts'
import { argument } from '../options.ts'
import { declareVerb, type Verb } from '../verb.ts'

export const verb: Verb = declareVerb({
  about: 'The age is that of the oldest record that it has not read.',
  arguments: { group: argument('a group, or an application') },
  examples: [
    { does: 'By partition', line: 'millrace group lag billing --utc' },
    { does: 'In all', line: `millrace group lag billing --json | jq -s 'map(.records) | add'` },
  ],
  async run({ group }, { openLog, out, say, time }) {
    const { admin } = await openLog()
    const lags = await admin.lag(group)
    if (lags.length === 0) return say(`${group} has no positions yet`)
    await out.rows(lags, [
      { head: 'TOPIC', of: ({ topic }) => topic },
      { head: 'PARTITION', of: ({ partition }) => partition },
      { head: 'LAG', of: ({ records }) => records },
      { head: 'AGE', of: ({ records, ageMs }) => (records === 0 ? null : shownDuration(ageMs)) },
      { head: 'COMMITTED', of: ({ committedMs }) => time(committedMs) },
    ])
    if (!out.isJson)
      say(
        `${counted(
          sum(lags, ({ records }) => records),
          'record',
        )} not read yet`,
      )
  },
})
