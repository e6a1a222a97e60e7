// A version of an application that counts pages, live or beside the live one, until it is killed or stopped. The one beside waits
// in the middle until it is told to go on; from v2 on each click at /cart counts twice.
import { once } from 'node:events'
import {
  int64,
  json,
  keyValueStore,
  openLog,
  replay,
  startStreams,
  StreamsBuilder,
  string,
  topic,
} from '../../../src/index.ts'

const [dir = '', version = 'v1'] = process.argv.slice(2)
const applicationId = 'page-counts'
const log = await openLog(dir, { maintenance: false })
const clicks = topic('clicks', { key: string(), value: json<{ readonly page: string }>(), partitions: 2 })
const pages = ['/', '/cart', '/search', '/help', '/login']

const told = once(process.stdin, 'data')
let asked = 0
/** The first ones are answered at once, the others when the program is told to go on. */
const answer = async (page: string): Promise<string> => {
  if (++asked > 100) await told
  return page
}

const builder = new StreamsBuilder()
const all = builder.stream(clicks).mapValues(({ value }) => value.page)
const isNew = version !== 'v1'
const named = isNew ? all.mapAsync(({ value }) => answer(value), { value: string(), concurrency: 1 }) : all
named
  .flatMapValues(({ value }) => (isNew && value === '/cart' ? [value, value] : [value]))
  .groupBy(({ value }) => value, { key: string(), value: string(), name: 'by-page' })
  .count({ name: 'count-pages', store: keyValueStore('page-totals', { key: string(), value: int64() }) })
  .toStream()
  .to(topic('page-counts', { key: string(), value: int64() }))

if (version === 'v1') {
  await log.producer().sendMany(
    clicks,
    Array.from({ length: 1_000 }, (_, at) => ({
      key: `10.0.0.${at % 9}`,
      value: { page: pages[(at * 7) % 5] ?? '/' },
      timestamp: Date.UTC(2025, 2, 4) + at * 1_000,
    })),
  )
}
const app = isNew
  ? await replay(builder.build(), { log, applicationId, version, effects: 'run', commit: { everyMs: 0 } })
  : await startStreams(builder.build(), { log, applicationId })
app.stopped.catch((error: unknown) => {
  console.log(`stopped: ${error instanceof Error && 'code' in error ? String(error.code) : String(error)}`)
  process.exit(1)
})
if (!isNew) await app.caughtUp()
console.log('begun')
