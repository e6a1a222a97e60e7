/**
 * `millrace topic create TOPIC`: makes a topic, and the log where there is none.
 */
import { MillraceError } from '../../core/errors.ts'
import { argument, flag, value, valueOr, values } from '../options.ts'
import { whole } from '../read-values.ts'
import { serdeNamed, settingPair, settingsOf, topicRequest } from '../topic-settings.ts'
import { declareVerb, type Verb } from '../verb.ts'

export const verb: Verb = declareVerb({
  about:
    'A topic can remember how its keys and values are written, by the name of a serde: consume shows them by it, and ' +
    'produce writes them with it. Without one they are text, or bytes.',
  arguments: { topic: argument('its name') },
  options: {
    partitions: valueOr('-p, --partitions <count>', 'how many partitions it gets', whole(1), '1'),
    config: values(
      '-c, --config <name=value>',
      'a setting, such as retentionMs=7d or cleanupPolicy=compact',
      settingPair,
    ),
    keySerde: value('--key-serde <name>', 'how keys are written, such as string or int64', serdeNamed),
    valueSerde: value('--value-serde <name>', 'how values are written, such as json or string', serdeNamed),
    ifNotExists: flag('--if-not-exists', 'leave a topic that is there as it is'),
  },
  examples: [
    {
      does: 'A topic with 4 partitions that keeps a month',
      line: 'millrace topic create visits -p 4 -c retentionMs=30d',
    },
    {
      does: 'Only the newest record of each key, in JSON',
      line: 'millrace topic create profiles -c cleanupPolicy=compact --key-serde string --value-serde json',
    },
  ],
  async run({ topic, partitions, config, keySerde, valueSerde, ifNotExists }, { openLog, out, say }) {
    const request = topicRequest(topic, { partitions, settings: settingsOf(config), keySerde, valueSerde })
    const { admin } = await openLog('create')
    try {
      const made = await admin.createTopic(request)
      if (out.isJson) await out.facts(made, [])
      else say(`created topic ${topic} with ${partitions} partition${partitions === 1 ? '' : 's'}`)
    } catch (error) {
      if (!ifNotExists || !(error instanceof MillraceError) || error.code !== 'topic_exists') throw error
      say(`topic ${topic} is there already`)
    }
  },
})
