// Members of a group share the partitions: each is read by one, and moves between two records when members come, go or die.
import { describe, expect, test, vi } from 'vitest'
import { ManualClock, minutes, seconds, type RecordInput } from 'millrace'
import type { MillraceError } from '../../../src/core/errors.ts'
import { collect, collectUntilError } from '../../support/collect.ts'
import { seenBy } from '../../support/group-member.ts'
import { MemberProcess, settle } from '../../support/members.ts'
import { openTestLog, type OpenedLog } from '../../support/open.ts'
import { rejectionOf } from '../../support/thrown.ts'
import { lines, words } from '../../support/topics.ts'

const texts = (count: number, from = 0): RecordInput<string, string>[] =>
  Array.from({ length: count }, (_, i) => ({ key: `key ${from + i}`, value: String(from + i), timestamp: 0 }))

interface Group extends OpenedLog {
  readonly clock: ManualClock
  readonly member: (name: string, options?: ConstructorParameters<typeof MemberProcess>[3]) => MemberProcess
  readonly send: (count: number) => Promise<void>
  /** How far the group has committed in each partition. */
  readonly committed: () => number[]
}

function openGroup(): Group {
  const clock = new ManualClock(1_000_000)
  const opened = openTestLog(undefined, { clock })
  const [{ id } = { id: 0 }] = opened.embedded.ensureTopics([words])
  let sent = 0
  return {
    ...opened,
    clock,
    member: (name, options) => new MemberProcess(opened.environment, clock, name, options),
    async send(count) {
      await opened.log.producer().sendMany(words, texts(count, sent))
      sent += count
    },
    committed() {
      opened.embedded.refresh()
      const at = (partition: number): number =>
        opened.embedded.positions.get('g', { topicId: id, partition })?.offset ?? 0
      return [0, 1, 2, 3].map(at)
    },
  }
}

describe('the partitions of a group', () => {
  test('are shared by its members, and every record is read by exactly one', async () => {
    const { member, send } = openGroup()
    const a = member('a').run()
    await settle()
    expect(a.partitions).toEqual([0, 1, 2, 3])
    const b = member('b').run()
    await settle()
    expect([...a.partitions, ...b.partitions].toSorted((x, y) => x - y)).toEqual([0, 1, 2, 3])
    expect([a.partitions.length, b.partitions.length]).toEqual([2, 2])
    expect(a.events).toEqual(['assigned 0 1 2 3', 'revoked 2 3'])
    expect(b.events).toEqual(['assigned 2 3'])
    await send(100)
    await settle()
    expect(a.seen.length + b.seen.length).toBe(100)
    expect(new Set(seenBy(a, b)).size).toBe(100)
  })

  test('go to the others at once when a member closes, behind what it has done', async () => {
    const { member, send, committed } = openGroup()
    const a = member('a').run()
    const b = member('b').run()
    await settle()
    await send(40)
    await settle()
    await b.consumer.close()
    await settle()
    expect(b.events.at(-1)).toMatch(/^revoked/)
    expect(a.partitions).toEqual([0, 1, 2, 3])
    await send(40)
    await settle()
    expect(new Set(seenBy(a, b)).size).toBe(80)
    expect(a.seen.length + b.seen.length).toBe(80)
    await a.consumer.close()
    expect(committed().reduce((sum, offset) => sum + offset, 0)).toBe(80)
  })

  test('leave more members than there are partitions idle, which take over at once when one goes', async () => {
    const { member } = openGroup()
    const members = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => member(name).run())
    await settle()
    expect(members.map(({ partitions }) => partitions.length).toSorted((x, y) => x - y)).toEqual([0, 0, 1, 1, 1, 1])
    await members.find(({ partitions }) => partitions.length === 1)?.consumer.close()
    await settle()
    expect(members.flatMap(({ partitions }) => partitions).toSorted((x, y) => x - y)).toEqual([0, 1, 2, 3])
  })

  test('are not touched where they need not move', async () => {
    const { member, send } = openGroup()
    const a = member('a').run()
    await settle()
    await send(4)
    await settle()
    member('b').run()
    await settle()
    expect(a.events).toEqual(['assigned 0 1 2 3', 'revoked 2 3'])
  })

  test('are dealt out anew when a topic gets more, and those are read from their beginning', async () => {
    const { member, embedded, environment } = openGroup()
    const a = member('a', { reset: 'latest' }).run()
    await settle()
    embedded.topics.addPartitions('words', 6)
    const { log } = openTestLog(environment.dir)
    await log.producer().sendMany({ ...words, partitions: 6 }, texts(100))
    await settle()
    expect(a.partitions).toEqual([0, 1, 2, 3, 4, 5])
    expect(a.seen).toHaveLength(100)
  })
})

test('groups are independent: each reads everything', async () => {
  const { member, send } = openGroup()
  const a = member('a').run()
  const other = member('other', { group: 'h' }).run()
  await send(30)
  await settle()
  expect(seenBy(a)).toEqual(seenBy(other))
  expect(a.seen).toHaveLength(30)
})

test('the hooks are awaited, and what is committed in onRevoked is where the next owner begins', async () => {
  const { member, send, committed } = openGroup()
  const steps: string[] = []
  await send(40)
  const a = member('a', {
    autoCommitMs: false,
    async onRevoked(_, consumer) {
      steps.push('revoking')
      await settle()
      await consumer.commit()
      steps.push('revoked')
    },
  }).run()
  await settle()
  expect(committed()).toEqual([0, 0, 0, 0])
  const b = member('b', { onAssigned: () => void steps.push('assigned to b') }).run()
  await settle()
  await settle()
  expect(steps).toEqual(['revoking', 'revoked', 'assigned to b'])
  expect(b.seen).toEqual([])
  expect(a.seen).toHaveLength(40)
})

describe('a member that was silent for its session timeout', () => {
  test('loses its partitions, and when it wakes its commit is refused and nothing is read twice by it', async () => {
    const { member, send, clock, committed } = openGroup()
    const a = member('a').run()
    const b = member('b').run()
    await settle()
    b.hold()
    await send(40)
    await settle()
    expect(b.isHolding).toBe(true)
    b.stop()
    const inHand = b.seen.length
    for (let i = 0; i < 15; i++) {
      clock.advance(seconds(3))
      await settle()
      expect(a.partitions).toHaveLength(2)
    }
    clock.advance(seconds(3))
    await settle()
    expect(a.partitions).toEqual([0, 1, 2, 3])
    await settle()
    const before = committed()
    const error = await rejectionOf(b.consumer.commit())
    expect(error).toMatchObject({
      code: 'member_fenced',
      message: expect.stringContaining('session timeout') as string,
    })
    expect(committed()).toEqual(before)
    b.goOn()
    b.release()
    await settle()
    expect(b.seen).toHaveLength(inHand)
    expect(b.events.filter((event) => event.startsWith('lost'))).toHaveLength(1)
    expect(new Set(seenBy(a, b)).size).toBe(40)
    // It is a member again, and shares what comes.
    await send(40)
    await settle()
    expect(b.partitions).toHaveLength(2)
    expect(new Set(seenBy(a, b)).size).toBe(80)
  })

  test('keeps its partitions while its program takes long over a record, up to maxPollIntervalMs', async () => {
    const { member, send, clock } = openGroup()
    const a = member('a').run()
    const b = member('b', { maxPollIntervalMs: minutes(2) }).run()
    await settle()
    b.hold()
    await send(40)
    await settle()
    for (let i = 0; i < 40; i++) {
      clock.advance(seconds(3))
      await settle()
    }
    expect(a.partitions).toHaveLength(2)
    clock.advance(seconds(3))
    await settle()
    expect(a.partitions).toHaveLength(4)
    expect(await rejectionOf(b.consumer.commit())).toMatchObject({ code: 'member_fenced' })
    b.release()
    await settle()
    expect(b.events.filter((event) => event.startsWith('lost'))).toHaveLength(1)
    expect(b.partitions).toHaveLength(2)
  })
})

test('an onAssigned that failed is called again by the next loop, before any record', async () => {
  const { log, send } = openGroup()
  await send(8)
  let calls = 0
  const consumer = log.consumer({
    group: 'g',
    topics: [words],
    onAssigned(partitions, own) {
      if (++calls === 1) throw new Error('the store of offsets does not answer')
      for (const { topic, partition } of partitions) own.seek(topic, partition, 'end')
    },
  })
  await expect(collect(consumer, 1)).rejects.toThrow('the store of offsets does not answer')
  expect(consumer.assignment()).toEqual([])
  const loop = consumer[Symbol.asyncIterator]()
  const next = loop.next()
  await settle()
  await log.producer().send(words, { key: 'a', value: 'behind' })
  expect((await next).value).toMatchObject({ value: 'behind' })
  expect(calls).toBe(2)
})

test('a member whose program is busy for longer than its heartbeat still finds the dead', async () => {
  const { member, send, clock } = openGroup()
  const a = member('a').run()
  const b = member('b').run()
  await settle()
  b.hold()
  await send(40)
  await settle()
  b.stop()
  for (let i = 0; i < 12; i++) {
    a.stop()
    clock.advance(seconds(10))
    a.goOn()
    await settle()
  }
  expect(a.partitions).toEqual([0, 1, 2, 3])
})

describe('a wall clock that is set an hour forward', () => {
  test('throws nobody out of the group, whoever joins or leaves then', async () => {
    const { member, clock } = openGroup()
    const a = member('a').run()
    const b = member('b').run()
    const c = member('c')
    await settle()
    clock.jumpTo(clock.now() + minutes(60))
    c.run()
    await settle()
    await b.consumer.close()
    for (let i = 0; i < 3; i++) {
      clock.advance(seconds(3))
      await settle()
    }
    expect([...a.events, ...c.events].filter((event) => event.startsWith('lost'))).toEqual([])
    expect(new Set([...a.partitions, ...c.partitions])).toEqual(new Set([0, 1, 2, 3]))
  })

  test('does not end the patience with a program that works on a record', async () => {
    const { member, send, clock } = openGroup()
    const a = member('a', { maxPollIntervalMs: minutes(2) }).run()
    await settle()
    a.hold()
    await send(4)
    await settle()
    clock.jumpTo(clock.now() + minutes(60))
    clock.advance(seconds(9))
    await settle()
    expect(a.partitions).toEqual([0, 1, 2, 3])
    await a.consumer.commit()
  })
})

test('a newcomer takes what a dead member had, when that was silent for its session timeout', async () => {
  const { member, send, clock } = openGroup()
  const a = member('a').run()
  await settle()
  a.hold()
  await send(4)
  await settle()
  a.stop()
  clock.advance(minutes(2))
  const b = member('b').run()
  await settle()
  expect(b.partitions).toEqual([0, 1, 2, 3])
})

test('a member takes partitions of many topics without a look at the catalogue for each', async () => {
  const { log, embedded } = openGroup()
  for (let i = 0; i < 40; i++) await log.admin.createTopic({ name: `many-${i}`, partitions: 2 })
  const list = vi.spyOn(embedded.topics, 'list')
  const consumer = log.consumer({ group: 'g', pattern: /^many-/, reset: 'latest' })
  const loop = consumer[Symbol.asyncIterator]()
  void loop.next()
  await settle()
  expect(consumer.assignment()).toHaveLength(80)
  expect(list.mock.calls.length).toBeLessThan(20)
})

test('after a machine has slept nobody takes the others for dead', async () => {
  const { member, clock } = openGroup()
  const a = member('a').run()
  const b = member('b').run()
  await settle()
  a.stop()
  b.stop()
  clock.advance(minutes(60))
  a.goOn()
  b.goOn()
  await settle()
  clock.advance(seconds(10))
  await settle()
  expect([...a.events, ...b.events].filter((event) => event.startsWith('lost'))).toEqual([])
  expect([a.partitions.length, b.partitions.length]).toEqual([2, 2])
})

describe('a static member', () => {
  test('gets its partitions back without a rebalance when it comes back within its session timeout', async () => {
    const { member, send, clock, log } = openGroup()
    const a = member('a', { instanceId: 'one' }).run()
    const b = member('b', { instanceId: 'two' }).run()
    await settle()
    const { generation } = await log.admin.describeGroup('g')
    const had = b.partitions
    await b.consumer.close()
    clock.advance(seconds(40))
    await send(40)
    await settle()
    expect(a.partitions).toHaveLength(2)
    const again = member('b', { instanceId: 'two' }).run()
    await settle()
    expect(again.partitions).toEqual(had)
    expect(a.events).toHaveLength(2)
    expect((await log.admin.describeGroup('g')).generation).toBe(generation)
    expect(new Set(seenBy(a, again)).size).toBe(40)
  })

  test('that comes back to fewer partitions is told of those it keeps, and only of those, and reads them', async () => {
    const { member, send } = openGroup()
    const a = member('a', { instanceId: 'one' }).run()
    await settle()
    await a.consumer.close()
    const b = member('b', { instanceId: 'two' }).run()
    await settle()
    const again = member('a', { instanceId: 'one' }).run()
    await settle()
    await send(40)
    await settle()
    expect(again.events).toEqual([`assigned ${again.partitions.join(' ')}`])
    expect(new Set([...again.partitions, ...b.partitions])).toEqual(new Set([0, 1, 2, 3]))
    expect(new Set(seenBy(again, b)).size).toBe(40)
  })

  test('loses them when it does not', async () => {
    const { member, clock } = openGroup()
    const a = member('a', { instanceId: 'one' }).run()
    const b = member('b', { instanceId: 'two' }).run()
    await settle()
    await b.consumer.close()
    for (let i = 0; i < 16; i++) clock.advance(seconds(3))
    await settle()
    expect(a.partitions).toHaveLength(4)
  })

  test('is fenced by a second one with its instanceId, for good', async () => {
    const { member, send } = openGroup()
    const first = member('first', { instanceId: 'one' }).run()
    await settle()
    first.hold()
    await send(4)
    await settle()
    const second = member('second', { instanceId: 'one' }).run()
    await settle()
    expect(await rejectionOf(first.consumer.commit())).toMatchObject({ code: 'member_fenced' })
    first.release()
    await settle()
    expect(first.error).toMatchObject({ code: 'member_fenced' })
    expect((first.error as MillraceError).message).toContain('"one"')
    expect(await collectUntilError(first.consumer)).toMatchObject({ items: [], error: { code: 'member_fenced' } })
    expect(first.events.at(-1)).toBe('lost 0 1 2 3')
    expect(second.partitions).toEqual([0, 1, 2, 3])
    expect(second.seen).toHaveLength(4)
  })
})

describe('assigned partitions', () => {
  test('are read without membership, and committed for a group without members only', async () => {
    const { log, member, send } = openGroup()
    await send(40)
    const assigned = log.consumer({ group: 'g', assign: [{ topic: words, partition: 1 }], autoCommitMs: false })
    const [first] = await collect(assigned, 1)
    expect(first).toMatchObject({ partition: 1, offset: 0 })
    if (first !== undefined) await assigned.commit(first)
    expect(assigned.committed(words, 1)).toMatchObject({ offset: 1 })
    const a = member('a').run()
    await settle()
    expect(a.seen.filter(({ partition }) => partition === 1)[0]).toMatchObject({ offset: 1 })
    const error = await rejectionOf(assigned.commit([{ topic: 'words', partition: 1, offset: 5 }]))
    expect(error).toMatchObject({ code: 'member_fenced', message: expect.stringContaining('members') as string })
    await a.consumer.close()
    await assigned.commit([{ topic: 'words', partition: 1, offset: 5 }])
  })

  test('are committed over a member that was frozen for longer than its session timeout, which then cannot', async () => {
    const { clock, committed, log, member, send } = openGroup()
    const frozen = member('frozen', { autoCommitMs: false }).run()
    await settle()
    frozen.hold()
    await send(40)
    await settle()
    expect(frozen.isHolding).toBe(true)
    frozen.stop()
    clock.advance(minutes(1))
    const assigned = log.consumer({ group: 'g', assign: [{ topic: words, partition: 1 }], autoCommitMs: false })
    await assigned.commit([{ topic: 'words', partition: 1, offset: 2 }])
    frozen.goOn()
    expect(await rejectionOf(frozen.consumer.commit())).toMatchObject({ code: 'member_fenced' })
    expect(committed()).toEqual([0, 2, 0, 0])
  })

  test('without a group have nothing to commit', async () => {
    const { log, send } = openGroup()
    await send(10)
    const assigned = log.consumer({ assign: [{ topic: words, partition: 0 }] })
    expect(await collect(assigned, 1)).toMatchObject([{ partition: 0, offset: 0 }])
    expect(await rejectionOf(assigned.commit())).toMatchObject({ code: 'bad_option' })
  })
})

test('a member commits only what it owns', async () => {
  const { member } = openGroup()
  const a = member('a').run()
  member('b').run()
  await settle()
  const foreign = [0, 1, 2, 3].find((partition) => !a.partitions.includes(partition)) ?? 0
  const error = await rejectionOf(a.consumer.commit([{ topic: 'words', partition: foreign, offset: 1 }]))
  expect(error).toMatchObject({ code: 'member_fenced', topic: 'words', partition: foreign })
})

test('a member of two topics by pattern reads a topic that is created later, and goes on when one is deleted', async () => {
  const { log, send, embedded } = openGroup()
  const consumer = log.consumer({ group: 'g', pattern: /^(words|lines)$/ })
  const loop = consumer[Symbol.asyncIterator]()
  await send(1)
  expect((await loop.next()).value).toMatchObject({ topic: 'words' })
  const next = loop.next()
  await log.producer().send(lines, { key: 'a', value: 'b' })
  expect((await next).value).toMatchObject({ topic: 'lines' })
  embedded.topics.delete('words')
  const last = loop.next()
  await log.producer().send(lines, { key: 'a', value: 'c' })
  expect((await last).value).toMatchObject({ topic: 'lines', offset: 1 })
  expect(consumer.assignment()).toEqual([{ topic: 'lines', partition: 0 }])
  await consumer.close()
})

test('where a member begins by latest is kept: its successor misses nothing', async () => {
  const { member, send } = openGroup()
  await send(40)
  const a = member('a', { reset: 'latest' }).run()
  await settle()
  await a.consumer.close()
  await send(40)
  const b = member('b', { reset: 'latest' }).run()
  await settle()
  expect(a.seen).toEqual([])
  expect(b.seen).toHaveLength(40)
})
