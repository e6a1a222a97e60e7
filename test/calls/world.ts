// Everything that can be called, open and with something in it: what hostile values are handed to.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Application,
  int64,
  type KeyValueStore,
  keyValueStore,
  type Log,
  openLog,
  type Producer,
  startStreams,
  StreamsBuilder,
  string,
  TimeWindows,
  type Topology,
  type WindowStore,
  windowStore,
} from 'millrace'
import { TopologyTestDriver } from 'millrace/testing'
import { lines } from '../support/topics.ts'

export const counts: KeyValueStore<string, number> = keyValueStore('counts', { key: string(), value: int64() })
export const perMinute: WindowStore<string, number> = windowStore('per-minute', { key: string(), value: int64() })

export interface World {
  readonly base: string
  readonly log: Log
  readonly producer: Producer
  readonly importer: Producer
  readonly topology: Topology
  readonly app: Application
  readonly driver: TopologyTestDriver
  /** A path below the base, for what would make a directory of a text; other values stay. */
  readonly below: (value: unknown) => unknown
  readonly close: () => Promise<void>
}

export function topologyOfCounts(): Topology {
  const builder = new StreamsBuilder()
  const grouped = builder.stream(lines).groupByKey()
  grouped.count({ store: counts })
  grouped.windowedBy(TimeWindows.of({ size: 60_000 })).count({ store: perMinute, name: 'per-minute' })
  return builder.build()
}

export async function openWorld(): Promise<World> {
  const base = mkdtempSync(join(tmpdir(), 'millrace-test-'))
  const log = await openLog(join(base, 'log'), { maintenance: false })
  const producer = log.producer()
  await producer.sendMany(
    lines,
    [0, 1, 2].map((timestamp) => ({ key: 'a', value: String(timestamp), timestamp })),
  )
  await log.admin.resetOffsets('readers', { to: 'earliest', topics: [lines] })
  const topology = topologyOfCounts()
  const app = await startStreams(topology, { log, applicationId: 'app', onError: 'skip' })
  await app.caughtUp()
  const driver = new TopologyTestDriver(topology, { onError: 'skip' })
  driver.inputTopic(lines).pipeInput({ key: 'a', value: 'b', timestamp: 0 })
  return {
    base,
    log,
    producer,
    importer: log.producer({ transactionalId: 'importer' }),
    topology,
    app,
    driver,
    below: (value) => (typeof value === 'string' && value !== '' ? `${base}/made/${value}` : value),
    close: async () => {
      driver.close()
      await app.close()
      await log.close()
      rmSync(base, { recursive: true, force: true })
    },
  }
}
