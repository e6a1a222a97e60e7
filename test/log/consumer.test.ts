// A consumer of its own or of a group reads every record, keeps positions, and goes where it is sent.
import { describe, expect, test } from 'vitest'
import { ManualClock, minutes, openLog, type RecordInput } from 'millrace'
import { collect } from '../support/collect.ts'
import { openTestLog } from '../support/open.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { errorOf, rejectionOf } from '../support/thrown.ts'
import { lines, words } from '../support/topics.ts'
import type { Log } from '../../src/log/log.ts'

const turn = (): Promise<unknown> => new Promise(setImmediate)

const texts = (count: number, from = 0): RecordInput<string, string>[] =>
  Array.from({ length: count }, (_, i) => ({ key: `key ${from + i}`, value: String(from + i), timestamp: from + i }))

async function openWith(count: number): Promise<{ readonly log: Log; readonly clock: ManualClock }> {
  const clock = new ManualClock(1_000_000)
  const { log } = openTestLog(undefined, { clock })
  await log.producer().sendMany(lines, texts(count))
  return { log, clock }
}

const valuesOf = async (log: Log, group: string, count: number): Promise<string[]> => {
  await using consumer = log.consumer({ group, topics: [lines], autoCommitMs: false })
  return (await collect(consumer, count)).map(({ value }) => value)
}

describe('a record is done when the loop asks for the next one', () => {
  test('what a loop was left on comes again, to it and to the next of the group', async () => {
    const { log } = await openWith(5)
    const consumer = log.consumer({ group: 'g', topics: [lines] })
    expect((await collect(consumer, 3)).map(({ value }) => value)).toEqual(['0', '1', '2'])
    expect(consumer.committed(lines, 0)).toMatchObject({ offset: 2 })
    expect((await collect(consumer, 2)).map(({ value }) => value)).toEqual(['2', '3'])
    await consumer.close()
    expect(await valuesOf(log, 'g', 2)).toEqual(['3', '4'])
  })

  test('commit says that it is done, also before the loop is left', async () => {
    const { log } = await openWith(5)
    const consumer = log.consumer({ group: 'g', topics: [lines] })
    for await (const record of consumer) {
      if (record.value !== '2') continue
      await consumer.commit(record, 'far enough')
      break
    }
    expect(consumer.committed(lines, 0)).toEqual({ offset: 3, committedMs: 1_000_000, metadata: 'far enough' })
    expect((await collect(consumer, 1)).map(({ value }) => value)).toEqual(['3'])
    await consumer.close()
    expect(await valuesOf(log, 'g', 1)).toEqual(['3'])
  })

  test('commit says so also after the loop was left', async () => {
    const { log } = await openWith(5)
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

  test('auto-commit commits what is done when its time has come, while the loop is busy', async () => {
    const { log, clock } = await openWith(5)
    const consumer = log.consumer({ group: 'g', topics: [lines], autoCommitMs: 1_000 })
    for await (const { value } of consumer) {
      if (value !== '3') continue
      expect(consumer.committed(lines, 0)).toBeUndefined()
      clock.advance(999)
      expect(consumer.committed(lines, 0)).toBeUndefined()
      clock.advance(1)
      expect(consumer.committed(lines, 0)).toMatchObject({ offset: 3 })
      break
    }
  })

  test('a batch is done when the next one is asked for', async () => {
    const { log } = await openWith(10)
    const consumer = log.consumer({ group: 'g', topics: [lines] })
    const sizes: number[] = []
    for await (const { records, topic, partition } of consumer.batches({ maxRecords: 4 })) {
      expect([topic, partition]).toEqual(['lines', 0])
      if (sizes.push(records.length) === 2) break
    }
    expect(sizes).toEqual([4, 4])
    expect(consumer.committed(lines, 0)).toMatchObject({ offset: 4 })
    for await (const batch of consumer.batches()) {
      expect(batch.records.map(({ offset }) => offset)).toEqual([4, 5, 6, 7, 8, 9])
      await consumer.commit(batch, 'exported')
      expect(consumer.committed(lines, 0)).toMatchObject({ offset: 10, metadata: 'exported' })
      break
    }
  })

  test('commit without a record takes everything that was handed out, with its note', async () => {
    const { log } = await openWith(5)
    const consumer = log.consumer({ group: 'g', topics: [lines], autoCommitMs: false })
    const loop = consumer[Symbol.asyncIterator]()
    for (let i = 0; i < 3; i++) await loop.next()
    await consumer.commit(undefined, 'so far')
    expect(consumer.committed(lines, 0)).toMatchObject({ offset: 3, metadata: 'so far' })
  })

  test('without auto-commit only commit moves the position, and given positions are taken as they are', async () => {
    const { log } = await openWith(5)
    const consumer = log.consumer({ group: 'g', topics: [lines], autoCommitMs: false })
    await collect(consumer, 4)
    expect(consumer.committed(lines, 0)).toBeUndefined()
    await consumer.commit([{ topic: 'lines', partition: 0, offset: 2, metadata: 'by hand' }])
    await consumer.close()
    expect(await valuesOf(log, 'g', 1)).toEqual(['2'])
  })
})

describe('a consumer goes where it is sent', () => {
  test('to an offset, the beginning, the end, a time and a duration', async () => {
    const { log, clock } = await openWith(5)
    await using consumer = log.consumer({ topics: [lines] })
    const next = async (): Promise<string | undefined> => (await collect(consumer, 1))[0]?.value
    expect(await next()).toBe('0')
    consumer.seek(lines, 0, 3)
    expect(await next()).toBe('3')
    consumer.seek('lines', 0, 'beginning')
    expect(await next()).toBe('0')
    consumer.seek(lines, 0, { time: 2 })
    expect(await next()).toBe('2')
    consumer.seek(lines, 0, { ago: clock.now() - 4 })
    expect(await next()).toBe('4')
    consumer.seek(lines, 0, 'end')
    expect(consumer.position(lines, 0)).toBe(5)
    const later = next()
    await log.producer().sendMany(lines, texts(1, 5))
    expect(await later).toBe('5')
    expect(errorOf(() => consumer.seek(lines, 0, -1)).code).toBe('bad_option')
    expect(errorOf(() => consumer.seek(lines, 1, 0)).code).toBe('bad_option')
  })

  test('in the middle of a loop, which goes on there', async () => {
    const { log } = await openWith(6)
    await using consumer = log.consumer({ topics: [lines] })
    const seen: string[] = []
    for await (const { value } of consumer) {
      if (seen.push(value) === 2) consumer.seek(lines, 0, 5)
      if (value === '5') break
    }
    expect(seen).toEqual(['0', '1', '5'])
  })

  test('and its lag is what lies before the end', async () => {
    const { log } = await openWith(6)
    await using consumer = log.consumer({ topics: [lines] })
    expect(consumer.lag(lines, 0)).toBe(6)
    for await (const { offset } of consumer)
      if (offset === 1) expect(consumer.lag(lines, 0)).toBe(4)
      else if (offset === 2) break
  })

  test('a consumer without a position begins by its reset policy', async () => {
    const { log, clock } = await openWith(5)
    const first = async (reset: 'earliest' | 'latest' | { readonly ago: number }): Promise<string | undefined> => {
      await using consumer = log.consumer({ topics: [lines], reset })
      const next = collect(consumer, 1)
      for (let i = 0; i < 3; i++) await turn()
      await log.producer().sendMany(lines, texts(1, 5))
      return (await next)[0]?.value
    }
    expect(await first('earliest')).toBe('0')
    expect(await first({ ago: clock.now() - 3 })).toBe('3')
    expect(await first('latest')).toBe('5')
    await using none = log.consumer({ topics: [lines], reset: 'none' })
    expect(await rejectionOf(collect(none))).toMatchObject({ code: 'position_lost', topic: 'lines', partition: 0 })
    none.seek(lines, 0, 4)
    expect((await collect(none, 1))[0]?.value).toBe('4')
  })
})

test('a consumer hands out nothing of a paused partition, also not what it has fetched', async () => {
  const { log } = openTestLog()
  await log.producer().sendMany(words, texts(200))
  await using consumer = log.consumer({ topics: [words] })
  const seen: number[] = []
  const pausedAt: number[] = []
  for await (const { partition } of consumer) {
    if (seen.push(partition) === 5) {
      consumer.pause([{ topic: 'words', partition }])
      pausedAt.push(partition)
      continue
    }
    if (seen.length > 5) expect(partition).not.toBe(pausedAt[0])
    if (
      consumer.assignment().every((one) => one.partition === pausedAt[0] || consumer.lag('words', one.partition) === 0)
    )
      break
  }
  consumer.resume()
  expect((await collect(consumer, 1))[0]?.partition).toBe(pausedAt[0])
})

test.each(['one by one', 'in batches'])(
  'what is in hand %s when its partition is paused is done when the next is asked for',
  async (how) => {
    const { log } = await openWith(10)
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

test('records of topics by name are bytes, and one of a pattern comes from every topic that matches, now and later', async () => {
  const { log } = await openWith(1)
  await using consumer = log.consumer({ pattern: /^(lines|wor.*)$/ })
  const loop = consumer[Symbol.asyncIterator]()
  const text = ({ value }: { readonly value: Uint8Array | null }): string => Buffer.from(value ?? []).toString()
  const first = await loop.next()
  expect(first.done === true ? undefined : [first.value.topic, text(first.value)]).toEqual(['lines', '0'])
  const second = loop.next()
  await log.producer().sendMany(words, texts(1, 7))
  const later = await second
  expect(later.done === true ? undefined : [later.value.topic, text(later.value)]).toEqual(['words', '7'])
})

describe('a loop ends without an error', () => {
  test.each(['close', 'abort', 'log'] as const)('by %s', async (way) => {
    const { log } = await openWith(3)
    const stop = new AbortController()
    const consumer = log.consumer({ group: 'g', topics: [lines], signal: stop.signal })
    const values: string[] = []
    const ended = (async () => {
      for await (const { value } of consumer) values.push(value)
    })()
    while (values.length < 3) await turn()
    if (way === 'close') await consumer.close()
    else if (way === 'abort') stop.abort()
    else await log.close()
    await ended
    expect(values).toEqual(['0', '1', '2'])
    if (way === 'log') return
    expect(await valuesOf(log, 'other', 1)).toEqual(['0'])
    await using next = log.consumer({ group: 'g', topics: [lines] })
    expect(next.committed(lines, 0)).toMatchObject({ offset: 3 })
  })
})

test('a consumer whose signal was aborted before hands out nothing', async () => {
  const { log } = await openWith(3)
  expect(await collect(log.consumer({ topics: [lines], signal: AbortSignal.abort() }))).toEqual([])
})

describe('records$', () => {
  test('gives the records until it is unsubscribed, and commits nothing by itself', async () => {
    const { log } = await openWith(4)
    await using consumer = log.consumer({ group: 'g', topics: [lines] })
    const values = await new Promise<string[]>((resolve) => {
      const seen: string[] = []
      const subscription = consumer.records$.subscribe(({ value }) => {
        if (seen.push(value) < 3) return
        subscription.unsubscribe()
        resolve(seen)
      })
    })
    expect(values).toEqual(['0', '1', '2'])
    expect(consumer.committed(lines, 0)).toBeUndefined()
    await consumer.commit()
    expect(consumer.committed(lines, 0)).toMatchObject({ offset: 3 })
    expect((await collect(consumer, 1))[0]?.value).toBe('3')
  })

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
    const { log } = await openWith(1)
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
  const { log } = await openWith(5)
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

test('only one loop reads a consumer', async () => {
  const { log } = await openWith(1)
  await using consumer = log.consumer({ topics: [lines] })
  const loop = consumer[Symbol.asyncIterator]()
  await loop.next()
  expect(errorOf(() => consumer[Symbol.asyncIterator]()).code).toBe('bad_option')
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
  const { log } = await openWith(1)
  const error = errorOf(() => log.consumer(options as { topics: readonly string[] }))
  expect(error.code).toBe('bad_option')
  expect(error.message).toContain(says)
})

test('a name never creates a topic, a constant does', async () => {
  const { log } = openTestLog()
  expect(errorOf(() => log.consumer({ topics: ['words'] })).code).toBe('topic_unknown')
  await using consumer = log.consumer({ topics: [words] })
  expect(consumer.assignment()).toHaveLength(4)
})
