// The directory that the examples of the command work on: topics with records, a group that lags, a file to import, and
// applications, with versions beside them, where they are asked for.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  int64,
  json,
  keyValueStore,
  type Log,
  ManualClock,
  openLog,
  replay,
  startStreams,
  StreamsBuilder,
  string,
  TimeWindows,
  topic,
  type ReplayOptions,
  type Topology,
  windowStore,
} from 'millrace'
import { commandTimeMs } from './command.ts'
import { temporaryDirectory } from './temporary-directory.ts'

const clicks = topic('clicks', { key: string(), value: json<{ page: string; status: number }>(), partitions: 2 })
const orders = topic('orders', { key: string(), value: int64() })

const pageTotals = topic('page-totals', { key: string(), value: int64() })

const minuteMs = 60_000

/** Where it is; the log is in `data`. Removed when the running test is over. */
export async function commandWorld(
  has: { readonly applications?: boolean; readonly versions?: boolean } = {},
): Promise<{ readonly dir: string; readonly data: string }> {
  const dir = temporaryDirectory()
  const data = join(dir, 'data')
  writeFileSync(join(dir, 'access.log'), accessLog)
  writeFileSync(join(dir, 'visits.ts'), visits)
  const clock = new ManualClock(commandTimeMs - 10 * minuteMs)
  await using log = await openLog(data, { clock, maintenance: false })
  const producer = log.producer()
  const pages = ['/', '/cart', '/search', '/', '/cart', '/help']
  await producer.sendMany(
    clicks,
    pages.map((page, at) => ({
      key: `10.0.0.${(at % 3) + 1}`,
      value: { page, status: page === '/help' ? 404 : 200 },
      timestamp: commandTimeMs - (pages.length - at) * minuteMs,
    })),
  )
  await producer.sendMany(orders, [
    { key: 'ann', value: 1_200, headers: [{ key: 'source', value: 'web' }] },
    { key: 'bob', value: 700 },
    { key: 'ann', value: null },
  ])
  await log.admin.createTopic({ name: 'raw' })
  await log.admin.resetOffsets('billing', { topics: [orders], to: { offset: 1 } })
  if (has.applications === true) {
    await countPages(log)
    await billOrders(log)
  }
  if (has.versions === true) await replayVersions(log)
  return { dir, data }
}

/** `page-counts` was started, has counted what there is, and was closed. */
async function countPages(log: Log): Promise<void> {
  const app = await startStreams(
    pageCounts(() => true),
    { log, applicationId: 'page-counts' },
  )
  await app.caughtUp()
  await app.close()
}

function pageCounts(isCounted: (status: number) => boolean): Topology {
  const builder = new StreamsBuilder()
  const pages = builder
    .stream(clicks)
    .filter(({ value }) => isCounted(value.status))
    .groupBy(({ value }) => value.page, { key: string() })
  pages
    .count({ store: keyValueStore('totals', { key: string(), value: int64() }) })
    .toStream()
    .to(pageTotals)
  pages
    .windowedBy(TimeWindows.of({ size: minuteMs }))
    .count({ name: 'count-minutes', store: windowStore('per-minute', { key: string(), value: int64() }) })
  return builder.build()
}

/** `invoices` cannot do anything with a tombstone: that one is a dead letter. */
async function billOrders(log: Log): Promise<void> {
  const app = await startStreams(invoicesFrom(1_000), { log, applicationId: 'invoices', onError: 'deadLetter' })
  await app.caughtUp()
  await app.close()
}

function invoicesFrom(least: number): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream(orders)
    .filter(({ value }) => value > least)
    .to(topic('invoices', { key: string(), value: int64() }))
  return builder.build()
}

/**
 * Beside `page-counts` stand v2, which counts no errors, and v3, which is paused and does what v1 does. v2 of `invoices`
 * is the live one, and v1 is kept.
 */
async function replayVersions(log: Log): Promise<void> {
  await replayed(
    log,
    pageCounts((status) => status < 400),
    { applicationId: 'page-counts', version: 'v2' },
  )
  await replayed(
    log,
    pageCounts(() => true),
    { applicationId: 'page-counts', version: 'v3' },
  )
  await log.admin.pauseVersion('page-counts', 'v3')
  await replayed(log, invoicesFrom(500), { applicationId: 'invoices', version: 'v2', onError: 'deadLetter' })
  await log.admin.switchVersion('invoices', 'v2', { outputs: 'replace' })
}

async function replayed(log: Log, topology: Topology, options: Omit<ReplayOptions, 'log'>): Promise<void> {
  const version = await replay(topology, { log, ...options })
  await version.caughtUp()
  await version.close()
}

/** A topology script: visits per page and minute of what was found. */
const visits = `import { int64, json, minutes, StreamsBuilder, string, TimeWindows, topic, windowStore } from 'millrace'

const clicks = topic('clicks', { key: string(), value: json<{ page: string; status: number }>(), partitions: 2 })

const builder = new StreamsBuilder()
builder
  .stream(clicks)
  .filter(({ value }) => value.status === 200)
  .groupBy(({ value }) => value.page, { key: string() })
  .windowedBy(TimeWindows.of({ size: minutes(1) }))
  .count({ store: windowStore('visits-per-minute', { key: string(), value: int64() }) })

export const topology = builder.build()
`

const accessLog = `10.0.0.1 - - [04/Mar/2025:07:59:58 +0000] "GET / HTTP/1.1" 200 512
10.0.0.2 - - [04/Mar/2025:07:59:59 +0000] "GET /cart HTTP/1.1" 200 94
10.0.0.1 - - [04/Mar/2025:08:00:00 +0000] "GET /help HTTP/1.1" 404 0`
