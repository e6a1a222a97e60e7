// What a consumer does beyond the contract of every log (test/contract/log): fairness, and how its loops begin and end.
import { describe, expect, test } from 'vitest'
import { type Log, ManualClock, minutes, openLog, type RecordInput, seconds } from 'millrace'
import { collect } from '../../support/collect.ts'
import { settle } from '../../support/members.ts'
import { openTestLog } from '../../support/open.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { errorOf, rejectionOf } from '../../support/thrown.ts'
import { lines, words } from '../../support/topics.ts'

const turn = (): Promise<unknown> => new Promise(setImmediate)

const texts = (count: number): RecordInput<string, string>[] =>
  Array.from({ length: count }, (_, i) => ({ key: `key ${i}`, value: String(i), timestamp: i }))

async function openWith(count: number): Promise<Log> {
  const { log } = openTestLog()
  await log.producer().sendMany(lines, texts(count))
  return log
}

describe('a record is done when the loop asks for the next one', () => {
  test('commit says so also after the loop was left', async () => {
    const log = await openWith(5)
    await using consumer = log.consumer({ group: 'g', topics: [lines], autoCommitMs: false })
    const records = await collect(consumer, 3)
    const [first, second] = records
    if (first === undefined || second === undefined) throw new Error('there are no records')
    await consumer.commit(second)
    expect((await collect(consumer, 1)).map(({ value }) => value)).toEqual(['2'])
    const last = (await collect(consumer, 2))[1]
    if (last !== undefined) await consumer.commit(last)
    expect((await collect(consumer, 1)).map(({ value }) => value)).toEqual(['4'])
  })

  test('commit without a record takes everything that was handed out, with its note', async () => {
    const log = await openWith(5)
    const consumer = log.consumer({ group: 'g', topics: [lines], autoCommitMs: false })
    const loop = consumer[Symbol.asyncIterator]()
    for (let i = 0; i < 3; i++) await loop.next()
    await consumer.commit(undefined, 'so far')
    expect(consumer.committed(lines, 0)).toMatchObject({ offset: 3, metadata: 'so far' })
  })
})

describe('where a seek has gone to', () => {
  test('is committed within autoCommitMs, though nothing is handed out after it', async () => {
    const clock = new ManualClock(1_000_000)
    const { log } = openTestLog(undefined, { clock })
    await log.producer().sendMany(lines, texts(5))
    await using consumer = log.consumer({
      group: 'g',
      topics: [lines],
      onAssigned: (_, assigned) => assigned.seek(lines, 0, 'end'),
    })
    void collect(consumer)
    await settle()
    clock.advance(seconds(5))
    await settle()
    expect(await log.admin.lag('g')).toMatchObject([{ offset: 5 }])
  })

  test.each(['commit', 'close'] as const)('is what %s commits, also the first time', async (how) => {
    const log = await openWith(5)
    await using consumer = log.consumer({
      group: 'g',
      topics: [lines],
      autoCommitMs: how === 'commit' ? false : 5_000,
      onAssigned: (_, assigned) => assigned.seek(lines, 0, 'end'),
    })
    void collect(consumer)
    await settle()
    await consumer[how]()
    expect(await log.admin.lag('g')).toMatchObject([{ offset: 5 }])
  })
})

test.each(['one by one', 'in batches'])(
  'what is in hand %s when its partition is paused is done when the next is asked for',
  async (how) => {
    const log = await openWith(10)
    const consumer = log.consumer({ group: 'g', topics: [lines] })
    const loop = how === 'in batches' ? consumer.batches() : consumer[Symbol.asyncIterator]()
    const { value } = await loop.next()
    consumer.pause()
    const next = loop.next()
    await turn()
    await consumer.close()
    expect((await next).done).toBe(true)
    expect(consumer.committed(lines, 0)).toMatchObject({ offset: value === undefined || 'offset' in value ? 1 : 10 })
  },
)

test('records that are asked for at once come in order, and none is left out', async () => {
  const log = await openWith(5)
  await using consumer = log.consumer({ group: 'g', topics: [lines], autoCommitMs: false })
  const loop = consumer[Symbol.asyncIterator]()
  const results = await Promise.all([loop.next(), loop.next(), loop.next()])
  results.push(await loop.next())
  expect(results.map(({ value }) => value?.value)).toEqual(['0', '1', '2', '3'])
})

test('partitions take turns', async () => {
  const { log } = openTestLog()
  const producer = log.producer({ batchBytes: 1_000 })
  await producer.sendMany(words, texts(4_000))
  await using consumer = log.consumer({ topics: [words] })
  const partitions: number[] = []
  for await (const { partition } of consumer.batches({ maxRecords: 50 })) if (partitions.push(partition) === 8) break
  expect(partitions.slice(0, 4).toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3])
  expect(partitions.slice(4)).toEqual(partitions.slice(0, 4))
})

test('a consumer whose signal was aborted before hands out nothing', async () => {
  const log = await openWith(3)
  expect(await collect(log.consumer({ topics: [lines], signal: AbortSignal.abort() }))).toEqual([])
})

describe('records$', () => {
  test('lets the event loop turn between two batches', async () => {
    const { log } = openTestLog()
    await log.producer().sendMany(lines, texts(2_000))
    const consumer = log.consumer({ topics: [lines] })
    const turns = new Set<number>()
    let now = 0
    let isRunning = true
    const count = (): void => {
      now++
      if (isRunning) setImmediate(count)
    }
    count()
    await new Promise<void>((resolve) => {
      consumer.records$.subscribe(({ offset }) => {
        turns.add(now)
        if (offset === 1_999) resolve()
      })
    })
    isRunning = false
    expect(turns.size).toBeGreaterThanOrEqual(4)
    await consumer.close()
  })

  test('ends when the consumer is closed, and fails as a loop does', async () => {
    const log = await openWith(1)
    const consumer = log.consumer({ topics: [lines] })
    const completed = new Promise<string>((resolve) => {
      consumer.records$.subscribe({ complete: () => resolve('over') })
    })
    await turn()
    await consumer.close()
    expect(await completed).toBe('over')
    const failing = log.consumer({ topics: [lines], reset: 'none' })
    const failed = new Promise((_, reject) => {
      failing.records$.subscribe({ error: reject })
    })
    expect(await rejectionOf(failed)).toMatchObject({ code: 'position_lost' })
  })
})

test.each([
  ['a partition that the topic does not have', { partition: 7, offset: 1 }],
  ['a negative partition', { partition: -1, offset: 1 }],
  ['no partition', { offset: 1 }],
  ['an offset behind the end', { partition: 0, offset: 6 }],
])('a commit for %s is refused, and moves nothing', async (_, position) => {
  const log = await openWith(5)
  const consumer = log.consumer({ group: 'g', topics: [lines], autoCommitMs: false })
  const last = (await collect(consumer, 3)).at(-1)
  if (last !== undefined) await consumer.commit(last)
  const bad = { topic: 'lines', ...position } as { topic: string; partition: number; offset: number }
  expect(await rejectionOf(consumer.commit([bad]))).toMatchObject({ code: 'bad_option' })
  expect(await log.admin.lag('g')).toMatchObject([{ offset: 3 }])
  expect((await log.admin.verify()).problems).toEqual([])
})

test('a hook that throws keeps a closing log from nothing but its own consumer', async () => {
  const dir = temporaryDirectory()
  const log = await openLog(dir, { maintenance: false })
  const producer = log.producer({ acks: 1, lingerMs: 10_000 })
  await producer.send(lines, { key: 'a', value: 'buffered' })
  const consumer = log.consumer({
    group: 'g',
    topics: [words],
    onRevoked() {
      throw new Error('my hook failed')
    },
  })
  const other = log.consumer({ group: 'h', topics: [words] })
  const loops = [consumer, other].map((each) => each[Symbol.asyncIterator]().next())
  while (consumer.assignment().length + other.assignment().length < 8) await turn()
  await expect(log.close()).rejects.toThrow('my hook failed')
  expect(await Promise.all(loops)).toMatchObject([{ done: true }, { done: true }])
  expect((await collect(openTestLog(dir).log.read(lines))).map(({ value }) => value)).toEqual(['buffered'])
})

test.each([
  [{ topics: [] }, 'at least one topic'],
  [{}, 'one of topics, pattern and assign'],
  [{ topics: ['lines'], pattern: /a/ }, 'one of topics, pattern and assign'],
  [{ topics: ['lines'], reset: 'oldest' }, 'reset'],
  [{ topics: ['lines'], assignor: 'fair' }, 'assignor'],
  [{ topics: ['lines'], sessionTimeoutMs: minutes(31) }, 'sessionTimeoutMs'],
  [{ topics: ['lines'], sessionTimeoutMs: 900, heartbeatMs: 301 }, 'heartbeatMs'],
  [{ topics: ['lines'], autoCommitMs: 0 }, 'autoCommitMs'],
  [{ topics: ['lines'], gruop: 'g' }, 'gruop'],
])('a consumer refuses %o', async (options, says) => {
  const log = await openWith(1)
  const error = errorOf(() => log.consumer(options as { topics: readonly string[] }))
  expect(error.code).toBe('bad_option')
  expect(error.message).toContain(says)
})
