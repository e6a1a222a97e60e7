/**
 * `millrace topic trim TOPIC --before PLACE`: deletes the oldest records of a topic.
 */
import { counted, sum } from '../../inspect/counts.ts'
import { UsageError } from '../exit-codes.ts'
import { argument, value, values, yes } from '../options.ts'
import { boundsOf, offsetsAt, place, placeGrammar } from '../place.ts'
import { whole } from '../read-values.ts'
import { readersOf } from '../../inspect/topic-readers.ts'
import { declareVerb, type Verb } from '../verb.ts'

export const verb: Verb = declareVerb({
  about:
    'Groups that have not read the deleted records miss them; an application among them fails. The space is free once ' +
    'a whole segment (1,024 batches or 64 MiB) is deleted.',
  arguments: { topic: argument('its name') },
  options: {
    before: value('--before <place>', `the first record that stays: ${placeGrammar}`, place),
    partition: values('--partition <number>', 'only this partition', whole(0)),
    yes,
  },
  examples: [
    { does: 'What is older than a minute', line: 'millrace topic trim clicks --before @-1m --yes' },
    {
      does: 'All but the last 2 records of partition 0',
      line: 'millrace topic trim clicks --before -2 --partition 0 --yes',
    },
  ],
  async run({ topic, before, partition: only, yes: isYes }, { openLog, agree, clock, out, say }) {
    if (before === undefined) throw new UsageError('trim takes --before: the first record that stays')
    const log = await openLog('write')
    const bounds = await boundsOf(log, topic)
    const unknown = only.find((partition) => partition >= bounds.endOffsets.length)
    if (unknown !== undefined) throw new UsageError(`topic ${topic} has no partition ${unknown}`)
    const offsets = await offsetsAt(log, before, bounds, clock.now())
    const trims = offsets
      .map((beforeOffset, partition) => ({
        topic,
        partition,
        startOffset: bounds.startOffsets[partition] ?? 0,
        beforeOffset,
      }))
      .filter(({ partition }) => only.length === 0 || only.includes(partition))
      .filter(({ startOffset, beforeOffset }) => beforeOffset > startOffset)
    if (trims.length === 0) return say(`topic ${topic} has no record before that`)
    const missing = (await readersOf(log, topic)).flatMap(({ name, kind, positions }) => {
      const missed = sum(trims, ({ partition, beforeOffset }) => {
        const at = positions.find((position) => position.partition === partition)
        return at === undefined ? 0 : Math.max(0, beforeOffset - Math.max(at.offset, at.startOffset))
      })
      return missed === 0 ? [] : [`${kind} ${name} has not read ${missed} of them`]
    })
    const plan = trims.map(
      ({ partition, startOffset, beforeOffset }) =>
        `${topic}[${partition}]: offsets ${startOffset} to ${beforeOffset - 1}, ${counted(beforeOffset - startOffset, 'record')}`,
    )
    await agree([...plan, ...missing], 'Delete these records for good?', isYes)
    await log.admin.deleteRecords(
      topic,
      trims.map(({ partition, beforeOffset }) => ({ partition, beforeOffset })),
    )
    if (out.isJson) for (const trim of trims) await out.facts(trim, [])
    else
      say(
        `deleted ${counted(
          sum(trims, (trim) => trim.beforeOffset - trim.startOffset),
          'record',
        )}`,
      )
  },
})
