/**
 * `millrace consume TOPIC…`: prints records, those that are there and those that come.
 */
import { messageOf } from '../../core/errors.ts'
import { exitCodes, UsageError } from '../exit-codes.ts'
import { flag, type Reader, several, value, valueOr, values } from '../options.ts'
import { place, placeGrammar } from '../place.ts'
import { whole } from '../read-values.ts'
import { format, formatGrammar, type Forms } from '../record-line.ts'
import { serdeNamed } from '../topic-settings.ts'
import { declareVerb, type Verb } from '../verb.ts'

export const verb: Verb = declareVerb({
  about:
    'Goes on with new records until Ctrl-C, unless -e or -n ends it. Keys and values are shown by the serde that the ' +
    'topic names, JSON as it is stored; where none is known, as text, or as hex where they are no text. Without --group ' +
    'nothing is written to the log. With it a position is committed once its record is written out.',
  arguments: { topics: several('their names') },
  options: {
    offset: valueOr('-o, --offset <place>', `where to begin: ${placeGrammar}`, place, 'start'),
    count: value('-n, --count <number>', 'end after this many records', whole(1)),
    end: flag('-e, --end', 'end where the topic ends now'),
    format: valueOr('-f, --format <format>', `what to print of a record: ${formatGrammar}`, format, '%v'),
    group: value('-g, --group <name>', 'read as a member of this group, from its positions on', (name) => name),
    partition: values('-p, --partition <number>', 'only this partition', whole(0)),
    key: value('-k, --key <key>', 'only records with this key, as it is shown', (key) => key),
    grep: value('--grep <pattern>', 'only records whose key or value matches, a JavaScript RegExp', regExp()),
    keySerde: value('--key-serde <name>', 'how to read keys, whatever the topic names', serdeNamed),
    valueSerde: value('--value-serde <name>', 'how to read values, whatever the topic names', serdeNamed),
  },
  json: 'each record as a JSON object: topic, partition, offset, timestamp, key, value, headers',
  examples: [
    { does: 'What is there, as far as it goes', line: 'millrace consume clicks -e' },
    { does: 'Keys and times of the last two records', line: `millrace consume clicks -o -2 -e -f '%o %d %k' --utc` },
    { does: 'Records as JSON', line: `millrace consume orders -e --json | jq -c '[.key, .value]'` },
    { does: 'What comes in, until there are two', line: 'millrace consume clicks -o @-10m -n 2 --grep cart' },
    { does: 'As a member of a group', line: 'millrace consume orders --group billing -e' },
  ],
  async run(given, context) {
    const { topics, group, partition, key, grep, end } = given
    const isFiltering = key !== undefined || grep !== undefined
    if (group !== undefined && partition.length > 0)
      throw new UsageError('a member of a group has the partitions that it is given: leave out --partition')
    const [{ RecordSink }, { formOf }] = await Promise.all([
      import('../record-sink.ts'),
      import('../../inspect/record-form.ts'),
    ])
    const log = await context.openLog(group === undefined ? 'read' : 'write')
    const names = [...new Set(topics)]
    const forms = new Map<string, Forms>()
    for (const name of names) {
      const { serdes } = await log.admin.describeTopic(name)
      forms.set(name, {
        key: formOf(given.keySerde?.name ?? serdes?.key),
        value: formOf(given.valueSerde?.name ?? serdes?.value),
      })
    }
    const sink = new RecordSink({
      out: context.out,
      time: context.time,
      format: given.format,
      formsOf: (topic) => forms.get(topic) as Forms,
      key,
      grep,
      countMax: given.count ?? Number.POSITIVE_INFINITY,
    })
    const request = { topics: names, partitions: partition, from: given.offset, isFollowing: !end }
    if (group === undefined) {
      const { consumeTopics } = await import('../consume-topics.ts')
      await consumeTopics(log, request, sink, context)
    } else {
      const { consumeGroup } = await import('../consume-group.ts')
      await consumeGroup(log, { ...request, group }, sink, context)
    }
    return isFiltering && sink.count === 0 ? exitCodes.nothingFound : exitCodes.done
  },
})

function regExp(): Reader<RegExp> {
  return (text) => {
    try {
      return new RegExp(text, 'u')
    } catch (error) {
      throw new UsageError(messageOf(error))
    }
  }
}
