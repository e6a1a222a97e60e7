/**
 * One group: where it is, and who reads for it.
 */
import type { TopicPartition } from '../../log/format/partition-id.ts'
import { positionView } from '../position-view.ts'
import { pathPart } from '../question.ts'
import type { Question } from '../router.ts'
import type { GroupDetailView } from '../views.ts'
import { positionsMax } from '../watch-memory.ts'

export async function groupDetail({ log, watch, path }: Question): Promise<GroupDetailView> {
  const name = pathPart(path, 'group')
  const { kind, state, generation, assignor = null, members } = await log.admin.describeGroup(name)
  const found = await log.admin.lag(name)
  const positions = found.slice(0, positionsMax)
  const holders = new Map(
    members.flatMap(({ memberId, assignment }) => assignment.map((one) => [placeOf(one), memberId] as const)),
  )
  return {
    name,
    kind,
    state,
    generation,
    assignor,
    members: members.map(({ memberId, clientId, pid, host, lastHeartbeatMs, assignment }) => {
      const partitions = assignment.map(placeOf)
      return { memberId, clientId, pid, host, lastHeartbeatMs, partitions }
    }),
    positions: positions.map((at) => {
      const { topic, partition, committedMs } = at
      const member = holders.get(placeOf(at)) ?? null
      return { ...positionView(at), committedMs, member, lags: watch.lagsOf(name, topic, partition) }
    }),
    positionsLeftOut: found.length - positions.length,
  }
}

function placeOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`
}
