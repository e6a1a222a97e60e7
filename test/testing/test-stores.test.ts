// The stores of processors can be filled before a test: each row is as a processor would have put it.
import { int64, keyValueStore, type Processor, sessionStore, string, topic, windowStore } from 'millrace'
import { expect, test } from 'vitest'
import { errorOf } from '../support/thrown.ts'
import { briefly, drive, output, type Script } from '../support/topology.ts'

const seen = keyValueStore('seen', { key: string(), value: int64() })
const perDay = windowStore('per-day', { key: string(), value: int64(), size: 10 })
const visits = sessionStore('visits', { key: string(), value: int64() })
const wide = topic('wide', { key: string(), value: string(), partitions: 3 })

/** Writes what its stores hold of a key. */
const showing: Processor<string, string> = (context) => {
  const [rows, windows, sessions] = [context.store(seen), context.store(perDay), context.store(visits)]
  return {
    process({ key }) {
      const windowed = [...windows.fetch(key), ...sessions.find(key)]
      const shown = [rows.row(key), ...windowed].map((row) =>
        row === undefined ? 'none' : `${JSON.stringify(row.key)}=${row.value}@${row.timestamp}`,
      )
      context.forward({ key, value: shown.join(' ') })
    },
  }
}
const script: Script = (builder) =>
  builder
    .stream(wide)
    .process(showing, { stores: [seen, perDay, visits] })
    .to(output)

test('rows go to the partition of their key, with the time of the clock unless another is given', () => {
  const driver = drive(script, { initialWallClockMs: 7 })
  for (const key of ['a', 'b', 'c', 'd']) driver.store(seen).put(key, key.charCodeAt(0))
  driver.store(seen).put('b', 1, 3)
  driver.store(perDay).put('a', 5, 20)
  driver.store(visits).put('a', { start: 1, end: 4 }, 6)
  expect(briefly(driver.store(seen).range())).toEqual(['a=97@7', 'b=1@3', 'c=99@7', 'd=100@7'])
  driver.crash()
  for (const key of ['a', 'b', 'c', 'd', 'e']) driver.inputTopic(wide).pipeInput({ key, value: '', timestamp: 0 })
  expect(
    driver
      .outputTopic(output)
      .readRecords()
      .map(({ value }) => value)
      .toSorted(),
  ).toEqual([
    '"a"=97@7 {"key":"a","window":{"start":20,"end":30}}=5@7 {"key":"a","window":{"start":1,"end":4}}=6@7',
    '"b"=1@3',
    '"c"=99@7',
    '"d"=100@7',
    'none',
  ])
})

test('rows go to the partition of their key, though other records of the same tasks lie in more of them', () => {
  const wider = topic('wider', { key: string(), value: string(), partitions: 8 })
  const driver = drive((builder) => {
    script(builder)
    builder
      .stream(wide)
      .merge(builder.stream(wider))
      .foreach(() => undefined)
  })
  const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
  for (const key of keys) {
    driver.store(seen).put(key, 1, 0)
    driver.inputTopic(wide).pipeInput({ key, value: '', timestamp: 0 })
  }
  const shown = driver.outputTopic(output).readRecords()
  expect(shown.map(({ value }) => value)).toEqual(keys.map((key) => `"${key}"=1@0`))
})

test('rows can be removed too', () => {
  const driver = drive(script)
  driver.store(seen).put('a', 1)
  driver.store(seen).put('b', 1)
  driver.store(seen).delete('a')
  driver.store(seen).put('b', null)
  driver.store(perDay).put('a', 5, 20)
  driver.store(perDay).put('a', null, 20)
  driver.store(visits).put('a', { start: 1, end: 4 }, 6)
  driver.store(visits).remove('a', { start: 1, end: 4 })
  expect([...driver.store(seen).range(), ...driver.store(perDay).range(), ...driver.store(visits).range()]).toEqual([])
})

test('rows are part of the next commit', () => {
  const driver = drive(script, { commit: 'manual' })
  driver.store(seen).put('a', 1)
  expect(driver.store(seen).get('a')).toBeUndefined()
  driver.commit()
  expect(driver.store(seen).get('a')).toBe(1)
})

test('a row that does not encode is refused, and changes nothing', () => {
  const driver = drive(script)
  expect(errorOf(() => driver.store(seen).put('a', 0.5)).code).toBe('encode_failed')
  expect(driver.store(seen).get('a')).toBeUndefined()
})

test('what a table or an aggregation keeps comes of records alone', () => {
  const driver = drive((builder) => builder.stream(wide).groupByKey().count({ store: seen }))
  expect(errorOf(() => driver.store(seen).put('a', 1))).toMatchObject({ code: 'bad_option', store: 'seen' })
})
