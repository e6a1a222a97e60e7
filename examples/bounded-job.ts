/**
 * A bounded job: import a file, work it off, print the answer, exit.
 */
import { readFile, rm } from 'node:fs/promises'
import { int64, json, keyValueStore, openLog, startStreams, string, StreamsBuilder, topic } from 'millrace'

interface Order {
  readonly country: string
  readonly cents: number
}

const orders = topic('orders', { key: string(), value: json<Order>() })
const revenue = keyValueStore('revenue', { key: string(), value: int64() })

const builder = new StreamsBuilder()
builder
  .stream(orders)
  .groupBy(({ value }) => value.country, { key: string() })
  .aggregate({
    initializer: () => 0,
    aggregator: (_country, { cents }, sum) => sum + cents,
    value: int64(),
    store: revenue,
  })

const dir = './data/bounded-job'
await rm(dir, { recursive: true, force: true }) // so that every run prints the same; a real program keeps its log
await using log = await openLog(dir)

const lines = (await readFile(process.argv[2] ?? 'examples/orders.csv', 'utf8')).trim().split('\n')
const records = lines.map((line) => {
  const [id = '', country = '', cents] = line.split(',')
  return { key: id, value: { country, cents: Number(cents) } }
})
await log.producer().sendMany(orders, records) // one commit: the whole file is in the log, or nothing of it

await using app = await startStreams(builder.build(), { log, applicationId: 'revenue' })
await app.caughtUp()
for (const { key, value } of app.store(revenue).range()) console.log(key, (value / 100).toFixed(2))
