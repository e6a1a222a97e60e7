// Fills a log with a backlog, or counts it with little memory; tells how much it counted and how much memory it took.
import {
  int64,
  keyValueStore,
  openLog,
  startStreams,
  StreamsBuilder,
  string,
  TimeWindows,
  topic,
} from '../../../src/index.ts'

const [task = '', dir = '', count = '0'] = process.argv.slice(2)
const input = topic('backlog', { key: string(), value: string(), partitions: 4 })
const output = topic('counted', { key: string(), value: int64() })
const totals = keyValueStore('totals', { key: string(), value: int64() })

const log = await openLog(dir)

async function fill(): Promise<void> {
  const producer = log.producer()
  const filler = 'x'.repeat(200)
  for (let first = 0; first < Number(count); first += 10_000) {
    await producer.sendMany(
      input,
      Array.from({ length: 10_000 }, (_, i) => ({
        key: `key ${(first + i) % 50_000}`,
        value: filler,
        timestamp: first + i,
      })),
    )
  }
  console.log(count)
}

async function work(): Promise<void> {
  const builder = new StreamsBuilder()
  const grouped = builder.stream(input).groupBy(({ key }) => key.slice(0, -1), { key: string() })
  grouped
    .count({ store: totals })
    .toStream()
    .mapValues(({ value }) => value ?? 0)
    .to(output)
  builder
    .stream(input)
    .groupByKey()
    .windowedBy(TimeWindows.of({ size: 100 }))
    .count({ retentionMs: 1_000, name: 'w' })
  const app = await startStreams(builder.build(), { log, applicationId: 'app', stateCacheBytes: 2 ** 20 })
  await app.caughtUp()
  let counted = 0
  for (const { value } of app.store(totals).range()) counted += value
  console.log(counted)
  const { heapUsed, external, arrayBuffers } = process.memoryUsage()
  console.log(heapUsed + external + arrayBuffers)
  await app.close()
}

await (task === 'fill' ? fill() : work())
await log.close()
