// Sends every line that it is given as a record of the topic `words`.
import { createInterface } from 'node:readline'
import { openLog } from '../../../src/log/log.ts'
import { words } from '../topics.ts'

const [dir = ''] = process.argv.slice(2)
const log = await openLog(dir)
const producer = log.producer()
console.log('open')
for await (const line of createInterface({ input: process.stdin })) {
  const { partition, offset } = await producer.send(words, { key: line, value: line, timestamp: 0 })
  console.log(`${partition} ${offset}`)
}
await log.close()
