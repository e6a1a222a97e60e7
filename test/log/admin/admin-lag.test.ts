// How far a group is behind, and how its positions are moved: always within what is there, and never those of an application.
import { describe, expect, test } from 'vitest'
import { ManualClock } from '../../../src/core/clock.ts'
import { StreamsBuilder, startStreams, type ResetTarget } from '../../../src/index.ts'
import { openTestLog, type OpenedLog } from '../../support/open.ts'
import { commitPosition } from '../../support/positions.ts'
import { rejectionOf } from '../../support/thrown.ts'
import { lines, words } from '../../support/topics.ts'

/** Ten lines, a second apart from 0 on, of which the first two are deleted; the clock stands at 20 s. */
async function tenLines(): Promise<OpenedLog> {
  const opened = openTestLog(undefined, { clock: new ManualClock(20_000) })
  const { log, embedded, environment } = opened
  for (const base of [0, 5]) {
    const records = Array.from({ length: 5 }, (_, i) => ({ key: 'k', value: 'v', timestamp: (base + i) * 1_000 }))
    await log.producer().sendMany(lines, records)
  }
  const partition = { topic: 'lines', topicId: embedded.describeTopic('lines').id, partition: 0 }
  environment.write((transaction) =>
    embedded.partitions.putRow(transaction, partition, { ...embedded.partitions.row(partition), startOffset: 2 }),
  )
  return opened
}

/** Starts and ends an application that has read all lines. */
async function runApplication({ log }: OpenedLog): Promise<void> {
  const builder = new StreamsBuilder()
  builder.stream(words).peek(() => undefined)
  const app = await startStreams(builder.build(), { log, applicationId: 'app' })
  await app.caughtUp()
  await app.close()
}

describe('lag', () => {
  test.each([
    ['in the middle of a batch', 7, { records: 3, timestamp: 7_000, ageMs: 13_000 }],
    ['at the end', 10, { records: 0, timestamp: null, ageMs: 0 }],
    ['before what is kept', 0, { records: 8, timestamp: 2_000, ageMs: 18_000 }],
  ])('of a position %s is told in records and in time', async (_, offset, expected) => {
    const { log, embedded } = await tenLines()
    commitPosition(embedded, 'billing', 'lines', 0, offset)
    expect(await log.admin.lag('billing')).toEqual([
      {
        topic: 'lines',
        partition: 0,
        offset,
        startOffset: 2,
        endOffset: 10,
        committedMs: 20_000,
        metadata: '',
        ...expected,
      },
    ])
  })

  test('of several partitions comes in order, without topics that are gone', async () => {
    const { log, embedded } = await tenLines()
    await log.admin.createTopic(words)
    for (const partition of [3, 0, 1]) commitPosition(embedded, 'billing', 'words', partition, 0)
    commitPosition(embedded, 'billing', 'lines', 0, 4)
    const places = async (): Promise<string[]> =>
      (await log.admin.lag('billing')).map(({ topic, partition }) => `${topic} ${partition}`)
    expect(await places()).toEqual(['lines 0', 'words 0', 'words 1', 'words 3'])
    await log.admin.deleteTopic(words)
    expect(await places()).toEqual(['lines 0'])
  })

  test('of an application is told like that of a group', async () => {
    const opened = openTestLog()
    await opened.log.producer().send(words, { key: 'a', value: 'v' })
    await runApplication(opened)
    await opened.log.producer().send(words, { key: 'a', value: 'v' })
    const lag = await opened.log.admin.lag('app')
    expect(lag.map(({ records }) => records).toSorted((a, b) => a - b)).toEqual([0, 0, 0, 1])
  })

  test('of a group that is not there is an error', async () => {
    const { log } = openTestLog()
    expect(await rejectionOf(log.admin.lag('nobody'))).toMatchObject({ code: 'group_unknown' })
  })
})

describe('resetOffsets', () => {
  const targets: readonly (readonly [ResetTarget, number])[] = [
    ['earliest', 2],
    ['latest', 10],
    [{ offset: 4 }, 4],
    [{ offset: 0 }, 2],
    [{ offset: 99 }, 10],
    [{ time: 6_500 }, 7],
    [{ time: 0 }, 2],
    [{ time: 99_000 }, 10],
    [{ shift: 2 }, 8],
    [{ shift: -3 }, 3],
    [{ shift: -100 }, 2],
    [{ shift: 100 }, 10],
    [{ ago: 12_000 }, 8],
    [{ ago: 99_000 }, 2],
    [{ ago: 0 }, 10],
  ]

  test.each(targets)('to %j goes to offset %i, and not when it is only tried', async (to, after) => {
    const { log, embedded } = await tenLines()
    commitPosition(embedded, 'billing', 'lines', 0, 6)
    const expected = [{ topic: 'lines', partition: 0, before: 6, after }]
    const offset = async (): Promise<number | undefined> => (await log.admin.lag('billing'))[0]?.offset
    expect(await log.admin.resetOffsets('billing', { to, dryRun: true })).toEqual(expected)
    expect(await offset()).toBe(6)
    expect(await log.admin.resetOffsets('billing', { to })).toEqual(expected)
    expect(await offset()).toBe(after)
  })

  test('of topics gives a position to every partition of them, and leaves other topics', async () => {
    const { log, embedded } = await tenLines()
    await log.admin.createTopic(words)
    commitPosition(embedded, 'billing', 'lines', 0, 6)
    const resets = await log.admin.resetOffsets('billing', { topics: ['words', words], to: 'earliest' })
    expect(resets).toEqual([0, 1, 2, 3].map((partition) => ({ topic: 'words', partition, before: null, after: 0 })))
    expect((await log.admin.lag('billing'))[0]).toMatchObject({ topic: 'lines', offset: 6 })
  })

  test('is refused while the group has members, and works when they are gone', async () => {
    const { log, embedded } = await tenLines()
    commitPosition(embedded, 'billing', 'lines', 0, 6)
    const consumer = log.consumer({ group: 'billing', topics: [lines] })
    await consumer[Symbol.asyncIterator]().next()
    for (const dryRun of [true, false]) {
      const refused = log.admin.resetOffsets('billing', { to: 'latest', dryRun })
      expect(await rejectionOf(refused)).toMatchObject({ code: 'group_not_empty' })
    }
    expect((await log.admin.lag('billing'))[0]?.offset).toBe(6)
    await consumer.close()
    expect(await log.admin.resetOffsets('billing', { to: 'latest' })).toHaveLength(1)
  })

  test('is refused for an application', async () => {
    const opened = openTestLog()
    await opened.log.producer().send(words, { key: 'a', value: 'v' })
    await runApplication(opened)
    const refused = opened.log.admin.resetOffsets('app', { to: 'earliest' })
    expect(await rejectionOf(refused)).toMatchObject({ code: 'owned_by_application' })
    expect((await opened.log.admin.lag('app')).every(({ records }) => records === 0)).toBe(true)
  })

  test.each([
    ['a group that is not there', 'nobody', { to: 'latest' }, 'group_unknown'],
    ['a topic that is not there', 'billing', { to: 'latest', topics: ['other'] }, 'topic_unknown'],
    ['a target that is none', 'billing', { to: 'newest' }, 'bad_option'],
    ['a target of two kinds', 'billing', { to: { offset: 1, time: 1 } }, 'bad_option'],
    ['a target of nothing', 'billing', { to: null }, 'bad_option'],
    ['an offset below 0', 'billing', { to: { offset: -1 } }, 'bad_option'],
    ['a shift of a position that is not there', 'other', { to: { shift: 1 }, topics: ['lines'] }, 'bad_option'],
    ['an option that is none', 'billing', { to: 'latest', dry: true }, 'bad_option'],
  ])('refuses %s', async (_, group, options, code) => {
    const { log, embedded } = await tenLines()
    commitPosition(embedded, 'billing', 'lines', 0, 6)
    const refused = log.admin.resetOffsets(group, options as { to: ResetTarget })
    expect(await rejectionOf(refused)).toMatchObject({ code })
    expect((await log.admin.lag('billing'))[0]?.offset).toBe(6)
  })
})
