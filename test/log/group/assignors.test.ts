// Range and round-robin deal out as Kafka's assignors do; cooperative-sticky is as even, and moves as little as it can.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type PartitionedTopic, partitionName, partitionsOf } from '../../../src/log/format/partition-id.ts'
import { type Assignment, type AssignorName, assignors, type Subscriber } from '../../../src/log/group/assignors.ts'

const topicsOf = (counts: Readonly<Record<string, number>>): PartitionedTopic[] =>
  Object.entries(counts).map(([name, partitions], index) => ({ name, id: index + 1, partitions }))

function subscriber(memberId: string, topics: string, instanceId?: string): Subscriber {
  const names = new Set(topics.split(' ').filter((name) => name !== ''))
  return { memberId, topics: names, previous: [], ...(instanceId === undefined ? {} : { instanceId }) }
}

/** An assignment as a table: `C0: t0-0 t0-1`. */
function table(
  name: AssignorName,
  counts: Readonly<Record<string, number>>,
  subscribers: readonly Subscriber[],
): string[] {
  const topics = topicsOf(counts)
  const assignment = assignors[name](subscribers, topics)
  return subscribers.map(({ memberId }) => {
    const partitions = (assignment.get(memberId) ?? []).map(
      ({ topicId, partition }) => `${topics.find(({ id }) => id === topicId)?.name}-${partition}`,
    )
    return `${memberId}: ${partitions.join(' ')}`
  })
}

// The tables of Kafka's documentation of RangeAssignor and RoundRobinAssignor, and what follows from its rules.
describe('range', () => {
  test.each([
    [
      'two topics of three partitions, two members',
      { t0: 3, t1: 3 },
      ['C0 t0 t1', 'C1 t0 t1'],
      ['C0: t0-0 t0-1 t1-0 t1-1', 'C1: t0-2 t1-2'],
    ],
    ['more members than partitions', { t0: 2 }, ['C0 t0', 'C1 t0', 'C2 t0'], ['C0: t0-0', 'C1: t0-1', 'C2: ']],
    [
      'other topics for each',
      { t0: 3, t1: 3 },
      ['C0 t0', 'C1 t0 t1', 'C2 t0'],
      ['C0: t0-0', 'C1: t0-1 t1-0 t1-1 t1-2', 'C2: t0-2'],
    ],
    [
      'members are ordered by id, not by arrival',
      { t0: 4 },
      ['b t0', 'a t0', 'c t0'],
      ['b: t0-2', 'a: t0-0 t0-1', 'c: t0-3'],
    ],
    ['nobody reads it', { t0: 2, t1: 2 }, ['C0 t0'], ['C0: t0-0 t0-1']],
  ])('%s', (_, counts, members, expected) => {
    const subscribers = members.map((line) => {
      const [id = '', ...topics] = line.split(' ')
      return subscriber(id, topics.join(' '))
    })
    expect(table('range', counts as Readonly<Record<string, number>>, subscribers)).toEqual(expected)
  })

  test('static members come before the others, in the order of their instance ids', () => {
    const members = [subscriber('C0', 't0'), subscriber('C2', 't0', 'a'), subscriber('C1', 't0', 'b')]
    expect(table('range', { t0: 4 }, members)).toEqual(['C0: t0-3', 'C2: t0-0 t0-1', 'C1: t0-2'])
  })
})

describe('round-robin', () => {
  test.each([
    [
      'two topics of three partitions, two members',
      { t0: 3, t1: 3 },
      ['C0 t0 t1', 'C1 t0 t1'],
      ['C0: t0-0 t0-2 t1-1', 'C1: t0-1 t1-0 t1-2'],
    ],
    [
      'other topics for each',
      { t0: 1, t1: 2, t2: 3 },
      ['C0 t0', 'C1 t0 t1', 'C2 t0 t1 t2'],
      ['C0: t0-0', 'C1: t1-0', 'C2: t1-1 t2-0 t2-1 t2-2'],
    ],
    [
      'a member is passed over for a topic that it does not read',
      { t0: 2, t1: 3 },
      ['C0 t0 t1', 'C1 t1'],
      ['C0: t0-0 t0-1 t1-1', 'C1: t1-0 t1-2'],
    ],
    ['more members than partitions', { t0: 2 }, ['C0 t0', 'C1 t0', 'C2 t0'], ['C0: t0-0', 'C1: t0-1', 'C2: ']],
  ])('%s', (_, counts, members, expected) => {
    const subscribers = members.map((line) => {
      const [id = '', ...topics] = line.split(' ')
      return subscriber(id, topics.join(' '))
    })
    expect(table('round-robin', counts as Readonly<Record<string, number>>, subscribers)).toEqual(expected)
  })
})

interface World {
  readonly topics: readonly PartitionedTopic[]
  readonly subscribers: readonly Subscriber[]
}

const worlds: fc.Arbitrary<World> = fc
  .record({
    counts: fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 4 }),
    reads: fc.array(fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), { minLength: 1, maxLength: 7 }),
    owners: fc.array(fc.nat(), { minLength: 48, maxLength: 48 }),
  })
  .map(({ counts, reads, owners }) => {
    const topics = topicsOf(Object.fromEntries(counts.map((count, index) => [`t${index}`, count])))
    const all = topics.flatMap(partitionsOf)
    const subscribers = reads.map((row, index) => ({
      memberId: `m${index}`,
      topics: new Set(topics.filter((_, at) => row[at]).map(({ name }) => name)),
      previous: all.filter((_, at) => (owners[at] ?? 0) % (reads.length + 1) === index),
    }))
    return { topics, subscribers }
  })

function checkPartition({ topics, subscribers }: World, assignment: Assignment): void {
  const dealt = subscribers.flatMap(({ memberId }) => (assignment.get(memberId) ?? []).map(partitionName))
  const wanted = topics
    .filter(({ name }) => subscribers.some((one) => one.topics.has(name)))
    .flatMap(partitionsOf)
    .map(partitionName)
  expect(dealt.toSorted()).toEqual(wanted.toSorted())
  for (const { memberId, topics: read } of subscribers) {
    for (const { topicId } of assignment.get(memberId) ?? []) {
      expect(read.has(topics.find(({ id }) => id === topicId)?.name ?? '')).toBe(true)
    }
  }
}

test.each(['range', 'round-robin', 'cooperative-sticky'] as const)(
  '%s gives every partition that somebody reads to exactly one of those who read it, whoever computes it',
  (name) => {
    fc.assert(
      fc.property(worlds, (world) => {
        const assignment = assignors[name](world.subscribers, world.topics)
        checkPartition(world, assignment)
        const again = assignors[name](world.subscribers.toReversed(), world.topics.toReversed())
        for (const { memberId } of world.subscribers) {
          const names = (of: Assignment): string[] => (of.get(memberId) ?? []).map(partitionName).toSorted()
          expect(names(again)).toEqual(names(assignment))
        }
      }),
    )
  },
)

test('cooperative-sticky leaves nobody with two more than one who could take one of them', () => {
  fc.assert(
    fc.property(worlds, ({ topics, subscribers }) => {
      const assignment = assignors['cooperative-sticky'](subscribers, topics)
      const countOf = (memberId: string): number => assignment.get(memberId)?.length ?? 0
      for (const { memberId } of subscribers) {
        for (const { topicId } of assignment.get(memberId) ?? []) {
          const name = topics.find(({ id }) => id === topicId)?.name ?? ''
          for (const other of subscribers.filter((one) => one.topics.has(name))) {
            expect(countOf(memberId) - countOf(other.memberId)).toBeLessThanOrEqual(1)
          }
        }
      }
    }),
  )
})

test('cooperative-sticky moves nothing when nothing changes, and of those who read the same only what must move when one comes or goes', () => {
  const even = fc.record({ partitions: fc.integer({ min: 1, max: 40 }), members: fc.integer({ min: 2, max: 8 }) })
  fc.assert(
    fc.property(even, ({ partitions, members }) => {
      const topics = topicsOf({ t0: partitions })
      const ids = Array.from({ length: members }, (_, index) => `m${index}`)
      const deal = (memberIds: readonly string[], before: Assignment | undefined): Assignment =>
        assignors['cooperative-sticky'](
          memberIds.map((id) => ({ ...subscriber(id, 't0'), previous: before?.get(id) ?? [] })),
          topics,
        )
      const first = deal(ids, undefined)
      const moved = (before: Assignment, after: Assignment): number =>
        [...before].reduce((count, [id, owned]) => {
          const now = new Set((after.get(id) ?? []).map(partitionName))
          return count + owned.filter((partition) => !now.has(partitionName(partition))).length
        }, 0)
      expect(moved(first, deal(ids, first))).toBe(0)
      const more = deal([...ids, 'new'], first)
      expect(moved(first, more)).toBe(more.get('new')?.length)
      expect(more.get('new')?.length).toBe(Math.floor(partitions / (members + 1)))
      const fewer = deal(ids.slice(1), first)
      expect(moved(first, fewer)).toBe(first.get('m0')?.length)
    }),
  )
})
