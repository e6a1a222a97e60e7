/**
 * Testing a topology: the real engine, without a process to start or a clock to wait for. Any test runner will do.
 */
import assert from 'node:assert/strict'
import { int64, minutes, seconds, string, StreamsBuilder, TimeWindows, topic, windowed } from 'millrace'
import { TopologyTestDriver } from 'millrace/testing'

const visits = topic('visits', { key: string(), value: string() })
const perMinute = topic('visits-per-minute', { key: windowed(string(), { size: minutes(1) }), value: int64() })

const builder = new StreamsBuilder()
builder
  .stream(visits)
  .groupByKey()
  .windowedBy(TimeWindows.of({ size: minutes(1), grace: seconds(10) }))
  .count({ name: 'per-minute' })
  .toStream()
  .to(perMinute)

const driver = new TopologyTestDriver(builder.build())
const input = driver.inputTopic(visits)
const output = driver.outputTopic(perMinute)

/** What was written since the last look, as text. */
const written = (): string[] =>
  output.readRecords().map(({ key, value }) => `${key.key} from ${key.window.start / 1_000} s: ${value}`)

input.pipeInput({ key: 'ann', value: '/', timestamp: seconds(1) })
input.pipeInput({ key: 'ann', value: '/cart', timestamp: seconds(59) })
assert.deepEqual(written(), ['ann from 0 s: 1', 'ann from 0 s: 2'])
console.log('every visit updates the count of its minute')

input.pipeInput({ key: 'bob', value: '/', timestamp: seconds(65) })
input.pipeInput({ key: 'ann', value: '/pay', timestamp: seconds(58) })
assert.deepEqual(written(), ['bob from 60 s: 1', 'ann from 0 s: 3'])
console.log('a visit may come out of order while the grace lasts')

input.pipeInput({ key: 'bob', value: '/cart', timestamp: seconds(70) })
input.pipeInput({ key: 'ann', value: '/', timestamp: seconds(57) })
assert.deepEqual(written(), ['bob from 60 s: 2'])
assert.deepEqual(driver.metrics().dropped, { 'per-minute': { late: 1 } })
console.log('later than that, it is dropped and counted')

driver.crash()
input.pipeInput({ key: 'bob', value: '/pay', timestamp: seconds(71) })
assert.deepEqual(written(), ['bob from 60 s: 3'])
console.log('a crash loses no count')

driver.close()
