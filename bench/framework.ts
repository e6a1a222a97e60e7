/**
 * The jobs as a user of millrace writes them.
 */
import {
  int64,
  minutes,
  msgpack,
  openLog,
  startStreams,
  StreamsBuilder,
  string,
  TimeWindows,
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
} from './workload.ts'

const clicks = topic('clicks', { key: string(), value: msgpack<Click>() })
const perMinute = topic('clicks-per-minute', { key: windowed(string(), { size: minutes(1) }), value: int64() })
const counts = windowStore('counts', { key: string(), value: int64() })

export async function produce({ dir, records, recordsPerCommit }: JobOptions): Promise<JobResult> {
  await using log = await openLog(dir)
  const producer = log.producer()
  const startedMs = performance.now()
  for (let index = 0; index < records;) {
    const chunk = []
    for (let i = 0; i < recordsPerCommit && index < records; i++, index++) {
      chunk.push({ key: clickKey(index), timestamp: clickTimestamp(index), value: clickValue(index) })
    }
    await producer.sendMany(clicks, chunk)
  }
  return { recordsPerSecond: records / ((performance.now() - startedMs) / 1_000), fingerprint: String(records) }
}

/** Every record has its own promise; a commit's worth of them is awaited together. */
export async function send({ dir, records, recordsPerCommit }: JobOptions): Promise<JobResult> {
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

export async function read({ dir, records }: JobOptions): Promise<JobResult> {
  await using log = await openLog(dir)
  const startedMs = performance.now()
  let total = 0
  for await (const batch of log.read(clicks).batches()) {
    for (const { key, timestamp, value } of batch.records) total += key.length + value.ms + (timestamp & 1)
  }
  return { recordsPerSecond: records / ((performance.now() - startedMs) / 1_000), fingerprint: String(total) }
}

export async function count({ dir, records, recordsPerCommit }: JobOptions): Promise<JobResult> {
  await using log = await openLog(dir)
  const builder = new StreamsBuilder()
  builder
    .stream(clicks)
    .filter(({ value }) => value.status === 200)
    .groupBy(({ value }) => value.page, { key: string() })
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
