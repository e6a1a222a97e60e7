/**
 * The dashboard in the process of an application, with browsers that watch: how long its answers take, and what it
 * costs the application.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import {
  bytes,
  int64,
  keyValueStore,
  type Log,
  minutes,
  openLog,
  startStreams,
  StreamsBuilder,
  string,
  TimeWindows,
  type Topology,
  topic,
  windowStore,
} from 'millrace'
import { dashboard } from 'millrace/dashboard'
import { systemClock } from '../../src/core/clock.ts'
import { Watch } from '../../src/dashboard/watch.ts'
import { type Click, clickKey, clickTimestamp, clickValue, recordKey, recordValue } from '../workload.ts'
import { type BrowserResult, Browsers, type Questions } from './browsers.ts'
import { clicksOf, type ClickOptions } from './clicks.ts'
import { JobBeside } from './job-beside.ts'

export interface WatchedOptions extends ClickOptions {
  /** Browsers that watch; without any there is no dashboard either. */
  readonly clients: number
}

/** One page for each user and each minute, and one for each page: both kinds of stores that people look into most. */
function countingOf(options: ClickOptions): Topology {
  const { partitions = 1 } = options
  const builder = new StreamsBuilder()
  const pages = builder.stream(clicksOf(options)).groupBy(({ value }) => value.page, { key: string() })
  pages
    .windowedBy(TimeWindows.of({ size: minutes(1) }))
    .count({ name: 'minutes', store: windowStore('per-minute', { key: string(), value: int64() }) })
  pages
    .count({ store: keyValueStore('per-page', { key: string(), value: int64() }) })
    .toStream()
    .to(topic('page-counts', { key: string(), value: int64(), partitions }))
  return builder.build()
}

const applicationId = 'bench'

export interface AskingOptions extends WatchedOptions {
  /** How often each question is asked. */
  readonly times: number
}

/** Asks everything that the page asks, while an application runs, records come in and browsers watch. */
export async function askUnderLoad({ times, clients, ...options }: AskingOptions): Promise<BrowserResult> {
  await using log = await openLog(options.dir)
  await using app = await startStreams(countingOf(options), { log, applicationId })
  await app.caughtUp()
  await using page = await dashboard(log, { port: 0 })
  using _ = writing(log, options)
  const questions = questionsAbout(options, times)
  const browsers = await Browsers.open({ port: page.port, clients, questions })
  return await browsers.close()
}

const writeEveryMs = 50
const recordsAWrite = 50

/** Sends 1,000 records a second until it is disposed of. */
function writing(log: Log, { records, ...options }: ClickOptions): Disposable {
  const clicks = clicksOf({ records, ...options })
  const producer = log.producer()
  let sent = records
  let last: Promise<unknown> = Promise.resolve()
  const timer = setInterval(() => {
    last = producer.sendMany(
      clicks,
      Array.from({ length: recordsAWrite }, () => clickAt(sent++)),
    )
  }, writeEveryMs)
  return {
    [Symbol.dispose]: () => {
      clearInterval(timer)
      void last
    },
  }
}

function clickAt(index: number): { readonly key: string; readonly value: Click; readonly timestamp: number } {
  return { key: clickKey(index), value: clickValue(index), timestamp: clickTimestamp(index) }
}

function questionsAbout({ records, partitions = 1 }: ClickOptions, times: number): Questions {
  const perPartition = Math.max(1, Math.floor(records / partitions / 2))
  // Another place each time, over all of the topic.
  const each = (path: (at: number) => string): string[] =>
    Array.from({ length: times }, (_, at) => `/api/${path(Math.floor((at * records) / times))}`)
  const inTopic = (query: (at: number) => string): string[] => each((at) => `topics/clicks/records${query(at)}`)
  return {
    overview: each(() => 'overview'),
    'an application': each(() => `applications/${applicationId}/v1`),
    'stores of an application': each(() => `applications/${applicationId}/v1/stores`),
    'a topic': each(() => 'topics/clicks'),
    'records, the newest': inTopic(() => ''),
    'records, from an offset': inTopic((at) => `?offset=${at % perPartition}`),
    'records, from a time': inTopic((at) => `?time=${clickTimestamp(at)}`),
    'records, with a key': inTopic((at) => `?key=${clickKey(at)}`),
    'records, with a text that none has': inTopic((at) => `?text=nowhere-${at}`),
    'a record in full': inTopic((at) => `/0/${at % perPartition}`),
    'rows of a store, by key': each((at) => `stores/${applicationId}/per-page?key=/page/${at % 100}`),
    'rows of a store, all': each(() => `stores/${applicationId}/per-page?limit=500`),
    'rows of a store with windows, by time': each(
      (at) => `stores/${applicationId}/per-minute?fromTime=${clickTimestamp(at)}`,
    ),
    'a group': each(() => `groups/${applicationId}`),
  }
}

export interface CostResult {
  /** User and system time of all threads of the application's process. */
  readonly cpuMs: number
  readonly seconds: number
  /** Of each browser, on average. */
  readonly events: number
}

/** Counts the clicks of a backlog, watched or not; then it is as if the application had never been. */
export async function countWatched(options: WatchedOptions): Promise<CostResult> {
  const { dir, recordsPerCommit } = options
  await using log = await openLog(dir)
  const result = await watched(log, options, async () => {
    await using app = await startStreams(countingOf(options), {
      log,
      applicationId,
      commit: { everyRecords: recordsPerCommit, everyMs: 60_000 },
    })
    await app.caughtUp()
  })
  await log.admin.deleteApplication(applicationId, { outputs: 'delete' })
  return result
}

export interface FedOptions extends WatchedOptions {
  readonly recordsPerSecond: number
}

/** Counts clicks as they come, at an even rate, from a process of their own; watched or not. */
export async function countFed(options: FedOptions): Promise<CostResult> {
  await using log = await openLog(options.dir)
  await log.admin.createTopic(clicksOf(options))
  await using app = await startStreams(countingOf(options), { log, applicationId })
  return await watched(log, options, async () => {
    const feeding = new JobBeside('feed', options)
    while ((app.metrics().consumed['clicks'] ?? 0) < options.records) await sleep(50)
    await feeding.ended()
  })
}

/** Sends clicks at an even rate. */
export async function feed({ records, recordsPerSecond, ...options }: FedOptions): Promise<void> {
  await using log = await openLog(options.dir)
  const clicks = clicksOf({ records, ...options })
  const producer = log.producer()
  const startedMs = performance.now()
  for (let sent = 0; sent < records;) {
    const due = Math.min(records, Math.ceil(((performance.now() - startedMs) * recordsPerSecond) / 1_000))
    const chunk = Array.from({ length: due - sent }, (_, at) => clickAt(sent + at))
    if (chunk.length > 0) await producer.sendMany(clicks, chunk)
    sent = due
    await sleep(10)
  }
}

/** Does the work while browsers watch, or does it alone. */
async function watched(
  log: Log,
  { clients }: Pick<WatchedOptions, 'clients'>,
  work: () => Promise<void>,
): Promise<CostResult> {
  if (clients === 0) return { ...(await timed(work)), events: 0 }
  await using page = await dashboard(log, { port: 0 })
  const browsers = await Browsers.open({ port: page.port, clients, questions: {} })
  const result = await timed(work)
  const { events } = await browsers.close()
  return { ...result, events: events / clients }
}

/** What work takes of this process. */
async function timed(work: () => Promise<void>): Promise<Omit<CostResult, 'events'>> {
  const [startedMs, before] = [performance.now(), process.cpuUsage()]
  await work()
  const { user, system } = process.cpuUsage(before)
  return { cpuMs: (user + system) / 1_000, seconds: (performance.now() - startedMs) / 1_000 }
}

export interface SampledOptions {
  readonly dir: string
  readonly topics: number
  /** Of each topic. */
  readonly partitions: number
  /** Records that the application has yet to read, in each partition. */
  readonly lag: number
  /** Looks at the log. */
  readonly samples: number
}

export interface SampledResult {
  readonly cpuMs: number
  /** Of everything that is live, as a browser gets it first. */
  readonly bytes: number
}

/** What one look at the log takes, of the watch alone, with an application that lags in every partition. */
export async function sampleLog({ dir, topics, partitions, lag, samples }: SampledOptions): Promise<SampledResult> {
  await using log = await openLog(dir)
  const inputs = Array.from({ length: topics }, (_, at) =>
    topic(`topic-${at}`, { key: string(), value: bytes(), partitions }),
  )
  const builder = new StreamsBuilder()
  builder
    .stream(inputs, { name: 'all' })
    .filter(() => false)
    .to(topic('out', { key: string(), value: bytes() }))
  for (const input of inputs) await log.admin.createTopic(input)
  const app = await startStreams(builder.build(), { log, applicationId })
  for (const input of inputs) await log.producer().sendMany(input, everywhere(partitions, 1))
  await app.caughtUp()
  await app.close()
  for (const input of inputs) await log.producer().sendMany(input, everywhere(partitions, lag))
  const watch = new Watch(log, systemClock)
  await watch.sample()
  const { cpuMs } = await timed(async () => {
    for (let at = 0; at < samples; at++) await watch.sample()
  })
  const size = [...watch.now.parts.values()].reduce((total, part) => total + part.length, 0)
  await watch.close()
  return { cpuMs: cpuMs / samples, bytes: size }
}

function everywhere(
  partitions: number,
  each: number,
): { readonly key: string; readonly value: Uint8Array; readonly timestamp: number; readonly partition: number }[] {
  return Array.from({ length: partitions * each }, (_, at) => {
    return { key: recordKey(at), value: recordValue, timestamp: at, partition: at % partitions }
  })
}
