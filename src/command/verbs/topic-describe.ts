/**
 * `millrace topic describe TOPIC`: one topic with its settings and partitions.
 */
import { topicConfigNames } from '../../core/topic-config.ts'
import { shownBytes } from '../../inspect/amounts.ts'
import { argument } from '../options.ts'
import { shownSetting } from '../topic-settings.ts'
import { declareVerb, type Verb } from '../verb.ts'

export const verb: Verb = declareVerb({
  about: 'Settings that are not marked "default" were set for this topic.',
  arguments: { topic: argument('its name') },
  json: 'all of it as one JSON object',
  examples: [
    { does: 'A topic', line: 'millrace topic describe clicks --utc' },
    { does: 'One of its settings', line: 'millrace topic describe clicks --json | jq .effectiveConfig.retentionMs' },
  ],
  async run({ topic }, { openLog, out, time }) {
    const { admin } = await openLog()
    const details = await admin.describeTopic(topic)
    const [size] = await admin.logSizes([topic])
    const sizes = size?.partitions ?? []
    if (out.isJson) return out.facts({ ...details, partitions: sizes }, [])
    const settings = topicConfigNames.map((name): readonly [string, string] => {
      const isDefault = !(name in details.config)
      return [name, `${shownSetting(name, details.effectiveConfig[name])}${isDefault ? ' (default)' : ''}`]
    })
    await out.facts(details, [
      ['topic', details.name],
      ['keys', details.serdes?.key ?? 'unknown'],
      ['values', details.serdes?.value ?? 'unknown'],
      ...settings,
    ])
    out.add('\n')
    await out.rows(sizes, [
      { head: 'PARTITION', of: ({ partition }) => partition },
      { head: 'START', of: ({ startOffset }) => startOffset },
      { head: 'END', of: ({ endOffset }) => endOffset },
      { head: 'RECORDS', of: ({ records }) => records },
      { head: 'SIZE', of: ({ bytes }) => shownBytes(bytes) },
      { head: 'NEWEST', of: ({ newestTimestamp: newest }) => (newest === null ? null : time(newest)) },
      { head: 'LAST APPEND', of: ({ lastAppendMs: last }) => (last === null ? null : time(last)) },
    ])
  },
})
