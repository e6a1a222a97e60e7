// An application that counts, in versions that differ by how much each word counts.
import { int64, keyValueStore, type Log, nullable, replay, type Replay, string, topic, type Topology } from 'millrace'
import { onTestFinished } from 'vitest'
import { start } from './applications.ts'
import { collect } from './collect.ts'
import { openTestLog } from './open.ts'
import { topologyOf } from './topology.ts'
import { words } from './topics.ts'

export const totals = keyValueStore('totals', { key: string(), value: int64() })
export const counted = topic('counted', { key: string(), value: int64(), partitions: 2 })
export const applicationId = 'app'

/** Counts words by key; each counts this much. */
export function counting(each: number): Topology {
  return topologyOf((builder) => {
    const repeated = builder.stream(words).flatMapValues(({ value }) => Array<string>(each).fill(value))
    repeated.groupByKey().count({ store: totals, name: 'totals' }).toStream().to(counted)
  })
}

let time = 0
/** Says words, each also as its key. */
export async function say(log: Log, ...keys: string[]): Promise<void> {
  await log.producer().sendMany(
    words,
    keys.map((key) => ({ key, value: key, timestamp: ++time })),
  )
}

/** A version beside the live one, caught up. */
export async function beside(log: Log, version = 'v2', each = 10): Promise<Replay> {
  const run = await replay(counting(each), { log, applicationId, version })
  void run.stopped.catch(() => undefined) // a test that is about the failure looks at `stopped` itself
  onTestFinished(() => run.close().catch(() => undefined))
  await run.caughtUp()
  return run
}

/** A live version, and a version beside it, that have read some words. */
export async function twoVersions(...keys: string[]) {
  const { log } = openTestLog()
  await say(log, ...keys)
  const old = await start(log, counting(1))
  await old.caughtUp()
  return { log, old, v2: await beside(log) }
}

/** What the live version has counted. */
export const countOf = (log: Log, key: string): number | undefined => log.store(applicationId, totals).get(key)
/** The values of a key in the output, in their order. */
export async function written(log: Log, key: string): Promise<number[]> {
  const records = await collect(log.read(topic('counted', { key: string(), value: nullable(int64()) })))
  return records.filter((record) => record.key === key).map(({ value }) => value ?? Number.NaN)
}
