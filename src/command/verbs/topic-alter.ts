/**
 * `millrace topic alter TOPIC`: changes settings of a topic that is in use.
 */
import type { TopicConfig } from '../../core/topic-config.ts'
import { UsageError } from '../exit-codes.ts'
import { argument, values } from '../options.ts'
import { settingName, settingNamed, settingPair, settingsOf, shownSetting } from '../topic-settings.ts'
import { declareVerb, type Verb } from '../verb.ts'

export const verb: Verb = declareVerb({
  about:
    'Running producers and the maintenance follow at once. A shorter retention deletes what is older, so look at ' +
    '"millrace topic describe" first.',
  arguments: { topic: argument('its name') },
  options: {
    config: values(
      '-c, --config <name=value>',
      'a setting, such as retentionMs=7d or compressionType=zstd',
      settingPair,
    ),
    reset: values('--reset <name>', 'a setting that goes back to its default', settingName),
  },
  examples: [
    { does: 'Keep a month', line: 'millrace topic alter clicks -c retentionMs=30d' },
    { does: 'Back to the defaults', line: 'millrace topic alter clicks --reset retentionMs --reset cleanupPolicy' },
  ],
  async run({ topic, config, reset }, { openLog, out, say }) {
    if (config.length + reset.length === 0) throw new UsageError('nothing to change: give --config or --reset')
    const back = reset.map((name): readonly [keyof TopicConfig, null] => [settingNamed(name), null])
    const change = { ...Object.fromEntries(back), ...settingsOf(config) }
    const { admin } = await openLog('write')
    const details = await admin.alterTopic(topic, change)
    if (out.isJson) return out.facts(details, [])
    const set = Object.entries(details.config).map(([name, value]) => `${name}=${shownSetting(name, value)}`)
    say(`topic ${topic}: ${set.length === 0 ? 'every setting has its default' : set.join(', ')}`)
  },
})
