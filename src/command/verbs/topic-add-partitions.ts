/**
 * `millrace topic add-partitions TOPIC COUNT`: gives a topic more partitions.
 */
import { counted } from '../../inspect/counts.ts'
import { argument } from '../options.ts'
import { whole } from '../read-values.ts'
import { declareVerb, type Verb } from '../verb.ts'

export const verb: Verb = declareVerb({
  about:
    'Existing records stay where they are, so new records with the same key may go to another partition. Refused while ' +
    'state of an application depends on how many there are. A topic cannot lose partitions.',
  arguments: {
    topic: argument('its name'),
    count: argument('how many partitions it has afterwards', whole(1)),
  },
  examples: [
    { does: 'From 1 partition to 8', line: 'millrace topic add-partitions raw 8' },
    { does: 'The same, for a program', line: 'millrace topic add-partitions raw 8 --json | jq .partitions' },
  ],
  async run({ topic, count }, { openLog, out, say }) {
    const { admin } = await openLog('write')
    const details = await admin.addPartitions(topic, count)
    if (out.isJson) return out.facts(details, [])
    say(`topic ${topic} has ${counted(details.partitions, 'partition')}`)
  },
})
