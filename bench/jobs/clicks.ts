/**
 * The clicks as a user of millrace writes, reads and counts them.
 */
import {
  int64,
  json,
  type KStream,
  minutes,
  msgpack,
  openLog,
  startStreams,
  StreamsBuilder,
  string,
  TimeWindows,
  type Topic,
  topic,
  windowed,
  windowStore,
} from 'millrace'
import {
  type Click,
  clickKey,
  clickTimestamp,
  clickValue,
  fingerprintOf,
  type JobOptions,
  type JobResult,
} from '../workload.ts'

export interface ClickOptions extends JobOptions {
  /** Of every topic. Default 1. */
  readonly partitions?: number
  /** Default `msgpack`. */
  readonly serde?: 'msgpack' | 'json'
  /** Added to every value. Default 0. */
  readonly bodyBytes?: number
}

const counts = windowStore('counts', { key: string(), value: int64() })

export function clicksOf({ partitions = 1, serde = 'msgpack' }: ClickOptions): Topic<string, Click> {
  const value = serde === 'json' ? json<Click>() : msgpack<Click>()
  return topic('clicks', { key: string(), value, partitions })
}

/** A function that makes the value of a record. */
function valuesOf({ bodyBytes = 0 }: ClickOptions): (index: number) => Click {
  if (bodyBytes === 0) return clickValue
  const body = 'x'.repeat(bodyBytes)
  return (index) => ({ ...clickValue(index), body })
}

/** Clicks by user. */
export function produce(options: ClickOptions): Promise<JobResult> {
  return append(options, clickKey)
}

/** Clicks by page. */
export function produceByPage(options: ClickOptions): Promise<JobResult> {
  return append(options, (_, { page }) => page)
}

async function append(options: ClickOptions, keyOf: (index: number, click: Click) => string): Promise<JobResult> {
  const { dir, records, recordsPerCommit } = options
  const clicks = clicksOf(options)
  const valueOf = valuesOf(options)
  await using log = await openLog(dir)
  const producer = log.producer()
  const startedMs = performance.now()
  for (let index = 0; index < records;) {
    const chunk = []
    for (let i = 0; i < recordsPerCommit && index < records; i++, index++) {
      const value = valueOf(index)
      chunk.push({ key: keyOf(index, value), timestamp: clickTimestamp(index), value })
    }
    await producer.sendMany(clicks, chunk)
  }
  return { recordsPerSecond: records / ((performance.now() - startedMs) / 1_000), fingerprint: String(records) }
}

/** Every record has its own promise; a commit's worth of them is awaited together. */
export async function send(options: ClickOptions): Promise<JobResult> {
  const { dir, records, recordsPerCommit } = options
  const clicks = clicksOf(options)
  await using log = await openLog(dir)
  const producer = log.producer()
  const startedMs = performance.now()
  for (let index = 0; index < records;) {
    const sent = []
    for (let i = 0; i < recordsPerCommit && index < records; i++, index++) {
      sent.push(
        producer.send(clicks, { key: clickKey(index), timestamp: clickTimestamp(index), value: clickValue(index) }),
      )
    }
    await Promise.all(sent)
  }
  return { recordsPerSecond: records / ((performance.now() - startedMs) / 1_000), fingerprint: String(records) }
}

export async function read(options: ClickOptions): Promise<JobResult> {
  const { dir, records } = options
  await using log = await openLog(dir)
  const startedMs = performance.now()
  let total = 0
  for await (const batch of log.read(clicksOf(options)).batches()) {
    for (const { key, timestamp, value } of batch.records) total += key.length + value.ms + (timestamp & 1)
  }
  return { recordsPerSecond: records / ((performance.now() - startedMs) / 1_000), fingerprint: String(total) }
}

/** Counts the successful clicks on every page. */
export function count(options: ClickOptions): Promise<JobResult> {
  return run(options, (clicks) =>
    clicks.filter(({ value }) => value.status === 200).groupBy(({ value }) => value.page, { key: string() }),
  )
}

/** Counts the records of every key; nothing looks at a value. */
export function countKeys(options: ClickOptions): Promise<JobResult> {
  return run(options, (clicks) => clicks.groupByKey())
}

type Clicks = KStream<string, Click>

async function run(
  options: ClickOptions,
  group: (clicks: Clicks) => ReturnType<Clicks['groupByKey']>,
): Promise<JobResult> {
  const { dir, records, recordsPerCommit, partitions = 1 } = options
  const perMinute = topic('clicks-per-minute', {
    key: windowed(string(), { size: minutes(1) }),
    value: int64(),
    partitions,
  })
  await using log = await openLog(dir)
  const builder = new StreamsBuilder()
  group(builder.stream(clicksOf(options)))
    .windowedBy(TimeWindows.of({ size: minutes(1) }))
    .count({ store: counts })
    .toStream()
    .to(perMinute)
  const startedMs = performance.now()
  await using app = await startStreams(builder.build(), {
    log,
    applicationId: 'bench',
    commit: { everyRecords: recordsPerCommit, everyMs: 60_000 },
  })
  await app.caughtUp()
  const recordsPerSecond = records / ((performance.now() - startedMs) / 1_000)
  const rows = [...app.store(counts).range()]
  const fingerprint = fingerprintOf(rows.map(({ key, value }) => [key.window.start, key.key, value] as const))
  return { recordsPerSecond, fingerprint }
}
