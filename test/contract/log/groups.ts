// Groups: members on clients of their own share the partitions of `words`.
import { type ConsumerControl, minutes, seconds, string, topic } from 'millrace'
import { expect } from 'vitest'
import { collect } from '../../support/collect.ts'
import { GroupMember, type MemberOptions, seenBy } from '../../support/group-member.ts'
import { words } from '../../support/topics.ts'
import type { Promises, World } from './implementation.ts'
import { committed, committedSum, eventually, refusal, texts } from './helpers.ts'

const every = [0, 1, 2, 3]

async function join({ connect }: World, name: string, options?: MemberOptions): Promise<GroupMember> {
  return new GroupMember(await connect(), name, options).run()
}

/** Waits until the members share all partitions so, by their number. */
const shares = (members: readonly GroupMember[], sizes: readonly number[]): Promise<void> =>
  eventually(() => {
    expect(members.map(({ partitions }) => partitions.length).toSorted((a, b) => b - a)).toEqual(sizes)
    expect(members.flatMap(({ partitions }) => partitions).toSorted((a, b) => a - b)).toEqual(every)
  })

async function joinTwo(
  world: World,
  first?: MemberOptions,
  second?: MemberOptions,
): Promise<[GroupMember, GroupMember]> {
  const members: [GroupMember, GroupMember] = [await join(world, 'a', first), await join(world, 'b', second)]
  await shares(members, [2, 2])
  return members
}

/** Waits until the members have had so many records in hand, each of them once. */
const haveSeen = (members: readonly GroupMember[], count: number): Promise<void> =>
  eventually(() => {
    const seen = seenBy(...members)
    expect([seen.length, new Set(seen).size]).toEqual([count, count])
  })

const send = async ({ log }: World, count: number): Promise<void> => {
  await log.producer().sendMany(words, texts(count))
}

/** Lets time pass as it does: nobody is silent for longer than a heartbeat. */
async function pass({ clock }: World, durationMs: number): Promise<void> {
  for (let passedMs = 0; passedMs < durationMs; passedMs += seconds(1)) {
    clock.advance(seconds(1))
    await new Promise(setImmediate)
  }
}

export const groups: Promises = {
  'the members of a group share the partitions, and each record is read by one of them': async (world) => {
    const members = await joinTwo(world)
    await send(world, 100)
    await haveSeen(members, 100)
  },

  'a partition has one owner at most while it moves: a record in hand holds it up': async (world) => {
    const { log } = world
    await send(world, 40)
    const a = new GroupMember(log, 'a')
    a.hold()
    a.run()
    await eventually(() => expect(a.isHolding).toBe(true))
    const b = await join(world, 'b')
    const both = async (): Promise<number[]> =>
      (await log.admin.describeGroup('g')).members
        .flatMap(({ assignment }) => assignment.map(({ partition }) => partition))
        .toSorted((x, y) => x - y)
    await eventually(async () => {
      expect(await both()).toEqual(every)
      expect(await log.admin.describeGroup('g')).toMatchObject({
        state: 'rebalancing',
        members: [{}, { clientId: 'b' }],
      })
    })
    expect([a.partitions, b.partitions, b.seen]).toEqual([every, [], []])
    a.release()
    await shares([a, b], [2, 2])
    expect(await both()).toEqual(every)
    await haveSeen([a, b], 40)
  },

  'partitions that need not move are not touched': async (world) => {
    const a = await join(world, 'a')
    await shares([a], [4])
    const b = await join(world, 'b')
    await shares([a, b], [2, 2])
    expect(a.events).toEqual(['assigned 0 1 2 3', `revoked ${b.partitions.join(' ')}`])
    expect(b.events).toEqual([`assigned ${b.partitions.join(' ')}`])
  },

  'when a member closes the others go on at once, behind what it has done': async (world) => {
    const [a, b] = await joinTwo(world)
    await send(world, 40)
    await haveSeen([a, b], 40)
    await b.consumer.close()
    await shares([a], [4])
    await send(world, 40)
    await haveSeen([a, b], 80)
    await a.consumer.close()
    expect(await committedSum(world.log, 'g')).toBe(80)
  },

  'more members than partitions wait, and take over when one goes': async (world) => {
    const members: GroupMember[] = []
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) members.push(await join(world, name))
    await shares(members, [1, 1, 1, 1, 0, 0])
    await members.find(({ partitions }) => partitions.length === 1)?.consumer.close()
    await shares(members, [1, 1, 1, 1, 0, 0])
  },

  'the assignors range and round-robin deal out as those of Kafka': async (world) => {
    for (const [assignor, first] of [
      ['range', [0, 1]],
      ['round-robin', [0, 2]],
    ] as const) {
      const options = { group: assignor, assignor }
      const [a] = await joinTwo(world, options, options)
      expect(a.partitions).toEqual(first)
    }
  },

  'groups are independent: each reads everything': async (world) => {
    const [a, other] = [await join(world, 'a'), await join(world, 'other', { group: 'h' })]
    await send(world, 30)
    await haveSeen([a], 30)
    await haveSeen([other], 30)
  },

  'hooks are awaited, and what is committed in onRevoked is where the next owner begins': async (world) => {
    const steps: string[] = []
    await send(world, 40)
    const a = await join(world, 'a', {
      autoCommitMs: false,
      async onRevoked(_, consumer: ConsumerControl) {
        steps.push('revoking')
        await new Promise(setImmediate)
        await consumer.commit()
        steps.push('revoked')
      },
    })
    await haveSeen([a], 40)
    expect(await committed(world.log, 'g')).toEqual({})
    const b = await join(world, 'b', { onAssigned: () => void steps.push('assigned') })
    await shares([a, b], [2, 2])
    expect(steps).toEqual(['revoking', 'revoked', 'assigned'])
    await send(world, 40)
    await haveSeen([a, b], 80)
  },

  'a member begins where onAssigned sends it': async (world) => {
    await send(world, 40)
    const ends = await world.log.admin.endOffsets(words)
    const a = await join(world, 'a', {
      onAssigned(partitions, consumer) {
        for (const { topic: name, partition } of partitions) consumer.seek(name, partition, (ends[partition] ?? 0) - 1)
      },
    })
    await haveSeen([a], 4)
  },

  'a member that is silent for its session timeout loses its partitions, and its commit is refused': async (world) => {
    const dying = await world.connect()
    const a = await join(world, 'a')
    const b = new GroupMember(dying, 'b').run()
    await shares([a, b], [2, 2])
    await send(world, 40)
    await haveSeen([a, b], 40)
    b.hold()
    await send(world, 40)
    await eventually(() => expect(b.isHolding).toBe(true))
    world.crash(dying)
    await pass(world, seconds(44))
    expect(a.partitions).toHaveLength(2)
    await pass(world, seconds(4))
    await shares([a], [4])
    // What b had in hand or had not committed comes again: at least once.
    await eventually(() => expect(new Set(seenBy(a, b)).size).toBe(80))
    const before = await committed(world.log, 'g')
    expect(await refusal(() => b.consumer.commit())).toMatchObject({ code: 'member_fenced' })
    expect(await committed(world.log, 'g')).toEqual(before)
  },

  'a member that does not ask for records for maxPollIntervalMs makes room, and joins again': async (world) => {
    const [a, b] = await joinTwo(world, {}, { maxPollIntervalMs: minutes(2) })
    b.hold()
    await send(world, 40)
    await eventually(() => expect(b.isHolding).toBe(true))
    await pass(world, minutes(2))
    expect(a.partitions).toHaveLength(2)
    await pass(world, seconds(4))
    await eventually(() => expect(a.partitions).toEqual(every))
    expect(await refusal(() => b.consumer.commit())).toMatchObject({ code: 'member_fenced' })
    b.release()
    await shares([a, b], [2, 2])
    expect(b.events.filter((event) => event.startsWith('lost'))).toHaveLength(1)
  },

  'a static member that comes back has its partitions, without a rebalance': async (world) => {
    const [a, b] = await joinTwo(world, { instanceId: 'one' }, { instanceId: 'two' })
    const { generation } = await world.log.admin.describeGroup('g')
    const [had, events] = [b.partitions, a.events.length]
    await b.consumer.close()
    await send(world, 40)
    const again = await join(world, 'b', { instanceId: 'two' })
    await haveSeen([a, again], 40)
    expect(again.partitions).toEqual(had)
    expect(a.events).toHaveLength(events)
    expect((await world.log.admin.describeGroup('g')).generation).toBe(generation)
  },

  'a static member that does not come back loses them after its session timeout': async (world) => {
    const [a, b] = await joinTwo(world, { instanceId: 'one' }, { instanceId: 'two' })
    await b.consumer.close()
    await pass(world, seconds(44))
    expect(a.partitions).toHaveLength(2)
    await pass(world, seconds(4))
    await shares([a], [4])
  },

  'a second static member of an instanceId fences the first for good': async (world) => {
    const first = await join(world, 'first', { instanceId: 'one' })
    await shares([first], [4])
    first.hold()
    await send(world, 4)
    await eventually(() => expect(first.isHolding).toBe(true))
    const second = await join(world, 'second', { instanceId: 'one' })
    await haveSeen([second], 4)
    expect(await refusal(() => first.consumer.commit())).toMatchObject({ code: 'member_fenced' })
    first.release()
    await eventually(() => expect(first.error).toMatchObject({ code: 'member_fenced' }))
    expect(first.events.at(-1)).toBe('lost 0 1 2 3')
    expect(second.partitions).toEqual(every)
  },

  'assigned partitions are committed while their group has no members only': async (world) => {
    await send(world, 40)
    const assigned = world.log.consumer({ group: 'g', assign: [{ topic: words, partition: 1 }], autoCommitMs: false })
    for (const record of await collect(assigned, 1)) await assigned.commit(record)
    expect(await committed(world.log, 'g')).toEqual({ 'words 1': 1 })
    const a = await join(world, 'a')
    await haveSeen([a], 39)
    const commit = (): Promise<void> => assigned.commit([{ topic: 'words', partition: 1, offset: 0 }])
    expect(await refusal(commit)).toMatchObject({ code: 'member_fenced' })
    await a.consumer.close()
    await commit()
    expect(await committed(world.log, 'g')).toMatchObject({ 'words 1': 0 })
  },

  'a member commits what it owns, and nothing else': async (world) => {
    const [a, b] = await joinTwo(world)
    const partition = b.partitions[0] ?? -1
    const error = await refusal(() => a.consumer.commit([{ topic: 'words', partition, offset: 0 }]))
    expect(error).toMatchObject({ code: 'member_fenced', topic: 'words', partition })
  },

  'partitions that are added are dealt out, and read from their beginning': async (world) => {
    const open = topic('words', { key: string(), value: string() })
    await send(world, 40)
    const a = new GroupMember(world.log, 'a', { topics: [open], reset: 'latest' }).run()
    await shares([a], [4])
    await world.log.admin.addPartitions(words, 6)
    await world.log.producer().sendMany(open, texts(100))
    await haveSeen([a], 100)
    expect(a.partitions).toEqual([0, 1, 2, 3, 4, 5])
  },

  'partitions that are added are read from their beginning, also by a member that joins after that': async (world) => {
    const open = topic('words', { key: string(), value: string() })
    await send(world, 40)
    const a = new GroupMember(world.log, 'a', { topics: [open], reset: 'latest' }).run()
    await shares([a], [4])
    await a.consumer.close()
    await world.log.admin.addPartitions(words, 6)
    await world.log.producer().sendMany(open, texts(100))
    const b = new GroupMember(world.log, 'b', { topics: [open], reset: 'latest' }).run()
    await haveSeen([b], 100)
    expect(b.partitions).toEqual([0, 1, 2, 3, 4, 5])
  },

  'where a group begins by latest is kept: the next owner misses nothing': async (world) => {
    await send(world, 40)
    const a = await join(world, 'a', { reset: 'latest' })
    await shares([a], [4])
    await a.consumer.close()
    await send(world, 40)
    const b = await join(world, 'b', { reset: 'latest' })
    await haveSeen([b], 40)
    expect(a.seen).toEqual([])
  },
}
