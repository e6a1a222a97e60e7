/**
 * Counts by key, with a row of state for each key: filled with new keys in scattered order, then changed at random.
 */
import {
  type Application,
  int64,
  keyValueStore,
  type Log,
  openLog,
  startStreams,
  StreamsBuilder,
  string,
  topic,
} from 'millrace'
import { WatchedCommits } from '../commits.ts'
import { type StateOptions, type StateRecovery, type StateResult, stateKey } from '../workload.ts'

const events = topic('events', { key: string(), value: int64() })
const store = keyValueStore('counts', { key: string(), value: int64() })

/** Records that the application has worked on and not committed when it dies. */
const uncommittedRecords = 1_000

/** Appends the backlog: each key once in an order that is not theirs, or keys at random. */
export async function produceEvents(options: StateOptions): Promise<void> {
  await using log = await openLog(options.dir, { maintenance: false })
  await send(log, options)
}

async function send(log: Log, { records, keys, order }: StateOptions): Promise<void> {
  const producer = log.producer()
  for (let index = 0; index < records;) {
    const chunk = []
    for (; chunk.length < 10_000 && index < records; index++) {
      chunk.push({ key: stateKey(index, keys, order), value: index, timestamp: index })
    }
    await producer.sendMany(events, chunk)
  }
}

function startCounting(log: Log, everyRecords: number, onEvent?: () => void): Promise<Application> {
  const builder = new StreamsBuilder()
  const stream = builder.stream(events)
  const watched = onEvent === undefined ? stream : stream.peek(onEvent)
  watched.groupByKey().count({ store })
  return startStreams(builder.build(), { log, applicationId: 'bench', commit: { everyMs: 3_600_000, everyRecords } })
}

/** Counts the backlog. */
export async function countEvents({ dir, records, recordsPerCommit }: StateOptions): Promise<StateResult> {
  await using log = await openLog(dir, { maintenance: false })
  await using app = await startCounting(log, recordsPerCommit)
  using commits = new WatchedCommits()
  const startedMs = performance.now()
  await app.caughtUp()
  const seconds = (performance.now() - startedMs) / 1_000
  return { records, recordsPerSecond: records / seconds, ...commits.result() }
}

/** Works on records without a commit, and is killed. */
export async function dieCounting(options: StateOptions): Promise<void> {
  const log = await openLog(options.dir, { maintenance: false })
  let worked = 0
  const onEvent = (): void => {
    if (++worked === uncommittedRecords) process.kill(process.pid, 'SIGKILL')
  }
  const app = await startCounting(log, 1_000_000, onEvent)
  await send(log, { ...options, records: uncommittedRecords })
  await app.stopped
}

/** From `openLog` until what was not committed is. */
export async function recoverCounting({ dir, recordsPerCommit }: StateOptions): Promise<StateRecovery> {
  const startedMs = performance.now()
  const startedCpu = process.cpuUsage()
  await using log = await openLog(dir, { maintenance: false })
  await using app = await startCounting(log, recordsPerCommit)
  await app.caughtUp()
  const { user, system } = process.cpuUsage(startedCpu)
  return { recoveryMs: performance.now() - startedMs, recoveryCpuMs: (user + system) / 1_000 }
}
