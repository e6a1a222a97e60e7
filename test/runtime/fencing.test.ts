// One instance per application id: the newer one takes over, and the older one's next commit is refused.
import { int64, keyValueStore, ManualClock, string, type Topology } from 'millrace'
import { describe, expect, test } from 'vitest'
import { start, turns, until } from '../support/applications.ts'
import { openTestLog } from '../support/open.ts'
import { rejectionOf } from '../support/thrown.ts'
import { input, output, topologyOf } from '../support/topology.ts'

const counts = keyValueStore('counts', { key: string(), value: int64() })
const counting = topologyOf((builder) => {
  const stream = builder.stream(input)
  stream.to(output)
  stream.groupByKey().count({ store: counts })
})
const record = { key: 'a', value: 'x', timestamp: 1 }
const rarely = { everyMs: 1_000_000, everyRecords: 1_000_000 }

describe('an older instance', () => {
  test('stops with fenced, and nothing since its last commit is kept', async () => {
    const { log } = openTestLog()
    const older = await start(log, counting, { commit: rarely, clock: new ManualClock() })
    await log.producer().sendMany(input, [record, record])
    await until(() => older.metrics().eventTime === 1 && older.metrics().lag === 0)
    const newer = await start(log, counting)
    const fenced = { code: 'fenced', message: expect.stringContaining('application "app"') }
    expect(await rejectionOf(older.stopped)).toMatchObject(fenced)
    expect(older.state).toBe('failed')
    await newer.caughtUp()
    expect(await log.admin.endOffsets(output)).toEqual([2])
    expect(newer.store(counts).get('a')).toBe(2)
    expect(newer.metrics().consumed).toEqual({ input: 2 })
  })

  test('with work behind it hands over what it had committed', async () => {
    const { log } = openTestLog()
    const producer = log.producer()
    const older = await start(log, counting)
    await producer.sendMany(input, [record, record])
    await older.caughtUp()
    const newer = await start(log, counting)
    await producer.sendMany(input, [record, record])
    await newer.caughtUp()
    expect(await rejectionOf(older.stopped)).toMatchObject({ code: 'fenced' })
    expect(await log.admin.endOffsets(output)).toEqual([4])
    expect(newer.store(counts).get('a')).toBe(4)
  })

  test('without work stops with fenced as soon as the newer one has started, and sees none of its records', async () => {
    const { log } = openTestLog()
    const seen: string[] = []
    const noting = (name: string): Topology =>
      topologyOf((builder) => builder.stream(input).foreach(() => seen.push(name)))
    const older = await start(log, noting('older'))
    const newer = await start(log, noting('newer'))
    await log.producer().send(input, record)
    expect(await rejectionOf(older.stopped)).toMatchObject({ code: 'fenced' })
    await newer.caughtUp()
    expect(seen).toEqual(['newer'])
    expect([older.state, newer.state]).toEqual(['failed', 'running'])
  })

  test('that closes at that moment closes in peace', async () => {
    const { log } = openTestLog()
    const older = await start(log, counting)
    const closing = older.close()
    const newer = await start(log, counting)
    await closing
    expect(newer.state).toBe('running')
  })
})

test('of many instances that start one after the other the last one works', async () => {
  const { log } = openTestLog()
  const producer = log.producer()
  const apps = []
  for (let i = 0; i < 5; i++) {
    apps.push(await start(log, counting))
    await producer.send(input, record)
    await turns(i)
  }
  const last = apps.at(-1)
  await last?.caughtUp()
  const failures = await Promise.all(apps.slice(0, -1).map((app) => rejectionOf(app.stopped)))
  expect(failures.map(({ code }) => code)).toEqual(Array(4).fill('fenced'))
  expect(last?.store(counts).get('a')).toBe(5)
  expect(await log.admin.endOffsets(output)).toEqual([5])
})

test('instances of other application ids are left alone', async () => {
  const { log } = openTestLog()
  const one = await start(log, counting, { applicationId: 'one' })
  const two = await start(log, counting, { applicationId: 'two' })
  await log.producer().send(input, record)
  await Promise.all([one.caughtUp(), two.caughtUp()])
  expect([one.state, two.state]).toEqual(['running', 'running'])
})
