// A store of an application is read from any process, through the log, without its topology: as the application itself would answer.
import {
  type Application,
  CalendarWindows,
  int64,
  json,
  keyValueStore,
  type Log,
  type Processor,
  type Serde,
  sessionStore,
  SessionWindows,
  SlidingWindows,
  string,
  TimeWindows,
  topic,
  versionedStore,
  windowStore,
} from 'millrace'
import { describe, expect, test } from 'vitest'
import { formNamed } from '../../src/core/windows/named-form.ts'
import { applicationKey } from '../../src/log/kept/application-rows.ts'
import { start } from '../support/applications.ts'
import { openTestLog } from '../support/open.ts'
import { startProgram } from '../support/program.ts'
import { errorOf } from '../support/thrown.ts'
import { topologyOf } from '../support/topology.ts'
import { words } from '../support/topics.ts'

const wide = topic('wide', { key: string(), value: string(), partitions: 3 })
const prices = topic('prices', { key: string(), value: string(), partitions: 3 })
const totals = keyValueStore('totals', { key: string(), value: int64() })
const kept = keyValueStore('kept', { key: string(), value: string(), headers: true })
const days = windowStore('days', { key: string(), value: int64() })
const windows = windowStore('windows', { key: string(), value: int64() })
const sliding = windowStore('sliding', { key: string(), value: int64() })
const visits = sessionStore('visits', { key: string(), value: int64() })
const history = versionedStore('history', { key: string(), value: string(), historyMs: 100 })

const keeping: Processor<string, string> = (context) => {
  const rows = context.store(kept)
  return { process: ({ key, value }) => rows.put(key, value) }
}
const topology = topologyOf((builder) => {
  const stream = builder.stream(wide)
  stream.process(keeping, { stores: [kept] })
  const grouped = stream.groupByKey()
  grouped.count({ store: totals, name: 'totals' })
  const ofDays = grouped.windowedBy(
    CalendarWindows.of({ unit: 'week', timeZone: 'Europe/Berlin', weekStart: 'sunday' }),
  )
  ofDays.count({ store: days, name: 'days' })
  grouped.windowedBy(TimeWindows.of({ size: 10, grace: 30 })).count({ store: windows, name: 'windows' })
  grouped.windowedBy(SlidingWindows.of({ difference: 10 })).count({ store: sliding, name: 'sliding' })
  grouped.windowedBy(SessionWindows.of({ gap: 5 })).count({ store: visits, name: 'visits' })
  builder.table(prices, { store: history })
})
const keys = 'abcdefgh'.split('')

async function filled(log: Log): Promise<Application> {
  const times = [0, 3, 20, 21, 60, 64]
  const records = times.flatMap((time) => keys.map((key, i) => ({ key, value: `${time}`, timestamp: time + i })))
  await log.producer().sendMany(wide, records)
  await log.producer().sendMany(prices, records)
  const app = await start(log, topology)
  await app.caughtUp()
  return app
}

type Asked = Pick<Application, 'store'>
const answersOf = (asked: Asked): readonly unknown[] => [
  keys.map((key) => [
    asked.store(totals).row(key),
    asked.store(kept).row(key),
    asked.store(days).fetch(key),
    asked.store(windows).fetch(key, { reverse: true }),
    asked.store(windows).get(key, 60),
    asked.store(sliding).fetch(key),
    asked.store(visits).find(key, { from: 10 }),
    [0, 22, 40, 65, 500].map((asOf) => asked.store(history).row(key, { asOf })),
  ]),
  [...asked.store(totals).range({ from: 'b', reverse: true })],
  [...asked.store(totals).prefix('c')],
  [...asked.store(days).range()],
  [...asked.store(windows).range()],
  [...asked.store(sliding).range()],
  [...asked.store(visits).range()],
]

const through = (log: Log): Asked => ({ store: (constant: never) => log.store('app', constant) }) as Asked

test('stores of every kind answer as those of the application do, while it runs and after it has ended', async () => {
  const { log, dir } = openTestLog()
  const app = await filled(log)
  const expected = answersOf(app)
  expect(answersOf(through(log))).toEqual(expected)
  const { log: other } = openTestLog(dir)
  expect(answersOf(through(other))).toEqual(expected)
  await app.close()
  expect(answersOf(through(other))).toEqual(expected)
})

test('what another process commits is seen at once, also when it is killed', async () => {
  const { log, dir } = openTestLog()
  const counts = keyValueStore('counts', { key: string(), value: int64() })
  const there = startProgram('count-words', [dir])
  expect(await there.line()).toBe('started')
  const rows = log.store('app', counts)
  for (let round = 1; round <= 3; round++) {
    await log.producer().send(words, { key: 'a', value: 'a', timestamp: round })
    there.say('a')
    expect(await there.line()).toBe(String(round))
    expect(rows.row('a')).toEqual({ key: 'a', value: round, timestamp: round })
  }
  there.kill()
  await there.exited
  expect(rows.get('a')).toBe(3)
})

describe('what is unknown is an error, never an empty answer', () => {
  test('an application, a store, and what is only a part of one', async () => {
    const { log } = openTestLog()
    await filled(log)
    const no = keyValueStore('no', { key: string(), value: int64() })
    expect(errorOf(() => log.store('other', totals))).toMatchObject({ code: 'application_unknown' })
    expect(errorOf(() => log.store('app', no))).toMatchObject({
      code: 'store_unknown',
      store: 'no',
      message: expect.stringContaining('"totals"'),
    })
    for (const name of ['__proto__', 'constructor']) {
      const odd = keyValueStore(name, { key: string(), value: int64() })
      expect(errorOf(() => log.store('app', odd))).toMatchObject({ code: 'store_unknown' })
    }
    expect(errorOf(() => log.store('', totals))).toMatchObject({ code: 'bad_option' })
    expect(errorOf(() => log.store('app', 'totals' as never))).toMatchObject({ code: 'bad_option' })
  })

  test('an application that is deleted, before a query and in the middle of a range', async () => {
    const { log, environment } = openTestLog()
    // More than the first page of a range.
    const many = Array.from({ length: 300 }, (_, i) => ({ key: `a${i}`, value: '', timestamp: 1 }))
    await log.producer().sendMany(wide, many)
    const app = await filled(log)
    await app.close()
    const rows = log.store('app', totals)
    const [inside, ahead] = [rows.range()[Symbol.iterator](), rows.range()[Symbol.iterator]()]
    expect(inside.next().value).toMatchObject({ key: 'a' })
    environment.write((transaction) => transaction.remove('applications', applicationKey('app')))
    const gone = { code: 'application_unknown' }
    expect(errorOf(() => ahead.next())).toMatchObject(gone)
    expect(errorOf(() => rows.get('a'))).toMatchObject(gone)
    expect(errorOf(() => [...rows.range()])).toMatchObject(gone)
    expect(errorOf(() => log.store('app', totals))).toMatchObject(gone)
    expect(errorOf(() => [...{ [Symbol.iterator]: () => inside }])).toMatchObject(gone)
  })
})

test('a constant of another kind, with other serdes, or with a serde that has no name is refused', async () => {
  const { log } = openTestLog()
  await filled(log)
  const unnamed: Serde<string> = {
    encode: (text) => Buffer.from(text),
    decode: (bytes) => Buffer.from(bytes).toString(),
  }
  for (const [constant, message] of [
    [windowStore('totals', { key: string(), value: int64() }), 'is a keyValueStore'],
    [keyValueStore('totals', { key: string(), value: json<number>() }), 'values of store "totals" are int64'],
    [keyValueStore('totals', { key: json<string>(), value: int64() }), 'keys of store "totals" are string'],
    [keyValueStore('totals', { key: unnamed, value: int64() }), 'no name'],
    [keyValueStore('kept', { key: string(), value: string() }), 'with-headers(string)'],
  ] as const) {
    expect(errorOf(() => log.store('app', constant as never))).toMatchObject({
      code: 'bad_option',
      message: expect.stringContaining(message),
    })
  }
})

test('every form of windows is known by its name', () => {
  const calendars = (['day', 'week', 'month'] as const).flatMap((unit) =>
    [0, 64_800_000].map((dayStart) =>
      CalendarWindows.of({ unit, timeZone: 'America/Argentina/Buenos_Aires', weekStart: 'tuesday', dayStart }),
    ),
  )
  for (const { form } of [TimeWindows.of({ size: 5 }), SessionWindows.of({ gap: 1 }), ...calendars]) {
    const named = formNamed(form.name)
    expect(named.name).toBe(form.name)
    expect(named.windowOf(0, 0)).toEqual(form.windowOf(0, 0))
  }
  for (const name of ['', 'day', 'year UTC', '1e3', 'day from monday UTC', 'day at 0 UTC'])
    expect(() => formNamed(name)).toThrow()
})
