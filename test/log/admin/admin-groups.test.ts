// Administration sees who is in a group and who has what, and removes what nobody uses.
import { hostname } from 'node:os'
import { describe, expect, test } from 'vitest'
import { days, ManualClock, minutes, openLog, startStreams, StreamsBuilder, string, topic } from 'millrace'
import { expireOffsets } from '../../../src/log/admin/offset-expiry.ts'
import { collect } from '../../support/collect.ts'
import { MemberProcess, settle } from '../../support/members.ts'
import { openTestLog, type OpenedLog } from '../../support/open.ts'
import { errorOf, rejectionOf } from '../../support/thrown.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { lines, words } from '../../support/topics.ts'

interface Group extends OpenedLog {
  readonly clock: ManualClock
  readonly member: (name: string) => MemberProcess
  /** Reads the one record of `lines` for a group and leaves it. */
  readonly readFor: (group: string) => Promise<void>
  readonly expire: (retentionMs?: number) => void
}

async function openGroup(): Promise<Group> {
  const clock = new ManualClock(days(10))
  const opened = openTestLog(undefined, { clock })
  opened.embedded.ensureTopics([words])
  await opened.log.producer().send(lines, { key: 'a', value: 'b' })
  return {
    ...opened,
    clock,
    member: (name) => new MemberProcess(opened.environment, clock, name).run(),
    async readFor(group) {
      await using consumer = opened.log.consumer({ group, topics: [lines] })
      for (const record of await collect(consumer, 1)) await consumer.commit(record)
    },
    expire(retentionMs = days(7)) {
      for (const _ of expireOffsets(opened.embedded, retentionMs)) opened.environment.refresh()
    },
  }
}

const upper = topic('upper', { key: string(), value: string() })

async function startApplication({ log }: Group, applicationId: string): ReturnType<typeof startStreams> {
  const builder = new StreamsBuilder()
  builder
    .stream(lines)
    .mapValues(({ value }) => value.toUpperCase())
    .to(upper)
  return startStreams(builder.build(), { log, applicationId })
}

test('groups are listed with their states, and applications among them', async () => {
  const group = await openGroup()
  const { log, member, readFor } = group
  await readFor('past')
  const app = await startApplication(group, 'app')
  await app.caughtUp()
  member('a')
  await settle()
  expect(await log.admin.groups()).toEqual([
    { name: 'app', kind: 'application', state: 'empty', members: 0 },
    { name: 'g', kind: 'group', state: 'stable', members: 1 },
    { name: 'past', kind: 'group', state: 'empty', members: 0 },
  ])
  await app.close()
})

test('a group is described by its members, what they have and what they will have', async () => {
  const { log, clock, member } = await openGroup()
  const a = member('a')
  await settle()
  const b = member('b')
  const places = (...partitions: number[]): unknown => partitions.map((partition) => ({ topic: 'words', partition }))
  await settle()
  expect(await log.admin.describeGroup('g')).toMatchObject({
    name: 'g',
    kind: 'group',
    state: 'stable',
    generation: 2,
    assignor: 'cooperative-sticky',
    members: [
      {
        clientId: 'a',
        instanceId: undefined,
        pid: process.pid,
        host: hostname(),
        lastHeartbeatMs: clock.now(),
        assignment: places(...a.partitions),
        target: places(...a.partitions),
        waitsFor: [],
      },
      { clientId: 'b', assignment: places(...b.partitions) },
    ],
  })
  expect(await rejectionOf(log.admin.describeGroup('nobody'))).toMatchObject({ code: 'group_unknown' })
})

test('a member that waits for partitions says which, and who has them still', async () => {
  const { log, member } = await openGroup()
  const a = member('a')
  await settle()
  a.hold()
  await log.producer().sendMany(
    words,
    ['1', '2', '3', '4'].map((value) => ({ key: value, value })),
  )
  await settle()
  expect(a.isHolding).toBe(true)
  member('b')
  await settle()
  const { members } = await log.admin.describeGroup('g')
  expect(members[1]?.assignment).toEqual([])
  expect(members[1]?.waitsFor).toEqual(
    members[1]?.target.map((place) => ({ ...place, memberId: members[0]?.memberId })),
  )
  expect(members[1]?.waitsFor).toHaveLength(2)
  a.release()
  await settle()
  expect((await log.admin.describeGroup('g')).members.flatMap(({ waitsFor }) => waitsFor)).toEqual([])
})

test('a group waits, rebalancing, for a member that has a record in hand', async () => {
  const { log, member } = await openGroup()
  const a = member('a')
  a.hold()
  await log.producer().sendMany(
    words,
    Array.from({ length: 20 }, (_, i) => ({ key: `key ${i}`, value: '' })),
  )
  await settle()
  const b = member('b')
  await settle()
  expect(await log.admin.describeGroup('g')).toMatchObject({
    state: 'rebalancing',
    members: [{ target: [{ partition: 0 }, { partition: 1 }] }, { assignment: [] }],
  })
  expect(b.partitions).toEqual([])
  a.release()
  await settle()
  expect(await log.admin.describeGroup('g')).toMatchObject({ state: 'stable' })
})

test('a group with members is not deleted, one without is gone with its positions', async () => {
  const { log, member, readFor } = await openGroup()
  await readFor('past')
  await log.admin.deleteGroup('past')
  expect((await log.admin.groups()).map(({ name }) => name)).toEqual([])
  const a = member('a')
  await settle()
  expect(await rejectionOf(log.admin.deleteGroup('g'))).toMatchObject({ code: 'group_not_empty' })
  await a.consumer.close()
  await log.admin.deleteGroup('g')
  expect(await rejectionOf(log.admin.deleteGroup('g'))).toMatchObject({ code: 'group_unknown' })
})

describe('the positions of an application', () => {
  test('are its own: nobody joins or commits as a group of its name, or deletes it', async () => {
    const group = await openGroup()
    const { log } = group
    const early = log.consumer({ group: 'app', topics: [lines] })
    const app = await startApplication(group, 'app')
    await app.caughtUp()
    expect(errorOf(() => log.consumer({ group: 'app', topics: [lines] })).code).toBe('owned_by_application')
    expect(await rejectionOf(collect(early))).toMatchObject({ code: 'owned_by_application' })
    const commit = early.commit([{ topic: 'lines', partition: 0, offset: 0 }])
    expect(await rejectionOf(commit)).toMatchObject({ code: 'owned_by_application' })
    expect(await rejectionOf(log.admin.deleteGroup('app'))).toMatchObject({ code: 'owned_by_application' })
    await app.close()
  })

  test('are not taken over from a group of its name', async () => {
    const group = await openGroup()
    await group.readFor('app')
    expect(await rejectionOf(startApplication(group, 'app'))).toMatchObject({ code: 'owned_by_group' })
    await group.log.admin.deleteGroup('app')
    const app = await startApplication(group, 'app')
    await app.caughtUp()
    expect(
      group.embedded.endOffset({ topic: 'upper', topicId: group.embedded.describeTopic('upper').id, partition: 0 }),
    ).toBe(1)
    await app.close()
  })
})

describe('positions expire', () => {
  test('when their group has had no members for the retention, not before', async () => {
    const { log, readFor, clock, expire } = await openGroup()
    await readFor('past')
    clock.advance(days(7) - 1)
    expire()
    expect(await log.admin.groups()).toMatchObject([{ name: 'past' }])
    clock.advance(1)
    expire()
    expect(await log.admin.groups()).toEqual([])
  })

  test('never while a member lives, however long ago it committed', async () => {
    const { log, member, embedded, clock, expire } = await openGroup()
    await log.producer().send(words, { key: 'a', value: 'b' })
    member('a')
    await settle()
    clock.advance(5_000)
    const positions = embedded.positions.list('g')
    expect(positions).toHaveLength(1)
    for (let minute = 0; minute < 5; minute++) {
      clock.advance(minutes(1))
      expire(minutes(1))
    }
    expect(embedded.positions.list('g')).toEqual(positions)
  })

  test('of a group whose members all died, the retention after that was noticed', async () => {
    const { log, member, clock, expire } = await openGroup()
    const a = member('a')
    await settle()
    a.stop()
    clock.advance(days(100))
    expire()
    clock.advance(days(7) - 1)
    expire()
    expect(await log.admin.groups()).toMatchObject([{ name: 'g', members: 0 }])
    clock.advance(1)
    expire()
    expect(await log.admin.groups()).toEqual([])
  })

  test('of no group whose members have slept, or whose clock was set forward', async () => {
    const clock = new ManualClock(0)
    await using log = await openLog(temporaryDirectory(), { clock, maintenance: { everyMs: 1_000 } })
    const kept = topic('kept', { key: string(), value: string(), retentionMs: -1 })
    await log.producer().sendMany(kept, [
      { key: 'a', value: '0' },
      { key: 'a', value: '1' },
    ])
    const consumer = log.consumer({ group: 'g', topics: [kept] })
    const loop = consumer[Symbol.asyncIterator]()
    const first = await loop.next()
    if (first.done === true) throw new Error('there is no record')
    await consumer.commit(first.value)
    clock.jumpTo(days(8))
    clock.advance(10_000)
    expect(consumer.committed(kept, 0)).toMatchObject({ offset: 1 })
    expect((await loop.next()).value).toMatchObject({ value: '1' })
    await consumer.commit()
    expect(consumer.committed(kept, 0)).toMatchObject({ offset: 2 })
  })

  test('in the maintenance of the log, after offsetsRetentionMs', async () => {
    const clock = new ManualClock(0)
    await using log = await openLog(temporaryDirectory(), { clock, maintenance: false, offsetsRetentionMs: minutes(1) })
    await log.producer().send(lines, { key: 'a', value: 'b' })
    const consumer = log.consumer({ group: 'g', topics: [lines] })
    for (const record of await collect(consumer, 1)) await consumer.commit(record)
    await consumer.close()
    clock.advance(minutes(1) - 1)
    await log.admin.runMaintenance()
    expect(await log.admin.groups()).toHaveLength(1)
    clock.advance(1)
    await log.admin.runMaintenance()
    expect(await log.admin.groups()).toEqual([])
  })

  test('never of an application', async () => {
    const group = await openGroup()
    const app = await startApplication(group, 'app')
    await app.caughtUp()
    await app.close()
    group.clock.advance(days(100))
    group.expire()
    expect(group.embedded.positions.list('app')).toHaveLength(1)
  })
})

test('positions that were reset are out of reach of a member that was frozen for longer than its session timeout', async () => {
  const { log, clock, environment } = await openGroup()
  const record = { key: 'a', value: 'b' }
  const { partition } = await log.producer().send(words, record)
  const frozen = new MemberProcess(environment, clock, 'frozen', { autoCommitMs: false }).run()
  frozen.hold()
  await settle()
  expect(frozen.isHolding).toBe(true)
  frozen.stop()
  clock.advance(minutes(1))
  await log.admin.resetOffsets('g', { to: 'earliest', topics: [words] })
  frozen.goOn()
  expect(await rejectionOf(frozen.consumer.commit())).toMatchObject({ code: 'member_fenced' })
  expect((await log.admin.lag('g'))[partition]).toMatchObject({ partition, offset: 0 })
})
