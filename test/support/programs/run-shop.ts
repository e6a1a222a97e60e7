// An application to look at: it counts the pages of clicks that it sends itself, has a store with windows, drops what is late,
// and passes over what it cannot read. It goes on until it is killed.
import {
  int64,
  json,
  keyValueStore,
  openLog,
  startStreams,
  StreamsBuilder,
  string,
  TimeWindows,
  topic,
  windowStore,
} from '../../../src/index.ts'

interface Click {
  readonly page: string
  readonly status: number
}

const [dir = ''] = process.argv.slice(2)
const log = await openLog(dir)
const clicks = topic('clicks', { key: string(), value: json<Click>(), partitions: 2 })
const pages = ['/', '/cart', '/search', '/help', '/login']

const builder = new StreamsBuilder()
const all = builder.stream(clicks)
const served = all.filter(({ value }) => value.status < 500, { name: 'served' })
const byPage = served.groupBy(({ value }) => value.page.toLowerCase(), { key: string(), name: 'by-page' })
byPage
  .count({ name: 'count-pages', store: keyValueStore('page-totals', { key: string(), value: int64() }) })
  .toStream()
  .to(topic('page-counts', { key: string(), value: int64() }))
byPage
  .windowedBy(TimeWindows.of({ size: 10_000 }))
  .count({ name: 'count-windows', store: windowStore('page-windows', { key: string(), value: int64() }) })
all
  .filter(({ value }) => value.status >= 500, { name: 'errors' })
  .to(topic('server-errors', { key: string(), value: json<Click>() }))

const app = await startStreams(builder.build(), { log, applicationId: 'page-counts', onError: 'deadLetter' })
app.stopped.catch((error: unknown) => {
  console.error(error)
  process.exit(1)
})
const producer = log.producer()
let sent = 0

async function send(count: number, startMs: number): Promise<void> {
  await producer.sendMany(
    clicks,
    Array.from({ length: count }, (_, at) => {
      const number = sent + at
      const status = number % 23 === 0 ? 503 : 200
      return {
        key: `10.0.0.${number % 9}`,
        // What has no page cannot be counted.
        value: number % 97 === 5 ? ({ status } as Click) : { page: pages[(number * 7) % 5] ?? '/', status },
        // One in forty comes half a minute late, when its window is closed.
        timestamp: startMs + at - (number % 40 === 11 ? 30_000 : 0),
        headers: [{ key: 'source', value: 'shop' }],
      }
    }),
  )
  sent += count
}

await send(2_000, Date.now() - 60_000)
await app.caughtUp()
console.log('caught up')
// Irregular, so that there is something to see in the charts.
setInterval(() => void send(5 + ((sent * 13) % 40), Date.now()), 200)
