// A topic that a topology both writes and reads: each round is a commit further on, and a loop that ends comes to its end.
import { int64, json, keyValueStore, string, topic } from 'millrace'
import { expect, test } from 'vitest'
import { start, until } from '../support/applications.ts'
import { collect } from '../support/collect.ts'
import { openTestLog } from '../support/open.ts'
import { drive, topologyOf } from '../support/topology.ts'

const numbers = topic('numbers', { key: string(), value: json<number>() })
const counts = keyValueStore('counts', { key: string(), value: int64() })
const counting = topologyOf((builder) => {
  const stream = builder.stream(numbers)
  stream.groupByKey().count({ store: counts })
  stream
    .filter(({ value }) => value < 5)
    .mapValues(({ value }) => value + 1)
    .to(numbers)
})

test('is read again by an application', async () => {
  const { log } = openTestLog()
  const app = await start(log, counting, { commit: { everyMs: 0 } })
  await log.producer().send(numbers, { key: 'a', value: 0, timestamp: 7 })
  await until(() => app.store(counts).get('a') === 6)
  await app.caughtUp()
  expect((await collect(log.read(numbers))).map(({ value, timestamp }) => `${value}@${timestamp}`)).toEqual(
    [0, 1, 2, 3, 4, 5].map((value) => `${value}@7`),
  )
})

test('is worked off by the driver before the call returns', () => {
  const driver = drive((builder) => {
    const stream = builder.stream(numbers)
    stream.groupByKey().count({ store: counts })
    stream
      .filter(({ value }) => value < 5)
      .mapValues(({ value }) => value + 1)
      .to(numbers)
  })
  driver.inputTopic(numbers).pipeInput({ key: 'a', value: 0, timestamp: 7 })
  expect(driver.store(counts).get('a')).toBe(6)
  expect(driver.outputTopic(numbers).readRecords()).toHaveLength(6)
})
