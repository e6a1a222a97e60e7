/**
 * distinct: a sender repeats what it got no answer for, and each event is to be processed once.
 */
import { rm } from 'node:fs/promises'
import { hours, json, openLog, startStreams, string, StreamsBuilder, topic } from 'millrace'

interface Delivery {
  readonly id: string
  readonly cents: number
}

const deliveries = topic('deliveries', { key: string(), value: json<Delivery>() })
const once = topic('deliveries-once', { key: string(), value: json<Delivery>() })

const builder = new StreamsBuilder()
builder
  .stream(deliveries)
  // What comes again within a day, by the times of the records, is dropped; ids are kept no longer than that.
  .distinct({ id: ({ value }) => value.id, within: hours(24), name: 'once' })
  .to(once)

const dir = './data/dedupe'
await rm(dir, { recursive: true, force: true }) // so that every run begins anew; a real program keeps its log
await using log = await openLog(dir)
const delivered = (hour: number, account: string, id: string, cents: number) => ({
  key: account,
  value: { id, cents },
  timestamp: hours(hour),
})
await log
  .producer()
  .sendMany(deliveries, [
    delivered(0, 'ann', 'e1', 500),
    delivered(1, 'ann', 'e1', 500),
    delivered(2, 'bob', 'e2', 120),
    delivered(2, 'ann', 'e3', 700),
    delivered(5, 'bob', 'e2', 120),
    delivered(30, 'ann', 'e1', 500),
  ])

await using app = await startStreams(builder.build(), { log, applicationId: 'dedupe' })
await app.caughtUp()
for await (const { key, value, timestamp } of log.read(once, { follow: false })) {
  console.log(`hour ${timestamp / hours(1)}: ${value.id}, ${key} gets ${value.cents / 100}`)
}
console.log('dropped:', app.metrics().dropped['once'])
