// A group as a value: whatever happens to it, a partition never has two owners, and left alone it comes to rest with all dealt out.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type PartitionedTopic, partitionName } from '../../../src/log/format/partition-id.ts'
import {
  available,
  detach,
  emptyGroup,
  expire,
  type Group,
  isSettled,
  join,
  leave,
  type Member,
  memberOf,
  type Newcomer,
  release,
  retarget,
  surplus,
  take,
} from '../../../src/log/group/group.ts'

const timeoutMs = 10

interface Act {
  readonly act: 'join' | 'leave' | 'align' | 'detach' | 'silence' | 'end' | 'time' | 'partitions'
  /** Which member. */
  readonly who: number
  /** How much time. */
  readonly by: number
}

const acts: fc.Arbitrary<Act[]> = fc.array(
  fc.record({
    act: fc.constantFrom('join', 'leave', 'align', 'align', 'align', 'detach', 'silence', 'end', 'time', 'partitions'),
    who: fc.nat(5),
    by: fc.integer({ min: 1, max: 6 }),
  }),
  { maxLength: 60 },
)

function newcomer(who: number, life: number): Newcomer {
  const isStatic = who % 3 === 2
  return {
    memberId: `m${who}-${life}`,
    clientId: `m${who}`,
    sessionId: `s${who}`,
    pid: who,
    host: 'here',
    sessionTimeoutMs: timeoutMs,
    subscription: { topics: ['t0', 't1'], ...(who % 2 === 0 ? {} : { pattern: { source: '^t[01]$', flags: '' } }) },
    assignor: (['cooperative-sticky', 'range', 'round-robin'] as const)[who % 3] ?? 'range',
    ...(isStatic ? { instanceId: `i${who}` } : {}),
  }
}

function checkOwners(group: Group): void {
  for (const what of ['owned', 'target'] as const) {
    const names = group.members.flatMap((member) => member[what].map(partitionName))
    expect(new Set(names).size).toBe(names.length)
  }
}

function align(group: Group, member: Member): Group {
  return take(release(group, member.memberId, surplus(member)), member.memberId)
}

test('a partition has one owner at most at every moment, and the living own all of them in the end', () => {
  fc.assert(
    fc.property(acts, (steps) => {
      let group = emptyGroup
      let nowMs = 0
      let lives = 0
      let topics: PartitionedTopic[] = [
        { name: 't0', id: 1, partitions: 3 },
        { name: 't1', id: 2, partitions: 1 },
      ]
      const silent = new Set<string>()
      const gone = new Set<string>()
      const find = (who: number): Member | undefined => group.members.find(({ clientId }) => clientId === `m${who}`)
      const lastSeen = ({ memberId, sessionId, seenMs }: Member): number =>
        sessionId === undefined || silent.has(memberId) ? seenMs : nowMs
      const changed = (next: Group): void => {
        const settled = retarget(
          expire(next, nowMs, lastSeen, ({ memberId }) => gone.has(memberId)),
          topics,
        )
        expect(settled.members.filter(({ memberId }) => gone.has(memberId))).toEqual([])
        expect(settled.generation).toBeGreaterThanOrEqual(group.generation)
        group = settled
      }
      for (const step of steps) {
        if (step.act === 'time') nowMs += step.by
        else if (step.act === 'partitions')
          topics = topics.map((topic) => ({ ...topic, partitions: topic.partitions + 1 }))
        else {
          const member = find(step.who)
          if (step.act === 'join') changed(join(group, newcomer(step.who, lives++), nowMs))
          else if (member === undefined) continue
          else if (step.act === 'leave') changed(leave(group, member.memberId, nowMs))
          else if (step.act === 'detach') changed(detach(group, member.memberId, nowMs))
          else if (step.act === 'silence') silent.add(member.memberId)
          else if (step.act === 'end') {
            gone.add(member.memberId)
            changed(group)
          } else changed(align(group, member))
        }
        checkOwners(group)
      }
      nowMs += timeoutMs + 1
      changed(group)
      // Each aligns once to give up and once to take, in whatever order.
      const ids = group.members.map(({ memberId }) => memberId)
      for (const id of [...ids, ...ids]) {
        const member = memberOf(group, id)
        if (member !== undefined) changed(align(group, member))
      }
      checkOwners(group)
      expect(isSettled(group)).toBe(true)
      const owned = group.members.flatMap((member) => member.owned.map(partitionName))
      const all = topics.reduce((sum, { partitions }) => sum + partitions, 0)
      expect(owned).toHaveLength(group.members.length === 0 ? 0 : all)
      expect(retarget(group, topics)).toBe(group)
      expect(group.members.every((member) => available(group, member).length === 0)).toBe(true)
    }),
    { numRuns: 400 },
  )
})

test('a static member that comes back has what it had, and no target changes', () => {
  const topics = [{ name: 't0', id: 1, partitions: 4 }]
  const comes = (who: number, life: number): Newcomer => ({
    ...newcomer(who, life),
    subscription: { topics: ['t0'] },
    assignor: 'range',
    instanceId: `i${who}`,
  })
  let group = retarget(join(join(emptyGroup, comes(0, 0), 0), comes(1, 0), 0), topics)
  for (const { memberId } of group.members) group = take(group, memberId)
  const again = retarget(join(detach(group, 'm1-0', 5), comes(1, 1), 9), topics)
  expect(again.generation).toBe(group.generation)
  expect(again.members[1]).toMatchObject({ memberId: 'm1-1', owned: group.members[1]?.owned, seenMs: 9 })
})

test('the assignor that most members ask for holds', () => {
  const topics = [{ name: 't0', id: 1, partitions: 3 }]
  const comes = (who: number, assignor: Newcomer['assignor']): Newcomer => ({
    ...newcomer(who, 0),
    subscription: { topics: ['t0'] },
    assignor,
    instanceId: `i${who}`,
  })
  const group = retarget(
    join(join(join(emptyGroup, comes(0, 'range'), 0), comes(1, 'round-robin'), 0), comes(2, 'round-robin'), 0),
    topics,
  )
  expect(group.members.map(({ target }) => target)).toEqual([0, 1, 2].map((partition) => [{ topicId: 1, partition }]))
})
