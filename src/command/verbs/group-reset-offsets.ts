/**
 * `millrace group reset-offsets GROUP`: moves the positions of a group that has no members. Without `--execute` it only
 * says where to.
 */
import type { ResetTarget } from '../../log/admin/reset-offsets.ts'
import { UsageError } from '../exit-codes.ts'
import { argument, flag, value, values } from '../options.ts'
import { duration, moment, whole } from '../read-values.ts'
import { declareVerb, type Verb } from '../verb.ts'

export const verb: Verb = declareVerb({
  about:
    'Shows where the positions would go; --execute moves them, in one commit. An offset beyond what a partition holds ' +
    'becomes its first or its last one. The positions of an application go with its state: see "millrace app reset".',
  arguments: { group: argument('a group without members') },
  options: {
    topic: values(
      '--topic <name>',
      'a topic, all its partitions (default: where the group has a position)',
      (name) => name,
    ),
    toEarliest: flag('--to-earliest', 'to the first record that is kept'),
    toLatest: flag('--to-latest', 'to the end'),
    toOffset: value('--to-offset <offset>', 'to this offset, in every partition', whole(0)),
    toDatetime: value('--to-datetime <time>', 'to the first record with at least this time', moment),
    byDuration: value('--by-duration <age>', 'to the first record that is at most this old, such as 1h', duration),
    shiftBy: value('--shift-by <count>', 'this many records on, or back with a minus', whole(Number.MIN_SAFE_INTEGER)),
    execute: flag('--execute', 'do it'),
  },
  examples: [
    { does: 'What would be read again', line: 'millrace group reset-offsets billing --to-earliest' },
    { does: 'Back by two records, done', line: 'millrace group reset-offsets billing --shift-by -2 --execute' },
  ],
  async run({ group, topic, execute, ...targets }, { openLog, out, say }) {
    const to = targetOf(targets)
    const { admin } = await openLog(execute ? 'write' : 'read')
    const topics = topic.length === 0 ? {} : { topics: topic }
    const resets = await admin.resetOffsets(group, { to, ...topics, dryRun: !execute })
    await out.rows(
      resets.map((reset) => ({ group, ...reset })),
      [
        { head: 'GROUP', of: (row) => row.group },
        { head: 'TOPIC', of: (row) => row.topic },
        { head: 'PARTITION', of: ({ partition }) => partition },
        { head: 'CURRENT-OFFSET', of: ({ before }) => before },
        { head: 'NEW-OFFSET', of: ({ after }) => after },
      ],
    )
    say(execute ? 'moved' : 'nothing was moved: --execute does it')
  },
})

function targetOf(given: {
  readonly toEarliest: boolean
  readonly toLatest: boolean
  readonly toOffset: number | undefined
  readonly toDatetime: number | undefined
  readonly byDuration: number | undefined
  readonly shiftBy: number | undefined
}): ResetTarget {
  const { toOffset, toDatetime, byDuration, shiftBy } = given
  const targets: ResetTarget[] = []
  if (given.toEarliest) targets.push('earliest')
  if (given.toLatest) targets.push('latest')
  if (toOffset !== undefined) targets.push({ offset: toOffset })
  if (toDatetime !== undefined) targets.push({ time: toDatetime })
  if (byDuration !== undefined) targets.push({ ago: byDuration })
  if (shiftBy !== undefined) targets.push({ shift: shiftBy })
  const [target, other] = targets
  if (target !== undefined && other === undefined) return target
  throw new UsageError(
    'say where to, once: --to-earliest, --to-latest, --to-offset, --to-datetime, --by-duration or --shift-by',
  )
}
