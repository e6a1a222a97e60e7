// What queries of each kind of store can be asked: one row, a prefix, a range from either end; and that what has expired is gone.
import {
  type Application,
  int64,
  keyValueStore,
  type Processor,
  sessionStore,
  SessionWindows,
  SlidingWindows,
  string,
  TimeWindows,
  topic,
  tuple,
  windowStore,
} from 'millrace'
import { describe, expect, test } from 'vitest'
import { start } from '../support/applications.ts'
import { openTestLog } from '../support/open.ts'
import { errorOf } from '../support/thrown.ts'
import { drive, input, output, topologyOf } from '../support/topology.ts'

const wide = topic('wide', { key: string(), value: string(), partitions: 4 })
const totals = keyValueStore('totals', { key: string(), value: int64() })
const kept = keyValueStore('kept', { key: string(), value: string(), headers: true })
const windows = windowStore('windows', { key: string(), value: int64() })
const sliding = windowStore('sliding', { key: string(), value: int64() })
const visits = sessionStore('visits', { key: string(), value: int64() })

const keeping: Processor<string, string> = (context) => {
  const rows = context.store(kept)
  return { process: ({ key, value }) => rows.put(key, value) }
}
const everything = topologyOf((builder) => {
  const stream = builder.stream(wide)
  stream.process(keeping, { stores: [kept] })
  const grouped = stream.groupByKey()
  grouped.count({ store: totals, name: 'totals' })
  grouped.windowedBy(TimeWindows.of({ size: 10, grace: 1_000 })).count({ store: windows, name: 'windows' })
  grouped.windowedBy(SessionWindows.of({ gap: 5, grace: 1_000 })).count({ store: visits, name: 'visits' })
})
const keys = 'abcdefghij'.split('').flatMap((letter) => [letter, `${letter}x`])

describe('over all partitions', () => {
  const filled = async () => {
    const { log } = openTestLog()
    await log.producer().sendMany(
      wide,
      keys.flatMap((key) => [0, 20, 21].map((timestamp) => ({ key, value: `${key}!`, timestamp }))),
    )
    const app = await start(log, everything)
    await app.caughtUp()
    return app
  }

  test('a key-value store gives a row with its time and headers, a prefix, and ranges from either end', async () => {
    const app = await filled()
    const rows = app.store(totals)
    expect(rows.row('a')).toEqual({ key: 'a', value: 3, timestamp: 21 })
    expect(rows.row('missing')).toBeUndefined()
    expect(app.store(kept).row('a')).toEqual({ key: 'a', value: 'a!', timestamp: 21, headers: [] })
    expect([...rows.prefix('c')].map(({ key }) => key)).toEqual(['c', 'cx'])
    expect([...rows.prefix('')].map(({ key }) => key)).toEqual(keys)
    expect([...rows.prefix('z')]).toEqual([])
    expect([...rows.range({ from: 'b', to: 'cx', reverse: true })].map(({ key }) => key)).toEqual([
      'cx',
      'c',
      'bx',
      'b',
    ])
    expect([...rows.range({ reverse: true })].map(({ key }) => key)).toEqual(keys.toReversed())
  })

  test('a window store gives the value of one window, and the windows of a key from either end', async () => {
    const rows = (await filled()).store(windows)
    expect([rows.get('c', 0), rows.get('c', 20), rows.get('c', 10), rows.get('z', 0)]).toEqual([
      1,
      2,
      undefined,
      undefined,
    ])
    expect(rows.fetch('c', { reverse: true }).map(({ key }) => key.window.start)).toEqual([20, 0])
    expect(rows.fetch('c', { to: 19, reverse: true }).map(({ key }) => key.window.start)).toEqual([0])
    expect([...rows.range({ reverse: true })]).toEqual([...rows.range()].toReversed())
  })

  test('a session store gives the value of one session, and the sessions of a key from either end', async () => {
    const rows = (await filled()).store(visits)
    expect([rows.get('c', { start: 20, end: 21 }), rows.get('c', { start: 20, end: 20 })]).toEqual([2, undefined])
    expect(rows.find('c', { reverse: true }).map(({ key }) => key.window.start)).toEqual([20, 0])
    expect(rows.find('c', { from: 1, reverse: true }).map(({ key }) => key.window.start)).toEqual([20])
    expect([...rows.range({ reverse: true })]).toEqual([...rows.range()].toReversed())
  })

  test('what is no window, no session and no direction is refused', async () => {
    const app = await filled()
    const refused = { code: 'bad_option' }
    expect(errorOf(() => app.store(windows).get('c', -1))).toMatchObject(refused)
    expect(errorOf(() => app.store(visits).get('c', { start: 5, end: 4 }))).toMatchObject(refused)
    expect(errorOf(() => app.store(visits).get('c', 5 as never))).toMatchObject(refused)
    for (const bounds of [{ reverse: 1 }, { revers: true }] as never[]) {
      expect(errorOf(() => app.store(totals).range(bounds))).toMatchObject(refused)
      expect(errorOf(() => app.store(windows).fetch('c', bounds))).toMatchObject(refused)
      expect(errorOf(() => app.store(visits).find('c', bounds))).toMatchObject(refused)
    }
    expect(errorOf(() => app.store(totals).prefix(5 as never))).toMatchObject({ code: 'encode_failed' })
  })
})

test('of a tuple the first parts are a prefix', () => {
  const pair = tuple(string(), int64())
  const store = keyValueStore('pairs', { key: pair, value: int64() })
  const driver = drive((builder) =>
    builder
      .stream(input)
      .groupBy(({ key, value }): readonly [string, number] => [key, Number(value)], { key: pair })
      .count({ store }),
  )
  for (const [key, value] of [
    ['b', '1'],
    ['a', '10'],
    ['a', '9'],
    ['ab', '0'],
  ] as const) {
    driver.inputTopic(input).pipeInput({ key, value, timestamp: 1 })
  }
  expect([...driver.store(store).prefix(['a'])].map(({ key }) => key)).toEqual([
    ['a', 9],
    ['a', 10],
  ])
})

describe('what stream time has passed by the retention is not shown', () => {
  const script = topologyOf((builder) => {
    const grouped = builder.stream(input).groupByKey()
    grouped.windowedBy(TimeWindows.of({ size: 10 })).count({ store: windows, name: 'w', retentionMs: 50 })
    grouped.windowedBy(SlidingWindows.of({ difference: 10 })).count({ store: sliding, name: 's', retentionMs: 50 })
    grouped.windowedBy(SessionWindows.of({ gap: 5 })).count({ store: visits, name: 'v', retentionMs: 50 })
  })
  const keyOf = ({ key }: { readonly key: { readonly key: string } }): string => key.key
  const asked = {
    windows: (app: Application) => {
      const rows = app.store(windows)
      return [rows.fetch('a').map(keyOf), [...rows.range()].map(keyOf), rows.get('a', 20)]
    },
    sessions: (app: Application) => {
      const rows = app.store(visits)
      return [rows.find('a').map(keyOf), [...rows.range()].map(keyOf), rows.get('a', { start: 23, end: 23 })]
    },
    'sliding windows': (app: Application) => {
      const rows = app.store(sliding)
      return [rows.fetch('a').map(keyOf), [...rows.range()].map(keyOf), rows.get('a', 13)]
    },
  }

  test.each([
    ['windows', 69],
    ['sessions', 72],
    ['sliding windows', 62],
  ] as const)('%s', async (kind, last) => {
    const { log } = openTestLog()
    const producer = log.producer()
    const app = await start(log, script)
    const tell = async (key: string, timestamp: number): Promise<void> => {
      await producer.send(input, { key, value: '', timestamp })
      await app.caughtUp()
    }
    await tell('a', 23)
    await tell('b', last)
    expect(asked[kind](app)).toEqual([['a'], ['a', 'b'], 1])
    await tell('b', last + 1)
    const [ofKey, all, one] = asked[kind](app)
    expect([ofKey, one]).toEqual([[], undefined])
    expect(all).not.toContain('a')
  })
})

test('processors read windows and sessions from either end too, of one key in the order of time', () => {
  const perTen = windowStore('per-ten', { key: string(), value: int64(), size: 10 })
  const sessions = sessionStore('sessions', { key: string(), value: int64() })
  const showing: Processor<string, string> = (context) => {
    const [rows, ranges] = [context.store(perTen), context.store(sessions)]
    return {
      process({ key, timestamp }) {
        rows.put(key, 1, timestamp)
        ranges.put(key, { start: timestamp, end: timestamp + 3 }, 1)
        const found = [
          ...rows.fetch(key, { from: 10, reverse: true }),
          ...ranges.find(key, { from: 13, reverse: true }),
        ]
        context.forward({ key, value: found.map((row) => row.key.window.start).join(' ') })
      },
    }
  }
  const driver = drive((builder) =>
    builder
      .stream(input)
      .process(showing, { stores: [perTen, sessions] })
      .to(output),
  )
  for (const timestamp of [0, 10, 20]) driver.inputTopic(input).pipeInput({ key: 'a', value: '', timestamp })
  expect(driver.outputTopic(output).readValues().at(-1)).toBe('20 10 20 10')
})
