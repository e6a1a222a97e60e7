/**
 * The real engine, in a directory that goes away, with a clock that only the test moves: times are those of the records.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seconds } from 'millrace'
import { TopologyTestDriver } from 'millrace/testing'
import { clicks, clicksPerMinute, topology } from './topology.ts'

/** A driver, what clicks on a page at a time, and what was written since it was last asked. */
function start() {
  const driver = new TopologyTestDriver(topology)
  const input = driver.inputTopic(clicks)
  const output = driver.outputTopic(clicksPerMinute)
  return {
    driver,
    click: (page: string, timestamp: number, status = 200) =>
      input.pipeInput({ key: '10.0.0.1', value: { page, status }, timestamp }),
    written: () => output.readRecords().map(({ key, value }) => [key.key, key.window.start / 1_000, value]),
  }
}

test('clicks are counted per page and minute, and what failed is no click', () => {
  const { driver, click, written } = start()
  click('/', seconds(1))
  click('/', seconds(59))
  click('/', seconds(59), 404)
  click('/cart', seconds(60))
  assert.deepEqual(written(), [
    ['/', 0, 1],
    ['/', 0, 2],
    ['/cart', 60, 1],
  ])
  driver.close()
})

test('a click counts in its minute until 10 seconds after it, and a crash loses nothing', () => {
  const { driver, click, written } = start()
  click('/', seconds(69))
  click('/', seconds(58))
  driver.crash()
  click('/', seconds(70))
  click('/', seconds(57))
  assert.deepEqual(written(), [
    ['/', 60, 1],
    ['/', 0, 1],
    ['/', 60, 2],
  ])
  driver.close()
})
