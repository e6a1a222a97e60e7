// On a log that is slow at its edges: one commit, then the next turn; and what has yet to be fetched keeps its place.
import { int64, keyValueStore, ManualClock, string, topic } from 'millrace'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type ApplicationClient, type ApplicationCluster, clusterOf, connect } from '../support/application-clusters.ts'
import { start, turns, until } from '../support/applications.ts'
import { buildBatch } from '../support/batches.ts'
import { MemoryLog } from '../support/memory-log.ts'
import { rejectionOf } from '../support/thrown.ts'
import { topologyOf } from '../support/topology.ts'

const lines = topic('lines', { key: string(), value: string(), partitions: 3 })
const counts = keyValueStore('counts', { key: string(), value: int64() })

const hex = (text: string): string => Buffer.from(text).toString('hex')

interface World {
  readonly log: MemoryLog
  readonly cluster: ApplicationCluster
  readonly client: ApplicationClient
  /** The values that the application has worked on, in order. */
  readonly seen: string[]
  readonly topology: ReturnType<typeof topologyOf>
}

function world(seed: number = 1): World {
  const log = new MemoryLog(seed)
  onTestFinished(() => log.release())
  const cluster = clusterOf(log)
  const seen: string[] = []
  const topology = topologyOf((builder) =>
    builder
      .stream(lines)
      .peek(({ value }) => seen.push(value))
      .groupByKey()
      .count({ store: counts }),
  )
  return { log, cluster, client: connect(cluster), seen, topology }
}

function send(cluster: ApplicationCluster, partition: number, timestamp: number, value: string): void {
  cluster.append(lines, partition, buildBatch([{ timestamp, key: hex('k'), value: hex(value), headers: [] }]))
}

describe('while a commit is in flight', () => {
  test('no turn is taken, and the next one sees what was committed', async () => {
    const { log, cluster, client, seen, topology } = world()
    send(cluster, 0, 1, 'a')
    const app = await start(client.log, topology, { commit: { everyRecords: 1 } })
    await until(() => seen.length === 1)
    log.hold()
    await turns(5)
    expect(client.commits).toHaveLength(1)
    send(cluster, 0, 2, 'b')
    await turns(20)
    expect(seen).toEqual(['a'])
    expect([app.store(counts).get('k'), app.metrics().commits]).toEqual([undefined, 0])
    log.release()
    await app.caughtUp()
    expect(seen).toEqual(['a', 'b'])
    expect([app.store(counts).get('k'), app.metrics().commits]).toEqual([2, 2])
  })

  test('close waits for it, and caughtUp does', async () => {
    const { log, cluster, client, seen, topology } = world()
    send(cluster, 0, 1, 'a')
    const app = await start(client.log, topology, { commit: { everyRecords: 1 } })
    await until(() => seen.length === 1)
    log.hold()
    await turns(5)
    const settled: string[] = []
    const caughtUp = app.caughtUp().then(() => settled.push('caught up'))
    const closed = app.close().then(() => settled.push('closed'))
    await turns(20)
    expect([settled, app.state]).toEqual([[], 'closing'])
    log.release()
    await Promise.all([caughtUp, closed])
    expect(app.store(counts).get('k')).toBe(1)
  })

  test('a successor fences it: nothing of the commit is kept', async () => {
    const { log, cluster, client, seen, topology } = world()
    send(cluster, 0, 1, 'a')
    const older = await start(client.log, topology, { commit: { everyRecords: 1 } })
    await until(() => seen.length === 1)
    log.hold()
    await turns(5)
    const starting = start(connect(cluster).log, topology)
    // Whichever settles first, the record counts once.
    log.release()
    const newer = await starting
    expect(await rejectionOf(older.stopped)).toMatchObject({ code: 'fenced' })
    await newer.caughtUp()
    expect(newer.store(counts).get('k')).toBe(1)
  })

  test('the commit fails: the application stops with that error and takes no other turn', async () => {
    const { cluster, client, seen, topology } = world()
    for (let i = 1; i <= 4; i++) send(cluster, 0, i, `${i}`)
    client.failing = 'unheard'
    const app = await start(client.log, topology, { commit: { everyRecords: 2, everyMs: 1_000_000 } })
    expect(await rejectionOf(app.stopped)).toMatchObject({ code: 'storage_failed' })
    expect([seen, client.commits.length]).toEqual([['1', '2'], 1])
    expect(await rejectionOf(app.caughtUp())).toMatchObject({ code: 'storage_failed' })
    await app.close()
  })
})

test.each([1, 2, 3, 4, 5, 6])('a record that has yet to be fetched is waited for, seed %i', async (seed) => {
  const { cluster, client, seen, topology } = world(seed)
  for (let i = 0; i < 12; i++) send(cluster, i % 3, i, `${i}`)
  const app = await start(client.log, topology, { clock: new ManualClock() })
  await app.caughtUp()
  expect(seen).toEqual(Array.from({ length: 12 }, (_, i) => `${i}`))
})

test('a log whose opening is under way is not driven yet, and one that refuses is an error of the start', async () => {
  const { log, cluster, client, topology } = world()
  send(cluster, 0, 1, 'a')
  log.hold()
  let isStarted = false
  const starting = start(client.log, topology).finally(() => (isStarted = true))
  await turns(10)
  expect([isStarted, client.commits]).toEqual([false, []])
  log.release()
  await (await starting).caughtUp()
  const narrow = topologyOf((builder) =>
    builder.stream(topic('lines', { key: string(), value: string(), partitions: 2 })),
  )
  expect(await rejectionOf(start(client.log, narrow, { applicationId: 'other' }))).toMatchObject({
    code: 'partitions_differ',
  })
})
