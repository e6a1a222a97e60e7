/**
 * An application with a row of state for every visitor: it is killed and started again, and its memory is watched.
 */
import {
  type Application,
  int64,
  keyValueStore,
  type Log,
  openLog,
  startStreams,
  StreamsBuilder,
  type StreamsOptions,
  string,
  topic,
  type Topology,
} from 'millrace'

export interface VisitOptions {
  readonly dir: string
  readonly keys: number
}

export const visits = topic('visits', { key: string(), value: int64() })
export const totals = topic('totals', { key: string(), value: int64() })
const store = keyValueStore('totals', { key: string(), value: int64() })

/** Every visitor once, in an order that is not that of their keys. */
export async function produceVisits({ dir, keys }: VisitOptions): Promise<void> {
  await using log = await openLog(dir)
  await sendVisits(log, keys, keys)
}

export function visitOf(index: number, keys: number): { key: string; value: number; timestamp: number } {
  return { key: `visitor ${(index * 7_919) % keys}`, value: index, timestamp: index }
}

export async function sendVisits(log: Log, keys: number, count: number): Promise<void> {
  const producer = log.producer()
  for (let index = 0; index < count;) {
    const chunk = []
    for (; chunk.length < 10_000 && index < count; index++) {
      chunk.push(visitOf(index, keys))
    }
    await producer.sendMany(visits, chunk)
  }
}

export function startCounting(
  log: Log,
  commit: StreamsOptions['commit'] & object,
  onVisit: () => void = () => undefined,
): Promise<Application> {
  return startStreams(visitCounts(onVisit), { log, applicationId, version: 'v1', commit })
}

export const applicationId = 'bench'

export function visitCounts(onVisit: () => void = () => undefined): Topology {
  const builder = new StreamsBuilder()
  builder.stream(visits).peek(onVisit).groupByKey().count({ store }).toStream().to(totals)
  return builder.build()
}

/** Counts everything that is there, in commits of the default size or of another one. */
export async function countVisits({
  dir,
  recordsPerCommit,
}: VisitOptions & { readonly recordsPerCommit?: number }): Promise<void> {
  await using log = await openLog(dir)
  const commit = recordsPerCommit === undefined ? {} : { everyMs: 60_000, everyRecords: recordsPerCommit }
  await using app = await startCounting(log, commit)
  await app.caughtUp()
}
