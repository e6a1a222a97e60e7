/**
 * One group: where it is, and who reads for it.
 */
import { positionView } from '../position-view.ts'
import { pathPart } from '../question.ts'
import type { Question } from '../router.ts'
import type { GroupDetailView } from '../views.ts'

export async function groupDetail({ log, watch, path }: Question): Promise<GroupDetailView> {
  const name = pathPart(path, 'group')
  const { kind, state, generation, assignor = null, members } = await log.admin.describeGroup(name)
  const found = await log.admin.lag(name)
  const holderOf = (topic: string, partition: number): string | null =>
    members.find(({ assignment }) => assignment.some((one) => one.topic === topic && one.partition === partition))
      ?.memberId ?? null
  return {
    name,
    kind,
    state,
    generation,
    assignor,
    members: members.map(({ memberId, clientId, pid, host, lastHeartbeatMs, assignment }) => {
      const partitions = assignment.map(({ topic, partition }) => `${topic}/${partition}`)
      return { memberId, clientId, pid, host, lastHeartbeatMs, partitions }
    }),
    positions: found.map((at) => {
      const { topic, partition, committedMs } = at
      const [member, lags] = [holderOf(topic, partition), watch.lagsOf(name, topic, partition)]
      return { ...positionView(at), committedMs, member, lags }
    }),
  }
}
