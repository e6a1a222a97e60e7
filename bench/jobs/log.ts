/**
 * The log by itself, as its user writes, reads and administers it.
 */
import { truncateSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { bytes, int64, openLog, string, topic } from 'millrace'
import { EmbeddedLog } from '../../src/log/embedded-log.ts'
import { DirectoryLog } from '../../src/log/log.ts'
import { Environment } from '../../src/storage/environment.ts'
import { type Percentiles, percentilesOf } from '../statistics.ts'
import { clicksOf, type ClickOptions } from './clicks.ts'
import { type JobOptions, type JobResult, recordKey, recordValue } from '../workload.ts'

export interface ProduceOptions extends JobOptions {
  readonly partitions: number
  /** Default true, as a producer's. */
  readonly idempotent?: boolean
  /** Whether each commit is a transaction. */
  readonly isTransactional?: boolean
  /** How much a background that looks after the log every second leaves of them. */
  readonly retentionBytes?: number
}

export interface Produced extends JobResult {
  /** How much of them the log holds at the end. */
  readonly keptBytes: number
}

/** Records of 100 bytes, a commit's worth at a time. */
export async function produceRecords(options: ProduceOptions): Promise<Produced> {
  const { dir, records, recordsPerCommit, partitions, idempotent = true, isTransactional, retentionBytes } = options
  const retention = { retentionMs: -1, retentionBytes: retentionBytes ?? -1 }
  const target = topic('records', { key: string(), value: bytes(), partitions, ...retention })
  await using log = await openLog(dir, { maintenance: { everyMs: 1_000 } })
  const producer = log.producer({ idempotent, ...(isTransactional && { transactionalId: 'bench' }) })
  const startedMs = performance.now()
  for (let index = 0; index < records;) {
    const chunk: { key: string; timestamp: number; value: Uint8Array }[] = []
    for (let i = 0; i < recordsPerCommit && index < records; i++, index++) {
      chunk.push({ key: recordKey(index), timestamp: index, value: recordValue })
    }
    if (isTransactional) await producer.transaction((tx) => tx.sendMany(target, chunk))
    else await producer.sendMany(target, chunk)
  }
  const recordsPerSecond = records / ((performance.now() - startedMs) / 1_000)
  const keptBytes = (await log.admin.logSizes()).reduce((sum, size) => sum + size.bytes, 0)
  return { recordsPerSecond, fingerprint: String(records), keptBytes }
}

/** The clicks, one by one. */
export async function readOneByOne(options: ClickOptions): Promise<JobResult> {
  const { dir, records } = options
  await using log = await openLog(dir)
  const startedMs = performance.now()
  let total = 0
  for await (const { key, timestamp, value } of log.read(clicksOf(options))) {
    total += key.length + value.ms + (timestamp & 1)
  }
  return { recordsPerSecond: records / ((performance.now() - startedMs) / 1_000), fingerprint: String(total) }
}

const pings = topic('pings', { key: string(), value: int64() })
const pongs = topic('pongs', { key: string(), value: int64() })

export interface RoundTripOptions {
  readonly dir: string
  readonly records: number
  readonly recordsPerSecond: number
}

/** Sends back what comes. */
export async function echo({ dir, records }: Omit<RoundTripOptions, 'recordsPerSecond'>): Promise<void> {
  await using log = await openLog(dir)
  await log.admin.createTopic(pings)
  await log.admin.createTopic(pongs)
  const producer = log.producer()
  let sent: Promise<unknown> = Promise.resolve()
  let count = 0
  for await (const { records: some } of log.read(pings, { follow: true }).batches()) {
    sent = producer.sendMany(pongs, some)
    if ((count += some.length) === records) break
  }
  await sent
}

/** From `send` until the answer of another process is read, at an even rate. */
export async function roundTrip({ dir, records, recordsPerSecond }: RoundTripOptions): Promise<Percentiles> {
  await using log = await openLog(dir)
  while (!(await log.admin.listTopics()).some(({ name }) => name === 'pongs')) await sleep(5)
  const producer = log.producer()
  const sentAt = new Float64Array(records)
  const tookMs = new Float64Array(records)
  async function follow(): Promise<void> {
    let count = 0
    for await (const { value } of log.read(pongs, { follow: true })) {
      tookMs[value] = performance.now() - (sentAt[value] as number)
      if (++count === records) return
    }
  }
  async function sendAll(): Promise<void> {
    const sent: Promise<unknown>[] = []
    const startedMs = performance.now()
    for (let value = 0; value < records;) {
      for (; value < records && (value * 1_000) / recordsPerSecond <= performance.now() - startedMs; value++) {
        sentAt[value] = performance.now()
        sent.push(producer.send(pings, { key: 'ping', value, timestamp: value }))
      }
      await sleep(1)
    }
    await Promise.all(sent)
  }
  await Promise.all([follow(), sendAll()])
  return percentilesOf(tookMs.subarray(Math.floor(records / 5)))
}

export interface AdministerOptions {
  readonly dir: string
  /** Of each of two topics. */
  readonly partitions: number
  /** How much the log pretends to hold. */
  readonly bytes: number
  readonly runs: number
}

export interface Administered {
  readonly openMs: number
  readonly endOffsetsMs: number
  readonly lagMs: number
}

const manyTopics = ['many', 'more'] as const

/**
 * Makes a log of many partitions with records in each, and a group at the beginning of those of `many`. Its file is as long as if
 * it held much more; the pages behind are a hole.
 */
export async function makeLargeLog({ dir, partitions, bytes: size }: AdministerOptions): Promise<void> {
  const environment = Environment.openNow(dir)
  const embedded = new EmbeddedLog(environment)
  const log = new DirectoryLog(embedded)
  const records = Array.from({ length: partitions * 20 }, (_, index) => ({
    key: recordKey(index),
    value: recordValue,
    timestamp: index,
  }))
  for (const name of manyTopics) {
    await log.producer().sendMany(topic(name, { key: string(), value: bytes(), partitions }), records)
  }
  const { id: topicId } = embedded.describeTopic('many')
  environment.write((transaction) => {
    for (let partition = 0; partition < partitions; partition++) {
      embedded.positions.put(transaction, 'group', { topicId, partition }, { offset: 0, committedMs: 0, metadata: '' })
    }
  })
  await log.close()
  truncateSync(join(dir, 'data.mdb'), size)
}

/** What administration takes on a log that was just opened, the median of some runs. */
export async function administer({ dir, runs }: AdministerOptions): Promise<Administered> {
  const took: Record<keyof Administered, number[]> = { openMs: [], endOffsetsMs: [], lagMs: [] }
  for (let run = 0; run < runs; run++) {
    const startedMs = performance.now()
    const log = await openLog(dir)
    const openedMs = performance.now()
    await log.admin.endOffsets('many')
    const toldMs = performance.now()
    await log.admin.lag('group')
    const lagMs = performance.now() - toldMs
    took.openMs.push(openedMs - startedMs)
    took.endOffsetsMs.push(toldMs - openedMs)
    took.lagMs.push(lagMs)
    await log.close()
  }
  const median = (numbers: readonly number[]): number => percentilesOf(Float64Array.from(numbers)).p50
  return { openMs: median(took.openMs), endOffsetsMs: median(took.endOffsetsMs), lagMs: median(took.lagMs) }
}
