// Windows at the limits of time: the last one ends with the largest timestamp, and no sum of times is rounded.
import fc from 'fast-check'
import { int64, string, TimeWindows, topic, windowed, windowStore } from 'millrace'
import { TopologyTestDriver } from 'millrace/testing'
import { expect, test } from 'vitest'
import { topologyOf } from '../support/topology.ts'

const largest = Number.MAX_SAFE_INTEGER
const input = topic('input', { key: string(), value: string() })
const store = windowStore('counts', { key: string(), value: int64() })

const sizes = fc.constantFrom(1, 1_000, 2 ** 52, largest - 1, largest)

test('a record at the end of time is counted in the window that holds it, which ends with the largest timestamp', () => {
  fc.assert(
    fc.property(sizes, fc.constantFrom(0, 1, largest), fc.constantFrom(0, 1, 999), (size, grace, before) => {
      const timestamp = largest - before
      const output = topic('output', { key: windowed(string(), { size }), value: int64() })
      const topology = topologyOf((builder) =>
        builder
          .stream(input)
          .groupByKey()
          .windowedBy(TimeWindows.of({ size, grace }))
          .count({ store })
          .toStream()
          .to(output),
      )
      const driver = new TopologyTestDriver(topology)
      driver.inputTopic(input).pipeInput({ key: 'a', value: '', timestamp })
      const start = timestamp - (timestamp % size)
      const end = Math.min(start + size, largest)
      const expected = { key: { key: 'a', window: { start, end } }, value: 1, timestamp }
      expect(driver.outputTopic(output).readRecords()).toMatchObject([expected])
      expect(driver.metrics().dropped).toEqual({})
      driver.close()
    }),
    { numRuns: 15 },
  )
})

test('the stores of such windows are there to be asked', () => {
  const topology = topologyOf((builder) =>
    builder
      .stream(input)
      .groupByKey()
      .windowedBy(TimeWindows.of({ size: 2 ** 52, grace: largest }))
      .count({ store }),
  )
  const driver = new TopologyTestDriver(topology)
  for (const timestamp of [0, largest - 1]) driver.inputTopic(input).pipeInput({ key: 'a', value: '', timestamp })
  expect(driver.store(store).fetch('a', { from: 0, to: largest })).toMatchObject([{}, {}])
  driver.close()
})
