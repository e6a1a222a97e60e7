/**
 * Sessions: the visits of an access log, each a client's requests with less than half an hour in between. Give it a file
 * in the Combined Log Format; without one it makes up a log.
 */
import { readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { int64, minutes, openLog, startStreams, StreamsBuilder, string, topic } from 'millrace'
import { SessionWindows, sessionWindowed } from 'millrace'
import { parseLine } from './clicks/combined-log-format.ts'
import { accessLogLines } from './clicks/generate.ts'

const requests = topic('requests', { key: string(), value: string(), partitions: 1 })
const visits = topic('visits', { key: sessionWindowed(string()), value: int64() })

const builder = new StreamsBuilder()
builder
  .stream(requests)
  .groupByKey()
  // A server writes a request when it is answered, so lines are a little out of order.
  .windowedBy(SessionWindows.of({ gap: minutes(30), grace: minutes(1) }))
  .emitStrategy('onWindowClose')
  .count({ name: 'visits' })
  .toStream()
  .to(visits)

const [path] = process.argv.slice(2)
const lines = path === undefined ? accessLogLines({ lines: 2_000 }) : readFileSync(path, 'latin1').trimEnd().split('\n')
const records = []
let malformed = 0
for (const line of lines) {
  try {
    const { client, target, time } = parseLine(line)
    records.push({ key: client, value: target, timestamp: time })
  } catch {
    malformed++ // such lines are the subject of clicks.ts
  }
}

const dir = './data/sessions'
await rm(dir, { recursive: true, force: true }) // so that every run begins anew; a real program keeps its log
await using log = await openLog(dir)
await log.producer().sendMany(requests, records)

await using app = await startStreams(builder.build(), { log, applicationId: 'sessions', until: 'end' })
await app.stopped

const found = []
for await (const { key, value } of log.read(visits, { follow: false })) found.push({ ...key, requests: value })
found.sort((a, b) => b.requests - a.requests || a.window.start - b.window.start || (a.key < b.key ? -1 : 1))
const { late = 0 } = app.metrics().dropped['visits'] ?? {}
console.log(`${found.length} visits with ${records.length - late} requests; late: ${late}, malformed: ${malformed}`)
for (const { key, window, requests: count } of found.slice(0, 5)) {
  const duration = Math.round((window.end - window.start) / minutes(1))
  console.log(`${new Date(window.start).toISOString()} ${key} ${count} requests in ${duration} minutes`)
}
