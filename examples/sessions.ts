// Sessions: the visits of an access log, each a client's requests with less than half an hour in between. Give it a file
// in the Combined Log Format; without one it makes up a log.
import { readFileSync, rmSync } from 'node:fs'
import {
  int64,
  minutes,
  openLog,
  SessionWindows,
  sessionWindowed,
  startStreams,
  string,
  StreamsBuilder,
  topic,
} from 'millrace'
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

const [, , path = ''] = process.argv
const lines = path === '' ? [...accessLogLines({ lines: 2_000 })] : readFileSync(path, 'latin1').trimEnd().split('\n')
const records = []
for (const line of lines) {
  try {
    const { client, target, time } = parseLine(line)
    records.push({ key: client, value: target, timestamp: time })
  } catch {
    // malformed; such lines are the subject of clicks.ts
  }
}

rmSync('./data/sessions', { recursive: true, force: true }) // a real program keeps its log
await using log = await openLog('./data/sessions')
await log.producer().sendMany(requests, records)

await using app = await startStreams(builder.build(), { log, applicationId: 'sessions', until: 'end' })
await app.stopped

const found = []
for await (const { key, value } of log.read(visits, { follow: false })) found.push({ ...key, requests: value })
found.sort((a, b) => b.requests - a.requests || a.window.start - b.window.start || (a.key < b.key ? -1 : 1))
const malformed = lines.length - records.length
const { late = 0 } = app.metrics().dropped['visits'] ?? {}
console.log(`${found.length} visits with ${records.length - late} requests; late: ${late}, malformed: ${malformed}`)
for (const { key, window, requests: count } of found.slice(0, 5)) {
  const took = Math.round((window.end - window.start) / minutes(1))
  console.log(`${new Date(window.start).toISOString()} ${key} ${count} requests in ${took} minutes`)
}
