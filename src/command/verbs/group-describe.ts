/**
 * `millrace group describe GROUP`: where a group is and who reads for it, in the columns of Kafka's tool.
 */
import type { GroupDescription, GroupMember } from '../../log/admin/group-admin.ts'
import type { PartitionLag } from '../../log/admin/lag.ts'
import { argument, flag } from '../options.ts'
import { declareVerb, type Verb } from '../verb.ts'

/** A partition that the group has a position in, or a member for. */
interface Row {
  readonly group: string
  readonly topic: string
  readonly partition: number
  readonly currentOffset: number | null
  readonly logEndOffset: number | null
  readonly lag: number | null
  readonly consumerId: string | null
  readonly host: string | null
  readonly clientId: string | null
}

export const verb: Verb = declareVerb({
  about: 'With --members, the members and what each of them has.',
  arguments: { group: argument('a group, or an application') },
  options: { members: flag('--members', 'by member instead of by partition') },
  examples: [
    { does: 'Its positions', line: 'millrace group describe billing' },
    { does: 'The largest lag', line: `millrace group describe billing --json | jq -s 'max_by(.lag).lag'` },
  ],
  async run({ group, members }, { openLog, out, say, time }) {
    const { admin } = await openLog()
    const description = await admin.describeGroup(group)
    const { kind, state, assignor = null, generation } = description
    if (!out.isJson) {
      const who =
        kind === 'application'
          ? 'application'
          : `group, ${state}, assignor ${assignor ?? '-'}, generation ${generation}`
      say(`${group}: ${who}`)
    }
    if (members) {
      if (description.members.length === 0) return say('it has no members')
      return out.rows(description.members, [
        { head: 'CONSUMER-ID', of: ({ memberId }) => memberId },
        { head: 'HOST', of: ({ host }) => host },
        { head: 'PID', of: ({ pid }) => pid },
        { head: 'CLIENT-ID', of: ({ clientId }) => clientId },
        { head: 'INSTANCE-ID', of: ({ instanceId }) => instanceId },
        { head: 'LAST HEARTBEAT', of: ({ lastHeartbeatMs }) => time(lastHeartbeatMs) },
        {
          head: 'PARTITIONS',
          of: ({ assignment }) => assignment.map((one) => `${one.topic}[${one.partition}]`).join(' '),
        },
      ])
    }
    const rows = rowsOf(description, await admin.lag(group))
    if (rows.length === 0) return say('it has no positions yet')
    await out.rows(rows, [
      { head: 'GROUP', of: (row) => row.group },
      { head: 'TOPIC', of: ({ topic }) => topic },
      { head: 'PARTITION', of: ({ partition }) => partition },
      { head: 'CURRENT-OFFSET', of: ({ currentOffset }) => currentOffset },
      { head: 'LOG-END-OFFSET', of: ({ logEndOffset }) => logEndOffset },
      { head: 'LAG', of: ({ lag }) => lag },
      { head: 'CONSUMER-ID', of: ({ consumerId }) => consumerId },
      { head: 'HOST', of: ({ host }) => host },
      { head: 'CLIENT-ID', of: ({ clientId }) => clientId },
    ])
  },
})

function rowsOf({ name, members }: GroupDescription, lags: readonly PartitionLag[]): Row[] {
  const keyOf = (topic: string, partition: number): string => `${topic}[${partition}]`
  const owners = new Map<string, GroupMember>()
  for (const member of members) for (const one of member.assignment) owners.set(keyOf(one.topic, one.partition), member)
  const of = (topic: string, partition: number, lag: PartitionLag | undefined): Row => {
    const owner = owners.get(keyOf(topic, partition))
    return {
      group: name,
      topic,
      partition,
      currentOffset: lag?.offset ?? null,
      logEndOffset: lag?.endOffset ?? null,
      lag: lag?.records ?? null,
      consumerId: owner?.memberId ?? null,
      host: owner?.host ?? null,
      clientId: owner?.clientId ?? null,
    }
  }
  const known = new Set(lags.map(({ topic, partition }) => keyOf(topic, partition)))
  const unread = members
    .flatMap(({ assignment }) => assignment)
    .filter(({ topic, partition }) => !known.has(keyOf(topic, partition)))
  return [
    ...lags.map((lag) => of(lag.topic, lag.partition, lag)),
    ...unread.map(({ topic, partition }) => of(topic, partition, undefined)),
  ]
}
