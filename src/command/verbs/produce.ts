/**
 * `millrace produce TOPIC`: sends the lines of standard input as records.
 */
import { counted } from '../../inspect/counts.ts'
import { UsageError } from '../exit-codes.ts'
import { argument, flag, value, valueOr, values } from '../options.ts'
import { moment, oneOf, pair, whole } from '../read-values.ts'
import { serdeNamed } from '../topic-settings.ts'
import { declareVerb, type Verb } from '../verb.ts'

export const verb: Verb = declareVerb({
  about:
    'Each line is the value of a record. It is written by the serde that the topic names; a line that does not fit it ' +
    'ends the command, and those before it stay. Where no serde is named, the bytes of the line are the value. The topic ' +
    'must exist.',
  arguments: { topic: argument('its name') },
  options: {
    separator: value(
      '-K, --separator <text>',
      'a line is a key and a value, with this between them; \\t is a tab',
      separator,
    ),
    key: value('-k, --key <key>', 'the key of every record (default: none)', (text) => text),
    header: values('-H, --header <name=value>', 'a header of every record', pair),
    tombstones: flag('-Z, --tombstones', 'an empty value is null, which deletes its key'),
    count: valueOr('--count <number>', 'send each line this many times', whole(1), '1'),
    atomic: flag('--atomic', 'all lines in one commit, when the input has ended: all or nothing'),
    partition: value('-p, --partition <number>', 'where to, whatever the keys say', whole(0)),
    timestamp: value('--timestamp <time>', 'the time of every record (default: now)', moment),
    compression: value(
      '-z, --compression <name>',
      'none, gzip, snappy, lz4 or zstd',
      oneOf('none', 'gzip', 'snappy', 'lz4', 'zstd'),
    ),
    keySerde: value('--key-serde <name>', 'how to write keys, whatever the topic names', serdeNamed),
    valueSerde: value('--value-serde <name>', 'how to write values, whatever the topic names', serdeNamed),
  },
  json: 'each line is a record as consume --json prints it: { "key": …, "value": …, "timestamp": …, "headers": … }',
  examples: [
    { does: 'A file, line by line', line: 'cat access.log | millrace produce raw' },
    { does: 'Keys and values', line: `printf 'ann=5\\nbob=7\\n' | millrace produce orders -K =` },
    {
      does: 'Records as JSON',
      line: `echo '{"key":"eve","value":{"page":"/","status":200}}' | millrace produce clicks --json`,
    },
    { does: 'A tombstone', line: `echo | millrace produce orders --key ann --tombstones` },
    { does: 'All or nothing, with a header', line: 'cat access.log | millrace produce raw --atomic -H source=import' },
  ],
  async run(given, { openLog, isJson, stdin, signal, say }) {
    const { topic, key, separator: between } = given
    if (between !== undefined && (key !== undefined || isJson)) {
      throw new UsageError('the key comes from --separator, from --key or from --json')
    }
    const [
      { formOf, isKnownSerde },
      { UnfitText },
      { fitting, recordOfJson, recordOfLine },
      { linesOf },
      { sendAtOnce, sendLines },
    ] = await Promise.all([
      import('../../inspect/record-form.ts'),
      import('../../inspect/unfit-text.ts'),
      import('../record-input.ts'),
      import('../lines.ts'),
      import('../send-lines.ts'),
    ])
    const log = await openLog('write')
    const { serdes, effectiveConfig, partitions } = await log.admin.describeTopic(topic)
    if (given.partition !== undefined && given.partition >= partitions) {
      throw new UsageError(
        `topic ${topic} has no partition ${given.partition}: it has ${counted(partitions, 'partition')}`,
      )
    }
    const named = { key: given.keySerde?.name ?? serdes?.key, value: given.valueSerde?.name ?? serdes?.value }
    for (const side of ['key', 'value'] as const) {
      if (isKnownSerde(named[side])) continue
      throw new UsageError(
        `the ${side}s of ${topic} are written by ${named[side] ?? ''}, a serde that only its program has; ` +
          `--${side}-serde bytes sends the bytes as they are`,
      )
    }
    const forms = { key: formOf(named.key), value: formOf(named.value) }
    const rules = {
      forms,
      key: key === undefined ? null : keyOf(key),
      separator: between,
      isEmptyNull: given.tombstones,
      headers: given.header.map(([name, text]) => ({ key: name, value: text })),
      timestamp: given.timestamp,
      partition: given.partition,
    }
    const input = stdin()
    if (input.isTTY === true) say('one record a line; Ctrl-D ends')
    const lines = linesOf(input, effectiveConfig.maxMessageBytes, signal)
    const options = {
      topic,
      recordOf: (line: Uint8Array) => (isJson ? recordOfJson(line, rules) : recordOfLine(line, rules)),
      times: given.count,
      compression: given.compression,
    }
    let written = 0
    try {
      if (given.atomic) written = await sendAtOnce(log, lines, options, signal)
      else await sendLines(log, lines, options, (count) => (written += count))
    } finally {
      say(`${counted(written, 'record')} to ${topic}`)
    }

    function keyOf(text: string): Uint8Array | null {
      try {
        return fitting('the key', forms.key, Buffer.from(text))
      } catch (error) {
        throw error instanceof UnfitText ? new UsageError(error.message) : error
      }
    }
  },
})

function separator(text: string): Buffer {
  if (text === '') throw new UsageError('Expected at least one character.')
  return Buffer.from(text.replaceAll('\\t', '\t'))
}
