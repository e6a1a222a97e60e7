// A test driver at work under the recorder: a few inputs, and one crash. With `openLog` the same number of records, in one log.
import { mkdirSync } from 'node:fs'
import { openLog, StreamsBuilder, string, topic } from '../../../src/index.ts'
import { TopologyTestDriver } from '../../../src/testing/test-driver.ts'
import type { DrivenWork } from '../work.ts'

const { dir, by } = JSON.parse(process.argv[2] ?? '') as DrivenWork
const input = topic('input', { key: string(), value: string() })
const records = ['a', 'b', 'c'].map((key) => ({ key, value: key, timestamp: 0 }))

if (by === 'driver') {
  mkdirSync(dir)
  process.env['TMPDIR'] = dir // where a driver has its log
  const builder = new StreamsBuilder()
  builder.stream(input).to(topic('output', { key: string(), value: string() }))
  using driver = new TopologyTestDriver(builder.build())
  for (const record of records) driver.inputTopic(input).pipeInput(record)
  driver.crash()
} else {
  await using log = await openLog(dir)
  await log.producer().sendMany(input, records)
}
