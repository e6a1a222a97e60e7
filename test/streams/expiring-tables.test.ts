// Rows of a table with ttlMs live for that long after their timestamp, by the stream time of the table.
import { int64, keyValueStore, nullable, string, topic } from 'millrace'
import type { TestDriverOptions, TopologyTestDriver } from 'millrace/testing'
import { expect, test } from 'vitest'
import { dueRowsMax } from '../../src/plan/store.ts'
import { start, turns } from '../support/applications.ts'
import { collect } from '../support/collect.ts'
import { openTestLog } from '../support/open.ts'
import { errorOf } from '../support/thrown.ts'
import { briefly, drive, input, type Script, topologyOf } from '../support/topology.ts'

const shown = topic('shown', { key: string(), value: nullable(string()) })
const sizes = topic('sizes', { key: string(), value: nullable(int64()) })
const store = keyValueStore('fresh', { key: string(), value: string() })
const fresh: Script = (builder) => builder.table(input, { ttlMs: 10, store }).toStream().to(shown)

type Step = readonly [key: string, value: string | null, timestamp: number]
function pipe(driver: TopologyTestDriver, ...steps: readonly Step[]): void {
  const topicOfNulls = driver.inputTopic(topic('input', { key: string(), value: nullable(string()) }))
  for (const [key, value, timestamp] of steps) topicOfNulls.pipeInput({ key, value, timestamp })
}
const outputOf = (driver: TopologyTestDriver): string[] => briefly(driver.outputTopic(shown).readRecords())
const both: readonly TestDriverOptions[] = [{}, { stateCacheBytes: 0 }]

test.each(both)(
  'a row is deleted at its timestamp plus the time, before the record that moved time (%o)',
  (options) => {
    const driver = drive(fresh, options)
    pipe(driver, ['b', 'x', 2], ['a', 'x', 2], ['c', 'x', 1], ['d', 'x', 11], ['e', 'x', 12])
    driver.crash()
    pipe(driver, ['d', 'y', 20], ['f', 'x', 21])
    expect(outputOf(driver)).toEqual([
      'b=x@2',
      'a=x@2',
      'c=x@1',
      'c=null@11',
      'd=x@11',
      'a=null@12',
      'b=null@12',
      'e=x@12',
      'd=y@20',
      'f=x@21',
    ])
    expect(briefly(driver.store(store).range())).toEqual(['d=y@20', 'e=x@12', 'f=x@21'])
  },
)

test('a record that has expired when it comes is dropped, changes nothing and moves no time', () => {
  const driver = drive(fresh)
  pipe(driver, ['a', 'x', 20], ['a', 'old', 10], ['a', null, 9], ['b', 'just', 11])
  expect(outputOf(driver)).toEqual(['a=x@20', 'b=just@11'])
  expect(driver.metrics().dropped).toEqual({ fresh: { expired: 2 } })
})

test('a row that is deleted, or replaced by one of another time, expires no more at its old time', () => {
  const driver = drive(fresh)
  pipe(driver, ['a', 'x', 5], ['a', null, 6], ['b', 'x', 5], ['b', 'older', 1], ['c', 'x', 14], ['d', 'x', 15])
  expect(outputOf(driver)).toEqual(['a=x@5', 'a=null@6', 'b=x@5', 'b=older@1', 'b=null@11', 'c=x@14', 'd=x@15'])
})

test('what is aggregated of its rows loses those that expire', () => {
  const driver = drive((builder) =>
    builder
      .table(input, { ttlMs: 10 })
      .groupBy(({ value }) => ({ key: value, value }), { key: string(), value: string() })
      .count()
      .toStream()
      .to(sizes),
  )
  pipe(driver, ['a', 'x', 1], ['b', 'x', 2], ['c', 'y', 50])
  expect(briefly(driver.outputTopic(sizes).readRecords())).toEqual(['x=1@1', 'x=2@2', 'x=1@11', 'x=0@12', 'y=1@50'])
})

test('more rows than one job lets go of all expire, each once, and the row of the record before the record', async () => {
  const { log } = openTestLog()
  const keys = Array.from({ length: dueRowsMax + 100 }, (_, index) => `k${String(index).padStart(4, '0')}`)
  const last = keys.at(-1) as string
  const rows = keys.map((key) => ({ key, value: 'x', timestamp: 1 }))
  await log.producer().sendMany(input, [...rows, { key: last, value: 'new', timestamp: 100 }])
  // Rows that expire are jobs: a commit and a restart may come between any two of them.
  const settings = { commit: { everyMs: 100_000, everyRecords: rows.length + 1 } }
  for (const after of [1, 2]) {
    const app = await start(log, topologyOf(fresh), settings)
    await turns(after)
    await app.close()
  }
  const app = await start(log, topologyOf(fresh), settings)
  await app.caughtUp()
  const records = briefly(await collect(log.read(shown)))
  expect(records.filter((record) => record.endsWith('=null@11')).toSorted()).toEqual(
    keys.map((key) => `${key}=null@11`),
  )
  expect(records.indexOf(`${last}=null@11`)).toBeLessThan(records.indexOf(`${last}=new@100`))
  expect(briefly(app.store(store).range())).toEqual([`${last}=new@100`])
})

test('a delete that fails downstream fails alone: it is a dead letter, the row is gone, and the record goes on', () => {
  const failing: Script = (builder) =>
    builder
      .table(input, { ttlMs: 10, store })
      .toStream()
      .peek(({ key, value }) => {
        if (key === 'bad' && value === null) throw new Error('not this one')
      })
      .to(shown)
  const driver = drive(failing, { onError: 'deadLetter' })
  pipe(driver, ['a', 'x', 1], ['bad', 'x', 1], ['c', 'x', 1], ['d', 'x', 50])
  expect(outputOf(driver).toSorted()).toEqual(['a=null@11', 'a=x@1', 'bad=x@1', 'c=null@11', 'c=x@1', 'd=x@50'])
  expect(briefly(driver.store(store).range())).toEqual(['d=x@50'])
})

test('an expired row has no headers, whichever record moved time', () => {
  const driver = drive(fresh)
  const headers = [{ key: 'h', value: null }]
  for (const [key, timestamp] of [
    ['a', 1],
    ['b', 50],
  ] as const) {
    driver.inputTopic(input).pipeInput({ key, value: 'x', timestamp, headers })
  }
  const lengths = driver
    .outputTopic(shown)
    .readRecords()
    .map((record) => record.headers.length)
  expect(lengths).toEqual([1, 0, 1])
})

test('it is a whole number of ms, not of a table of versions, and part of the stored plan', async () => {
  for (const options of [{ ttlMs: 0 }, { ttlMs: 1.5 }, { ttlMs: 5, versioned: { historyMs: 5 } }]) {
    expect(errorOf(() => topologyOf((builder) => builder.table(input, options)))).toMatchObject({ code: 'bad_option' })
  }
  const { log } = openTestLog()
  await (
    await start(
      log,
      topologyOf((builder) => builder.table(input, { ttlMs: 5 })),
    )
  ).close()
  const changed = topologyOf((builder) => builder.table(input))
  await expect(start(log, changed)).rejects.toMatchObject({ code: 'plan_changed' })
})

test('another ttl holds for the rows that come after the start, and the others keep their time', async () => {
  const { log } = openTestLog()
  const producer = log.producer()
  const keys = async (ttlMs: number, key: string, timestamp: number): Promise<readonly string[]> => {
    await producer.send(input, { key, value: 'x', timestamp })
    const app = await start(
      log,
      topologyOf((builder) => builder.table(input, { ttlMs, store })),
    )
    await app.caughtUp()
    const rows = [...app.store(store).range()].map((row) => row.key)
    await app.close()
    return rows
  }
  expect(await keys(5, 'a', 0)).toEqual(['a'])
  expect(await keys(100, 'b', 4)).toEqual(['a', 'b'])
  expect(await keys(100, 'c', 5)).toEqual(['b', 'c'])
  expect(await keys(2, 'd', 50)).toEqual(['b', 'c', 'd'])
  expect(await keys(2, 'e', 52)).toEqual(['b', 'c', 'e'])
})
