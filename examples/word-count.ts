/**
 * The classic: how often does each word occur?
 */
import { rm } from 'node:fs/promises'
import { int64, keyValueStore, openLog, startStreams, string, StreamsBuilder, topic } from 'millrace'

const lines = topic('lines', { key: string(), value: string() })
const counts = topic('word-counts', { key: string(), value: int64() })
const words = keyValueStore('words', { key: string(), value: int64() })

const builder = new StreamsBuilder()
builder
  .stream(lines)
  .flatMapValues(({ value }) => value.toLowerCase().match(/\p{L}+/gu) ?? [])
  .groupBy(({ value }) => value, { key: string(), value: string() })
  .count({ store: words })
  .toStream()
  .to(counts)
const topology = builder.build()

const dir = './data/word-count'
await rm(dir, { recursive: true, force: true }) // so that every run prints the same; a real program keeps its log
const log = await openLog(dir)
const producer = log.producer()
await producer.sendMany(lines, [
  { key: 'verse 1', value: 'The mill turns, the race runs,' },
  { key: 'verse 2', value: 'and the mill race turns the mill.' },
])

const app = await startStreams(topology, { log, applicationId: 'word-count' })
await app.caughtUp()

console.log('every update, as it was written:')
for await (const { key, value } of log.read(counts)) console.log(`  ${key} ${value}`)

console.log('the table, as it stands:')
for (const { key, value } of app.store(words).range()) console.log(`  ${key} ${value}`)

await app.close()
await log.close()
