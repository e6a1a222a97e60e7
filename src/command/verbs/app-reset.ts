/**
 * `millrace app reset APP`: makes an application that does not run start over, with empty state.
 */
import type { ApplicationReset, ApplicationResetTarget } from '../../log/admin/application-reset.ts'
import { outputLines, storeLines } from '../../inspect/plan-lines.ts'
import { UsageError } from '../exit-codes.ts'
import { argument, type Reader, valueOr, flag, value, values, yes } from '../options.ts'
import { duration, moment, oneOf } from '../read-values.ts'
import { declareVerb, type Verb } from '../verb.ts'

/** `TOPIC[PARTITION]=OFFSET`. */
const position: Reader<{ readonly topic: string; readonly partition: number; readonly offset: number }> = (text) => {
  const [, topic, partition, offset] = /^(.+)\[(\d+)\]=(\d+)$/.exec(text) ?? []
  if (topic !== undefined) return { topic, partition: Number(partition), offset: Number(offset) }
  throw new UsageError('Expected TOPIC[PARTITION]=OFFSET.')
}

export const verb: Verb = declareVerb({
  about:
    'Its positions move, its stores are emptied, its counters and pending work are forgotten, in one commit. What it ' +
    'writes from then on is written again, after what is there, unless --outputs empty removes that. Its next start may ' +
    'have another topology.',
  arguments: { application: argument('its id') },
  options: {
    toBeginning: flag('--to-beginning', 'to the first records that are kept'),
    toDatetime: value('--to-datetime <time>', 'to the first records with at least this time', moment),
    byDuration: value('--by-duration <age>', 'to the first records that are at most this old, such as 1h', duration),
    toOffset: values(
      '--to-offset <topic[partition]=offset>',
      'to this offset; every partition has to be named',
      position,
    ),
    outputs: valueOr(
      '--outputs <keep|empty>',
      'what becomes of the topics that it has written',
      oneOf('keep', 'empty'),
      'keep',
    ),
    dryRun: flag('--dry-run', 'say what would be done, and do nothing'),
    yes,
  },
  json: 'what was done, or would be, as one JSON object',
  examples: [
    { does: 'What would be read again', line: 'millrace app reset page-counts --to-beginning --dry-run' },
    {
      does: 'The last hour, and without what it has written',
      line: 'millrace app reset page-counts --by-duration 1h --outputs empty --yes',
    },
  ],
  async run({ application, outputs, dryRun, yes: isYes, ...targets }, { openLog, agree, out, say }) {
    const to = targetOf(targets)
    const { admin } = await openLog(dryRun ? 'read' : 'write')
    const planned = await admin.resetApplication(application, { to, outputs, dryRun: true })
    if (dryRun) {
      if (out.isJson) return out.facts(planned, [])
      for (const line of linesOf(planned)) out.add(`${line}\n`)
      return out.flush()
    }
    await agree(linesOf(planned), `Reset ${application}?`, isYes)
    const done = await admin.resetApplication(application, { to, outputs })
    if (out.isJson) await out.facts(done, [])
    else say(`${application} starts over with its next start`)
  },
})

function linesOf({ positions, stores, outputs }: ApplicationReset): string[] {
  return [
    ...positions.map(({ topic, partition, before, after }) => `${topic}[${partition}]: ${before ?? '-'} -> ${after}`),
    ...storeLines(stores, 'emptied'),
    ...outputLines(outputs, 'emptied'),
  ]
}

function targetOf(given: {
  readonly toBeginning: boolean
  readonly toDatetime: number | undefined
  readonly byDuration: number | undefined
  readonly toOffset: readonly { readonly topic: string; readonly partition: number; readonly offset: number }[]
}): ApplicationResetTarget {
  const { toBeginning, toDatetime, byDuration, toOffset } = given
  const targets: ApplicationResetTarget[] = []
  if (toBeginning) targets.push('beginning')
  if (toDatetime !== undefined) targets.push({ time: toDatetime })
  if (byDuration !== undefined) targets.push({ ago: byDuration })
  if (toOffset.length > 0) targets.push(toOffset)
  const [target, other] = targets
  if (target !== undefined && other === undefined) return target
  throw new UsageError('say where to, once: --to-beginning, --to-datetime, --by-duration or --to-offset')
}
