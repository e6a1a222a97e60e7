/**
 * A record that closes very many windows at once: each of them has a result, and all of these fall due together.
 */
import {
  type Application,
  int64,
  openLog,
  startStreams,
  StreamsBuilder,
  string,
  TimeWindows,
  topic,
  windowed,
} from 'millrace'
import { type CommitFigures, WatchedCommits } from '../commits.ts'
import { stateKey } from '../workload.ts'

const sizeMs = 60_000
const windows = TimeWindows.of({ size: sizeMs })
const visits = topic('visits', { key: string(), value: int64() })
const results = topic('results', { key: windowed(string(), windows), value: int64() })

export interface ReleaseOptions {
  readonly dir: string
  /** Each has one open window. */
  readonly keys: number
  readonly recordsPerCommit: number
}

/** What the release alone took; the rows are there before it. */
export interface ReleaseResult extends CommitFigures {
  readonly results: number
}

export async function release({ dir, keys, recordsPerCommit }: ReleaseOptions): Promise<ReleaseResult> {
  await using log = await openLog(dir, { maintenance: false })
  const producer = log.producer()
  for (let index = 0; index < keys;) {
    const chunk = []
    for (; chunk.length < 10_000 && index < keys; index++) {
      chunk.push({ key: stateKey(index, keys, 'scattered'), value: index, timestamp: index % sizeMs })
    }
    await producer.sendMany(visits, chunk)
  }
  const builder = new StreamsBuilder()
  const counts = builder.stream(visits).groupByKey().windowedBy(windows).emitStrategy('onWindowClose').count()
  counts.toStream().to(results)
  await using app: Application = await startStreams(builder.build(), {
    log,
    applicationId: 'release',
    commit: { everyMs: 3_600_000, everyRecords: recordsPerCommit },
  })
  await app.caughtUp()
  using commits = new WatchedCommits()
  await producer.send(visits, { key: 'the end', value: 0, timestamp: 2 * sizeMs })
  await app.caughtUp()
  const figures = commits.result()
  const { produced } = app.metrics()
  return { ...figures, results: produced['results'] ?? 0 }
}
