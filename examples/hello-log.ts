/**
 * The log by itself: open, produce, read, close.
 */
import { rm } from 'node:fs/promises'
import { json, openLog, string, topic } from 'millrace'

interface Click {
  readonly page: string
  readonly status: number
}

const clicks = topic('clicks', { key: string(), value: json<Click>(), partitions: 2 })

const dir = './data/hello-log'
await rm(dir, { recursive: true, force: true }) // so that every run prints the same; a real program keeps its log
const log = await openLog(dir)

const producer = log.producer()
const sent = await producer.send(clicks, { key: '203.0.113.7', value: { page: '/', status: 200 } })
console.log(`durable at ${sent.topic}[${sent.partition}] offset ${sent.offset}`)

const { count } = await producer.sendMany(clicks, [
  { key: '203.0.113.7', value: { page: '/cart', status: 200 } },
  { key: '198.51.100.4', value: { page: '/', status: 404 } },
])
console.log(`${count} more in one commit`)

for await (const { partition, offset, key, value } of log.read(clicks)) {
  console.log(`${partition}:${offset} ${key} ${value.page} ${value.status}`)
}

await log.close()
