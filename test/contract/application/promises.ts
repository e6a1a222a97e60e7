// What a log promises to applications, by name: nothing lost, nothing doubled, and one instance that may commit.
import { int64, keyValueStore, ManualClock, string, TimeWindows, topic } from 'millrace'
import { expect } from 'vitest'
import type { ApplicationStart, Session } from '../../../src/log/contract.ts'
import { type ApplicationClient, type ApplicationCluster, connect } from '../../support/application-clusters.ts'
import { start, until } from '../../support/applications.ts'
import { buildBatch } from '../../support/batches.ts'
import { rejectionOf } from '../../support/thrown.ts'
import { topologyOf } from '../../support/topology.ts'

const lines = topic('lines', { key: string(), value: string(), partitions: 2 })
const more = topic('more', { key: string(), value: string() })
const copies = topic('copies', { key: string(), value: string(), partitions: 2 })
const counts = keyValueStore('counts', { key: string(), value: int64() })

const counting = topologyOf((builder) => {
  const stream = builder.stream(lines)
  stream.to(copies)
  stream.groupByKey().count({ store: counts })
})
const extended = topologyOf((builder) => {
  const stream = builder.stream(lines)
  stream.to(copies)
  stream.groupByKey().count({ store: counts })
  builder.stream(more).to(copies)
})
const uncounted = topologyOf((builder) => builder.stream(lines).to(copies))

const hex = (text: string): string => Buffer.from(text).toString('hex')
const rarely = { everyMs: 1_000_000, everyRecords: 1_000_000 }

/** Writes numbered values under one key into one partition, a batch for each three. */
function send(cluster: ApplicationCluster, from: number, to: number, into: typeof lines = lines): void {
  for (let at = from; at < to; at += 3) {
    const values = Array.from({ length: Math.min(3, to - at) }, (_, i) => at + i)
    const records = values.map((n) => ({ timestamp: n, key: hex('k'), value: hex(`${n}`), headers: [] }))
    cluster.append(into, 0, buildBatch(records))
  }
}

/** The values of everything that was copied, in order. */
function copied(cluster: ApplicationCluster): number[] {
  const found = Object.values(cluster.linesOf(['copies'])).flat()
  return found.map((line) => Number(Buffer.from(line.split(' ')[3] ?? '', 'hex').toString())).toSorted((a, b) => a - b)
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n)

/** Works off what is there, and says what was counted. */
async function run(client: ApplicationClient, topology = counting, everyRecords = 4): Promise<object> {
  const app = await start(client.log, topology, { commit: { everyMs: 1_000_000, everyRecords } })
  await app.caughtUp()
  const { consumed, produced } = app.metrics()
  const count = app.store(counts).get('k')
  await app.close()
  return { consumed, produced, count }
}

export type ApplicationPromises = Readonly<Record<string, (cluster: ApplicationCluster) => Promise<void>>>

export const promises: ApplicationPromises = {
  'over restarts nothing is lost and nothing doubled': async (cluster) => {
    for (let round = 0; round < 4; round++) {
      send(cluster, 7 * round, 7 * round + 7)
      const count = 7 * round + 7
      const expected = { consumed: { lines: count }, produced: { copies: count }, count }
      expect(await run(connect(cluster))).toEqual(expected)
    }
    expect(copied(cluster)).toEqual(upTo(28))
  },

  'a commit that is lost is done again, and one whose answer is lost is not': async (cluster) => {
    send(cluster, 0, 30)
    for (const failing of ['lost', 'unheard', 'lost', 'unheard', 'unheard'] as const) {
      const client = connect(cluster)
      client.failing = failing
      const app = await start(client.log, counting, { commit: { everyMs: 1_000_000, everyRecords: 5 } })
      expect((await rejectionOf(app.stopped)).message).toBe(`the commit is ${failing}`)
      expect([app.state, client.commits.length]).toEqual(['failed', 1])
    }
    expect(copied(cluster)).toEqual(upTo(15))
    expect(await run(connect(cluster))).toEqual({ consumed: { lines: 30 }, produced: { copies: 30 }, count: 30 })
    expect(copied(cluster)).toEqual(upTo(30))
  },

  'an older instance is fenced with its work undone': async (cluster) => {
    send(cluster, 0, 10)
    const older = await start(connect(cluster).log, counting, { commit: rarely, clock: new ManualClock() })
    await until(() => older.metrics().lag === 0 && older.metrics().eventTime === 9)
    const newer = await start(connect(cluster).log, counting)
    expect(await rejectionOf(older.stopped)).toMatchObject({ code: 'fenced' })
    await newer.caughtUp()
    expect([copied(cluster), newer.store(counts).get('k')]).toEqual([upTo(10), 10])
  },

  'a commit of an older instance is refused as a whole, whatever the instance knows': async (cluster) => {
    const begin = (): ApplicationStart => ({ plan: '{}', positions: [], progress: [], stores: ['s'] })
    const open = async (): Promise<Session> =>
      (await cluster.connect().open({ applicationId: 'app' }, [copies], begin)).session
    const older = await open()
    const newer = await open()
    const id = newer.storeId('s') ?? -1
    const commitBy = async (session: Session, who: string): Promise<void> => {
      const { id: topicId = -1 } = session.findTopic('copies') ?? {}
      const batch = buildBatch([{ timestamp: 1, key: hex('k'), value: hex('1'), headers: [] }])
      const task = { subTopology: 'lines', partition: 0 }
      return session.commit({
        tasks: [{ task, positions: [], progress: Buffer.from(JSON.stringify(who)) }],
        newTopics: [{ name: `by-${who}` }],
        appends: [{ partition: { topic: 'copies', topicId, partition: 0 }, batches: [batch] }],
        writeState: (writer) => writer.put(id, 0, Buffer.from('row'), Buffer.from(who)),
      })
    }
    expect(await rejectionOf(commitBy(older, 'older'))).toMatchObject({ code: 'fenced' })
    await commitBy(newer, 'newer')
    expect(await rejectionOf(commitBy(older, 'older'))).toMatchObject({ code: 'fenced' })
    newer.refresh()
    expect([older.isFenced, newer.isFenced]).toEqual([true, false])
    expect(newer.state.get(id, 0, Buffer.from('row'))?.toString()).toBe('newer')
    expect([copied(cluster), cluster.batchesOf('by-older')]).toEqual([[1], []])
  },

  'an older instance is fenced while it is idle': async (cluster) => {
    send(cluster, 0, 1)
    const older = await start(connect(cluster).log, counting)
    await older.caughtUp()
    const newer = await start(connect(cluster).log, counting)
    expect(await rejectionOf(older.stopped)).toMatchObject({ code: 'fenced' })
    expect([older.state, newer.state]).toEqual(['failed', 'running'])
  },

  'of instances that start one after the other, the last one has all': async (cluster) => {
    const apps = []
    for (let i = 0; i < 5; i++) {
      send(cluster, 3 * i, 3 * i + 3)
      apps.push(await start(connect(cluster).log, counting, { commit: { everyRecords: 2 } }))
    }
    const last = apps.at(-1)
    await last?.caughtUp()
    for (const app of apps.slice(0, -1)) expect(await rejectionOf(app.stopped)).toMatchObject({ code: 'fenced' })
    expect([copied(cluster), last?.store(counts).get('k')]).toEqual([upTo(15), 15])
  },

  'a start that is refused changes nothing, and the instance before goes on': async (cluster) => {
    send(cluster, 0, 3)
    const app = await start(connect(cluster).log, counting)
    await app.caughtUp()
    const other = topologyOf((builder) =>
      builder.stream(topic('unwanted', { key: string(), value: string() })).to(copies),
    )
    for (const refused of [uncounted, other]) {
      expect(await rejectionOf(start(connect(cluster).log, refused))).toMatchObject({ code: 'plan_changed' })
    }
    send(cluster, 3, 6)
    await app.caughtUp()
    expect([app.state, copied(cluster), cluster.batchesOf('unwanted')]).toEqual(['running', upTo(6), []])
  },

  'a plan that is extended goes on where it was, and reads what is new from its beginning': async (cluster) => {
    send(cluster, 0, 5)
    await run(connect(cluster))
    send(cluster, 5, 8)
    send(cluster, 8, 12, more)
    expect(await run(connect(cluster), extended)).toEqual({
      consumed: { lines: 8, more: 4 },
      produced: { copies: 12 },
      count: 8,
    })
    expect(copied(cluster)).toEqual(upTo(12))
  },

  'stream times are kept: what was late is late after a restart': async (cluster) => {
    const windowed = topologyOf((builder) =>
      builder
        .stream(lines)
        .groupByKey()
        .windowedBy(TimeWindows.of({ size: 10, grace: 0 }))
        .count({ name: 'windowed' }),
    )
    send(cluster, 30, 31)
    for (const late of [1, 2, 3]) {
      const app = await start(connect(cluster).log, windowed)
      await app.caughtUp()
      await app.close()
      send(cluster, 5, 6)
      const again = await start(connect(cluster).log, windowed)
      await again.caughtUp()
      expect(again.metrics()).toMatchObject({ dropped: { windowed: { late } }, streamTimes: { 'windowed/0': 30 } })
      await again.close()
    }
  },

  'dead letters are in the commit of their records, which creates their topic': async (cluster) => {
    send(cluster, 0, 6)
    const failing = topologyOf((builder) =>
      builder.stream(lines).foreach(({ value }) => {
        if (Number(value) % 2 === 1) throw new Error('odd')
      }),
    )
    const client = connect(cluster)
    client.failing = 'lost'
    const app = await start(client.log, failing, { onError: 'deadLetter' })
    await rejectionOf(app.stopped)
    expect(cluster.batchesOf('app.dead-letters')).toEqual([])
    for (let round = 1; round <= 2; round++) {
      const again = await start(connect(cluster).log, failing, { onError: 'deadLetter' })
      await again.caughtUp()
      expect(again.metrics().produced).toEqual({ 'app.dead-letters': 3 * round })
      await again.close()
      expect(Object.values(cluster.linesOf(['app.dead-letters'])).flat()).toHaveLength(3 * round)
      send(cluster, 0, 6)
    }
  },

  'queries see the last commit, and nothing after it': async (cluster) => {
    send(cluster, 0, 6)
    const app = await start(connect(cluster).log, counting, { commit: rarely, clock: new ManualClock() })
    await until(() => app.metrics().lag === 0 && app.metrics().eventTime === 5)
    expect(app.store(counts).get('k')).toBeUndefined()
    await app.caughtUp()
    expect([...app.store(counts).range()]).toMatchObject([{ key: 'k', value: 6 }])
    await app.close()
    expect(app.store(counts).get('k')).toBe(6)
  },
}
