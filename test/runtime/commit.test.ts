// When an application commits: after so many records, or so long after the first of them, and always everything at once.
import { int64, keyValueStore, ManualClock, MillraceError, string } from 'millrace'
import { describe, expect, test } from 'vitest'
import { start, turns, until } from '../support/applications.ts'
import { engineOn } from '../support/engine.ts'
import { openTestLog, type OpenedLog } from '../support/open.ts'
import { onCommits } from '../support/sessions.ts'
import { errorOf } from '../support/thrown.ts'
import { input, output, topologyOf } from '../support/topology.ts'

const counts = keyValueStore('counts', { key: string(), value: int64() })
const copying = topologyOf((builder) => {
  const stream = builder.stream(input)
  stream.to(output)
  stream.groupByKey().count({ store: counts })
})

const records = (count: number) => Array.from({ length: count }, (_, i) => ({ key: 'a', value: `${i}`, timestamp: i }))
const outputEnd = async ({ log }: OpenedLog): Promise<number> => (await log.admin.endOffsets(output))[0] ?? -1

/** Commits of an application, by their number of output records. */
function commitsOf({ embedded }: OpenedLog): number[] {
  const sizes: number[] = []
  onCommits(embedded, ({ appends }, next) => {
    const counted = appends.flatMap(({ batches }) => batches.map((batch) => batch.readInt32BE(57)))
    sizes.push(counted.reduce((sum, count) => sum + count, 0))
    return next()
  })
  return sizes
}

describe('everyRecords', () => {
  test('commits after so many source records, and the rest when it is caught up', async () => {
    const opened = openTestLog()
    const sizes = commitsOf(opened)
    await opened.log.producer().sendMany(input, records(25))
    const app = await start(opened.log, copying, { commit: { everyRecords: 10, everyMs: 1_000_000 } })
    await app.caughtUp()
    expect(sizes).toEqual([10, 10, 5])
    expect(app.metrics().commits).toBe(3)
  })

  test('of 1 commits each record', async () => {
    const opened = openTestLog()
    const sizes = commitsOf(opened)
    await opened.log.producer().sendMany(input, records(5))
    const app = await start(opened.log, copying, { commit: { everyRecords: 1, everyMs: 1_000_000 } })
    await app.caughtUp()
    expect(sizes).toEqual([1, 1, 1, 1, 1])
  })
})

describe('everyMs', () => {
  test('commits so long after the first record of a commit, and not before', async () => {
    const opened = openTestLog()
    const clock = new ManualClock(5_000)
    const producer = opened.log.producer()
    const app = await start(opened.log, copying, { clock, commit: { everyMs: 100 } })
    await producer.sendMany(input, records(3))
    await until(() => app.metrics().lag === 0 && app.metrics().eventTime === 2)
    clock.advance(60)
    await producer.sendMany(input, records(1))
    await until(() => app.metrics().recordsPerSecond > 0 && app.metrics().lag === 0)
    clock.advance(39)
    await turns(20)
    expect(await outputEnd(opened)).toBe(0)
    expect(app.metrics().commits).toBe(0)
    clock.advance(1)
    await until(() => app.metrics().commits === 1)
    expect(await outputEnd(opened)).toBe(4)
    expect(app.store(counts).get('a')).toBe(4)
    clock.advance(1_000)
    await turns(20)
    expect(app.metrics().commits).toBe(1)
  })

  test('begins anew with the first record behind a commit', async () => {
    const opened = openTestLog()
    const clock = new ManualClock()
    const producer = opened.log.producer()
    const app = await start(opened.log, copying, { clock, commit: { everyMs: 100 } })
    await producer.sendMany(input, records(1))
    await app.caughtUp()
    clock.advance(99)
    await producer.sendMany(input, records(1))
    await until(() => app.metrics().lag === 0)
    await turns(5)
    clock.advance(99)
    await turns(20)
    expect(await outputEnd(opened)).toBe(1)
    clock.advance(1)
    await until(async () => (await outputEnd(opened)) === 2)
  })
})

test('by default what is worked on is committed although no time passes, and an application at rest commits nothing', async () => {
  const opened = openTestLog()
  const app = await start(opened.log, copying, { clock: new ManualClock() })
  for (const count of [1, 2]) {
    await opened.log.producer().sendMany(input, records(1))
    await until(async () => (await outputEnd(opened)) === count)
  }
  const { commits } = app.metrics()
  await turns(20)
  expect(app.metrics().commits).toBe(commits)
})

describe('a commit', () => {
  test('holds outputs, positions and state together', async () => {
    const { log, embedded } = openTestLog()
    await log.producer().sendMany(input, records(30))
    const app = await start(log, copying, { commit: { everyRecords: 10 } })
    const { id } = embedded.describeTopic(output.name)
    const seen: string[] = []
    const stop = embedded.onCommit(() => {
      const end = embedded.endOffset({ topic: output.name, topicId: id, partition: 0 })
      seen.push(`${end} outputs, count ${app.store(counts).get('a')}`)
    })
    await app.caughtUp()
    stop()
    expect([...new Set(seen)]).toEqual(['10 outputs, count 10', '20 outputs, count 20', '30 outputs, count 30'])
  })

  test('is not made when nothing was done', async () => {
    const opened = openTestLog()
    const sizes = commitsOf(opened)
    const app = await start(opened.log, copying)
    await app.caughtUp()
    await app.close()
    expect(sizes).toEqual([])
  })

  test('that fails keeps nothing of its records', async () => {
    const opened = openTestLog()
    const { log, embedded } = opened
    let commits = 0
    onCommits(embedded, (_, next) => {
      if (++commits === 3) throw new Error('the disk is full')
      return next()
    })
    const app = await start(log, copying, { commit: { everyRecords: 2, everyMs: 1_000_000 } })
    await log.producer().sendMany(input, records(10))
    await expect(app.stopped).rejects.toThrow('the disk is full')
    expect(await outputEnd(opened)).toBe(4)
    const again = await start(log, copying)
    await again.caughtUp()
    expect(await outputEnd(opened)).toBe(10)
    expect(again.store(counts).get('a')).toBe(10)
  })
})

test('a commit that fails ends the engine: nothing is counted twice by another try', async () => {
  const { log, embedded } = openTestLog()
  await log.producer().sendMany(input, records(3))
  const failure = new MillraceError('storage_failed', 'no disk')
  let isBroken = true
  onCommits(embedded, (_, next) => {
    if (isBroken) throw failure
    return next()
  })
  const { engine, commit } = engineOn(embedded, copying)
  engine.run(() => false)
  expect(errorOf(commit)).toBe(failure)
  isBroken = false
  expect(errorOf(commit)).toBe(failure)
  expect(errorOf(() => engine.run(() => false))).toBe(failure)
  expect(await log.admin.endOffsets(output)).toEqual([0])
})
