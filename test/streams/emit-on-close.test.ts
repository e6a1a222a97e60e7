// Emit on close: each window gives one result, when it closes, whatever time does and whenever the process dies.
import fc from 'fast-check'
import { days, int64, string, TimeWindows, topic, windowed, windowStore } from 'millrace'
import type { TopologyTestDriver } from 'millrace/testing'
import { describe, expect, test } from 'vitest'
import { windowLayout } from '../../src/plan/store-layout.ts'
import { alignedAggregation } from '../../src/streams/aligned-aggregate.ts'
import { counting } from '../../src/streams/fold.ts'
import { start } from '../support/applications.ts'
import { carrierOf } from '../support/carriers.ts'
import { alone } from '../support/operator-double.ts'
import { openTestLog } from '../support/open.ts'
import { countStore } from '../support/plans.ts'
import { errorOf, rejectionOf } from '../support/thrown.ts'
import { drive, input, topologyOf, type Script } from '../support/topology.ts'

const size = 10
const counts = topic('counts', { key: windowed(string(), { size }), value: int64() })
const store = windowStore('rows', { key: string(), value: int64() })

/** Counts in windows of 10 ms, and writes the final results. */
const finalCounts =
  (windows: TimeWindows = TimeWindows.of({ size })): Script =>
  (builder) =>
    builder
      .stream(input)
      .groupByKey()
      .windowedBy(windows)
      .emitStrategy('onWindowClose')
      .count({ store })
      .toStream()
      .to(counts)

function feed(driver: TopologyTestDriver, ...records: readonly (readonly [key: string, timestamp: number])[]): void {
  for (const [key, timestamp] of records) driver.inputTopic(input).pipeInput({ key, value: 'x', timestamp })
}

/** Reads what was written since the last call, as `key window-start = value @ timestamp`. */
function resultsOf(driver: TopologyTestDriver): () => string[] {
  const written = driver.outputTopic(counts)
  return () =>
    written.readRecords().map(({ key, value, timestamp }) => `${key.key} ${key.window.start}=${value}@${timestamp}`)
}

describe('the results of windows that are emitted on close', () => {
  test('come once, with the record that closes them, by window and then by key', () => {
    const driver = drive(finalCounts(TimeWindows.of({ size, grace: 5 })))
    const results = resultsOf(driver)
    feed(driver, ['b', 12], ['b', 3], ['a', 8], ['b', 9], ['a', 14])
    expect(results()).toEqual([])
    feed(driver, ['c', 15])
    expect(results()).toEqual(['a 0=1@8', 'b 0=2@9'])
    feed(driver, ['a', 9], ['c', 24])
    expect(results()).toEqual([])
    expect(driver.metrics().dropped).toEqual({ 'input.count': { late: 1 } })
    feed(driver, ['z', 60])
    expect(results()).toEqual(['a 10=1@14', 'b 10=1@12', 'c 10=1@15', 'c 20=1@24'])
  })

  test('are none where the row is gone, and come of a row that was made again', () => {
    const driver = drive((builder) =>
      builder
        .stream(input)
        .groupByKey()
        .windowedBy(TimeWindows.of({ size }))
        .emitStrategy('onWindowClose')
        .aggregate({ initializer: () => 0, aggregator: (key, _, sum) => (sum === 1 ? null : sum + 1), value: int64() })
        .toStream()
        .to(counts),
    )
    const results = resultsOf(driver)
    feed(driver, ['a', 1], ['a', 2], ['b', 1], ['b', 2], ['b', 3], ['z', 10])
    expect(results()).toEqual(['b 0=1@3'])
  })

  test('survive a jump in time that takes the rows: they are let go first, then they expire', () => {
    const driver = drive(finalCounts())
    const results = resultsOf(driver)
    feed(driver, ['a', 1], ['b', 12], ['c', days(100)])
    expect(results()).toEqual(['a 0=1@1', 'b 10=1@12'])
    expect([...driver.store(store).range()].map(({ key }) => key.key)).toEqual(['c'])
  })

  test('stay in the store, to be asked for until they expire', () => {
    const driver = drive(finalCounts())
    const results = resultsOf(driver)
    feed(driver, ['a', 1], ['a', 5], ['b', 10])
    expect(results()).toEqual(['a 0=2@5'])
    driver.crash()
    expect(driver.store(store).fetch('a')).toMatchObject([{ value: 2, timestamp: 5 }])
    feed(driver, ['b', days(1)])
    expect(driver.store(store).fetch('a')).toEqual([])
  })

  test('close in order at the end of time too', () => {
    const end = Number.MAX_SAFE_INTEGER
    const driver = drive(finalCounts())
    const results = resultsOf(driver)
    feed(driver, ['a', end - 20], ['a', end])
    expect(results()).toEqual([`a ${end - 20 - ((end - 20) % size)}=1@${end - 20}`])
  })
})

/** What the windows of the records give, by the rule alone. */
function expectedOf(records: readonly (readonly [string, number])[], windows: TimeWindows): string[] {
  const open = new Map<string, { start: number; key: string; count: number; timestamp: number }>()
  const lines: string[] = []
  let now = -1
  for (const [key, timestamp] of records) {
    now = Math.max(now, timestamp)
    for (let start = 0; start <= timestamp; start += windows.advanceMs) {
      if (start + size <= timestamp || start + size + windows.graceMs <= now) continue
      const row = open.get(`${key} ${start}`) ?? { start, key, count: 0, timestamp }
      row.count++
      row.timestamp = Math.max(row.timestamp, timestamp)
      open.set(`${key} ${start}`, row)
    }
    const closed = [...open].filter(([, { start }]) => start + size + windows.graceMs <= now)
    for (const [name, row] of closed.toSorted(([, a], [, b]) => a.start - b.start || (a.key < b.key ? -1 : 1))) {
      open.delete(name)
      lines.push(`${row.key} ${row.start}=${row.count}@${row.timestamp}`)
    }
  }
  return lines
}

test('random records give what the rule says, with commits and crashes anywhere', () => {
  const record = fc.tuple(fc.constantFrom('a', 'b', 'c\0'), fc.nat({ max: 90 }))
  const act = fc.oneof({ weight: 5, arbitrary: record }, fc.constantFrom('commit' as const, 'crash' as const))
  fc.assert(
    fc.property(
      fc.array(act, { maxLength: 30 }),
      fc.constantFrom(10, 5, 3),
      fc.constantFrom(0, 7, 50),
      (acts, advance, grace) => {
        const windows = TimeWindows.of({ size, advance, grace })
        const driver = drive(finalCounts(windows), { commit: 'manual' })
        const results = resultsOf(driver)
        for (const next of acts) {
          if (next === 'commit') driver.commit()
          else if (next === 'crash') driver.crash()
          else feed(driver, next)
        }
        driver.commit()
        expect(results()).toEqual(
          expectedOf(
            acts.filter((next) => typeof next !== 'string'),
            windows,
          ),
        )
        driver.close()
      },
    ),
    { numRuns: 25 },
  )
})

describe('many windows that close at once', () => {
  const windows = TimeWindows.of({ size })
  const layout = windowLayout(days(1), { hasDueTimes: true, awaitsRelease: true })
  const spec = { ...countStore('counts', windows), layout }
  const carrier = (key: string, timestamp: number): ReturnType<typeof carrierOf> => {
    const made = carrierOf<unknown, unknown>(string() as never, key, string() as never, 'x')
    made.timestamp = timestamp
    return made
  }

  test('leave in turns of at most 1,000, the first that of the record, as changes without an old value', () => {
    const turns: object[] = []
    const count = alone(alignedAggregation(spec, counting, windows, 'onWindowClose'), {
      wantsOld: true,
      after: ({ root }) => turns.push(root),
    })
    for (let at = 0; at < 2_100; at++) count.feed(carrier(`k${at}`, 1))
    const closing = carrier('z', 10)
    closing.headers = [{ key: 'h', value: null }]
    count.feed(closing)
    expect(count.caught).toHaveLength(1_000)
    expect(count.caught.every(({ headers }) => headers === closing.headers)).toBe(true)
    count.due()
    expect(count.caught).toHaveLength(2_100)
    expect(new Set(count.caught.map(({ key }) => (key as { key: string }).key)).size).toBe(2_100)
    expect(count.caught.every((result) => result.hasOld && result.old === null)).toBe(true)
    expect(count.caught.slice(1_000).every(({ headers }) => headers.length === 0)).toBe(true)
    expect([...new Set(turns)].map((turn) => turns.filter((one) => one === turn).length)).toEqual([1_000, 1_000, 100])
    count.due()
    expect(count.caught).toHaveLength(2_100)
  })
})

test('a result that fails fails alone, and its letter has the row', () => {
  const driver = drive(
    (builder) =>
      builder
        .stream(input)
        .groupByKey()
        .windowedBy(TimeWindows.of({ size }))
        .emitStrategy('onWindowClose')
        .count()
        .toStream()
        .filter(({ key }) => {
          if (key.key === 'bad') throw new Error('not this one')
          return true
        })
        .to(counts),
    { onError: 'deadLetter' },
  )
  const letters = topic('test-driver.dead-letters', { key: windowed(string(), { size }), value: int64() })
  const results = resultsOf(driver)
  feed(driver, ['a', 1], ['bad', 2], ['bad', 4], ['c', 3], ['z', 10])
  expect(results()).toEqual(['a 0=1@1', 'c 0=1@3'])
  expect(driver.outputTopic(letters).readRecords()).toMatchObject([
    { key: { key: 'bad', window: { start: 0 } }, value: 2, timestamp: 4 },
  ])
  feed(driver, ['z', 20])
  expect(results()).toEqual(['z 10=1@10'])
})

test('another strategy than the two is refused', () => {
  const windows =
    (strategy: unknown): Script =>
    (builder) =>
      builder
        .stream(input)
        .groupByKey()
        .windowedBy(TimeWindows.of({ size }))
        .emitStrategy(strategy as 'onWindowClose')
  for (const strategy of ['onClose', undefined, {}]) {
    expect(errorOf(() => topologyOf(windows(strategy)))).toMatchObject({
      code: 'bad_option',
      message: expect.stringContaining('expected "onWindowUpdate" or "onWindowClose"'),
    })
  }
})

test('an application does not change its strategy over the rows that it has', async () => {
  const { log } = openTestLog()
  await (await start(log, topologyOf(finalCounts()))).close()
  const onUpdate = topologyOf((builder) =>
    builder
      .stream(input)
      .groupByKey()
      .windowedBy(TimeWindows.of({ size }))
      .emitStrategy('onWindowUpdate')
      .count({ store }),
  )
  expect(await rejectionOf(start(log, onUpdate))).toMatchObject({
    code: 'plan_changed',
    message: expect.stringContaining('emits was onWindowClose, is not there'),
  })
})
