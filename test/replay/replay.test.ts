// A version beside the live one has positions, state and outputs of its own, and never passes the live version.
import { int64, keyValueStore, type Log, ManualClock, string, topic } from 'millrace'
import { describe, expect, test } from 'vitest'
import { start, turns, until } from '../support/applications.ts'
import { collect } from '../support/collect.ts'
import { openTestLog } from '../support/open.ts'
import { beside, startReplay } from '../support/replays.ts'
import { rejectionOf } from '../support/thrown.ts'
import { input, output, topologyOf } from '../support/topology.ts'

const counts = keyValueStore('counts', { key: string(), value: int64() })
const counting = topologyOf((builder) => {
  const stream = builder.stream(input)
  stream.groupByKey().count({ store: counts })
  stream.mapValues(({ value }) => `${value}!`).to(output)
})
const copying = topologyOf((builder) => builder.stream(input).to(output))
const rarely = { everyMs: 1_000_000, everyRecords: 1_000_000 }

const records = (count: number, from = 0) =>
  Array.from({ length: count }, (_, i) => ({ key: 'a', value: String(from + i), timestamp: from + i }))

/** What is in a topic, hidden or not. */
async function valuesOf(log: Log, name: string): Promise<string[]> {
  const [end = 0] = await log.admin.endOffsets(name)
  await using consumer = log.consumer({ group: 'reader', topics: [name], reset: 'earliest' })
  const found = await collect(consumer, end)
  return found.map(({ value }) => Buffer.from(value ?? []).toString())
}

describe('a version without a live one', () => {
  test('reads everything, and keeps it apart', async () => {
    const { log } = openTestLog()
    await log.producer().sendMany(input, records(3))
    const v2 = await startReplay(log, counting)
    await v2.caughtUp()
    expect(v2.store(counts).get('a')).toBe(3)
    expect(await valuesOf(log, beside('output'))).toEqual(['0!', '1!', '2!'])
    expect((await log.admin.listTopics()).map(({ name }) => name)).toEqual(['input'])
    await log.producer().sendMany(input, records(2, 3))
    await v2.caughtUp()
    expect(v2.store(counts).get('a')).toBe(5)
    const app = await start(log, counting)
    await app.caughtUp()
    expect([app.store(counts).get('a'), v2.store(counts).get('a')]).toEqual([5, 5])
  })
})

describe('beside a live version', () => {
  test('it reads what that one has committed and no more, and follows', async () => {
    const { log } = openTestLog()
    await log.producer().sendMany(input, records(3))
    const app = await start(log, copying, { commit: rarely, clock: new ManualClock() })
    await app.caughtUp()
    const v2 = await startReplay(log, counting)
    await v2.caughtUp()
    expect(v2.progress()).toMatchObject({ state: 'following', done: 3, total: 3, lag: 0, eventTime: 2, etaMs: 0 })
    await log.producer().sendMany(input, records(4, 3))
    await until(() => app.metrics().lag === 0 && app.metrics().eventTime === 6)
    await v2.caughtUp()
    await turns(20)
    expect(v2.store(counts).get('a')).toBe(3)
    expect(v2.progress()).toMatchObject({ state: 'following', done: 3, total: 7, lag: 0 })
    await app.caughtUp()
    await until(() => v2.store(counts).get('a') === 7)
    expect(v2.progress()).toMatchObject({ done: 7, total: 7, percent: 100 })
    expect(await valuesOf(log, 'output')).toHaveLength(7)
  })

  test('a partition that the live version reads and has no position for is not read', async () => {
    const { log, embedded } = openTestLog()
    await log.admin.createTopic({ name: 'input', partitions: 1 })
    await (await start(log, copying)).close()
    await log.admin.addPartitions('input', 2)
    await log.producer().sendMany(
      input,
      Array.from({ length: 50 }, (_, i) => ({ key: String(i), value: 'x', timestamp: i })),
    )
    const v2 = await startReplay(log, copying)
    await v2.caughtUp()
    expect(v2.progress()).toMatchObject({ done: 0, total: 50 })
    embedded.refresh()
    await (await start(log, copying)).caughtUp()
    await v2.caughtUp()
    expect(v2.progress()).toMatchObject({ done: 50 })
  })

  test('what only the new version reads is read up to the event time of the live one', async () => {
    const { log } = openTestLog()
    const other = topic('other', { key: string(), value: string() })
    await log.producer().sendMany(input, records(3))
    await log.producer().sendMany(other, records(10))
    await (await start(log, copying)).caughtUp()
    const both = topologyOf((builder) => builder.stream(input).merge(builder.stream(other)).to(output))
    const v2 = await startReplay(log, both)
    await v2.caughtUp()
    expect(v2.metrics().consumed).toEqual({ input: 3, other: 3 })
    await log.producer().send(input, { key: 'a', value: 'x', timestamp: 7 })
    await until(() => v2.metrics().consumed['other'] === 8)
  })

  test('a replay of the live version itself is refused', async () => {
    const { log } = openTestLog()
    await start(log, copying)
    expect(await rejectionOf(startReplay(log, copying, { version: 'v1' }))).toMatchObject({ code: 'bad_option' })
  })

  test('dead letters go to a topic of the version', async () => {
    const { log } = openTestLog()
    await log.producer().sendMany(input, records(2))
    await (await start(log, copying)).caughtUp()
    const failing = topologyOf((builder) => {
      const fail = (): string => {
        throw new Error('no')
      }
      builder.stream(input).mapValues(fail).to(output)
    })
    const v2 = await startReplay(log, failing, { onError: 'deadLetter' })
    await v2.caughtUp()
    expect(await valuesOf(log, beside('app.dead-letters'))).toEqual(['0', '1'])
    expect((await log.admin.listTopics()).map(({ name }) => name)).toEqual(['input', 'output'])
  })
})

describe('a range', () => {
  const consumed = async (options: Parameters<typeof startReplay>[2]): Promise<string[]> => {
    const { log } = openTestLog(undefined, { clock: new ManualClock(1_000) })
    const times = Array.from({ length: 10 }, (_, i) => ({ key: 'a', value: String(i), timestamp: 100 * i }))
    await log.producer().sendMany(input, times)
    const v2 = await startReplay(log, copying, options)
    await v2.caughtUp()
    expect(v2.progress()).toMatchObject({ state: options?.to === undefined ? 'following' : 'done', lag: 0 })
    return valuesOf(log, beside('output'))
  }

  test.each([
    ['the beginning', { from: 'beginning' as const }, 0, 10],
    ['offsets', { from: { offsets: { input: [4] } } }, 4, 10],
    ['a time', { from: { time: 250 } }, 3, 10],
    ['an age', { from: { ago: 300 } }, 7, 10],
    ['offsets to offsets', { from: { offsets: { input: [4] } }, to: { offsets: { input: [6] } } }, 4, 6],
    ['a time to a time', { from: { time: 200 }, to: { time: 501 } }, 2, 6],
    ['the beginning to before it', { from: { time: 600 }, to: { time: 300 } }, 6, 6],
  ])('from %s', async (_, options, first, end) => {
    expect(await consumed(options)).toEqual(Array.from({ length: end - first }, (_value, i) => String(first + i)))
  })

  test('that there is not is refused, and nothing is left of the version', async () => {
    const { log } = openTestLog(undefined, { clock: new ManualClock(1_000) })
    await log.producer().sendMany(input, records(3))
    for (const options of [
      { from: { offsets: { input: [4] } } },
      { from: { offsets: { input: [0, 0] } } },
      { from: { offsets: { inputs: [0] } } },
      { to: { offsets: { input: [4] } } },
      { to: { time: 1_001 } },
      { from: 'now' as never },
      { from: { time: -1 } },
      { from: { ago: 1, time: 1 } as never },
      { to: 'end' as never },
      { from: { offsets: null as never } },
    ])
      expect(await rejectionOf(startReplay(log, copying, options))).toMatchObject({ code: 'bad_option' })
    expect(await log.admin.listTopics({ hidden: true })).toHaveLength(1)
    expect(await log.admin.groups()).toEqual([])
  })

  test('is kept over a restart, which goes on where it was; another one is refused', async () => {
    const clock = new ManualClock(1_000)
    const { log } = openTestLog(undefined, { clock })
    await log.producer().sendMany(input, records(3))
    const first = await startReplay(log, counting, { from: { ago: 999 } })
    await first.caughtUp()
    await first.close()
    clock.advance(1_000)
    await log.producer().sendMany(input, records(3, 3))
    for (const other of [{}, { from: { ago: 998 } }, { from: { ago: 999 }, to: { time: 5 } }])
      expect(await rejectionOf(startReplay(log, counting, other))).toMatchObject({
        code: 'bad_option',
        message: expect.stringContaining('{"ago":999}'),
      })
    const second = await startReplay(log, counting, { from: { ago: 999 } })
    await second.caughtUp()
    expect(second.store(counts).get('a')).toBe(5)
    expect(second.progress()).toMatchObject({ done: 5, total: 5 })
  })
})

describe('progress', () => {
  test('rests and goes on, and tells its observers until it stops', async () => {
    const { log } = openTestLog()
    const v2 = await startReplay(log, counting)
    await v2.caughtUp()
    await v2.pause()
    await log.producer().sendMany(input, records(3))
    await turns(20)
    expect(v2.progress()).toMatchObject({ state: 'paused', done: 0, total: 3, percent: 0, eventTime: null, lag: 3 })
    const states: string[] = []
    let isComplete = false
    v2.progress$.subscribe({ next: ({ state }) => states.push(state), complete: () => (isComplete = true) })
    await v2.resume()
    await v2.caughtUp()
    await v2.close()
    await until(() => isComplete)
    expect([states[0], states.at(-1)]).toEqual(['paused', 'closed'])
    expect(v2.progress()).toMatchObject({ state: 'closed', done: 3 })
  })

  test('a pause makes durable what was done, and ends with the version', async () => {
    const { log } = openTestLog()
    await log.producer().sendMany(input, records(3))
    const v2 = await startReplay(log, counting, { commit: rarely, clock: new ManualClock() })
    await until(() => v2.progress().done === 3)
    expect(v2.store(counts).get('a')).toBeUndefined()
    await v2.pause()
    expect(v2.store(counts).get('a')).toBe(3)
    await v2.close()
    await v2.pause()
  })
})

describe('cancel', () => {
  test('removes everything that the version has made, and nothing else', async () => {
    const { log, embedded, environment } = openTestLog()
    await log.producer().sendMany(input, records(3))
    const app = await start(log, counting)
    await app.caughtUp()
    const rowsOf = (): object =>
      Object.fromEntries(
        (['topics', 'stores', 'positions', 'applications', 'state', 'partitions', 'batches'] as const).map(
          (database) => [database, environment.keys(database, Buffer.of(0), Buffer.of(255), 1_000).length],
        ),
      )
    environment.refresh()
    const before = rowsOf()
    const v2 = await startReplay(log, counting)
    await v2.caughtUp()
    environment.refresh()
    expect(rowsOf()).not.toEqual(before)
    await v2.cancel()
    environment.refresh()
    expect(rowsOf()).toEqual(before)
    expect(embedded.find('app@v2')).toBeUndefined()
    expect([app.state, v2.state, app.store(counts).get('a')]).toEqual(['running', 'closed', 3])
    const again = await startReplay(log, counting, { from: { time: 1 } })
    await again.caughtUp()
    expect(again.store(counts).get('a')).toBe(2)
  })
})
