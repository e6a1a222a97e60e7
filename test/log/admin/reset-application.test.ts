// A reset application starts over where it is told to, with nothing of what it knew: all of that in one step.
import { int64, keyValueStore, type Log, string, topic, type Topology } from 'millrace'
import { describe, expect, test } from 'vitest'
import { ManualClock } from '../../../src/core/clock.ts'
import { start } from '../../support/applications.ts'
import { collect } from '../../support/collect.ts'
import { openDurableLog, type OpenedLog, openTestLog } from '../../support/open.ts'
import { startProgram } from '../../support/program.ts'
import { errorOf, rejectionOf } from '../../support/thrown.ts'
import { topologyOf } from '../../support/topology.ts'
import { lines, words } from '../../support/topics.ts'

const counts = keyValueStore('counts', { key: string(), value: int64() })
const byValue = keyValueStore('by-value', { key: string(), value: int64() })
const counted = topic('counted', { key: string(), value: int64() })

/** Counts lines by key, and writes the counts. */
const counting: Topology = topologyOf((builder) => {
  builder.stream(lines).groupByKey().count({ store: counts }).toStream().to(counted)
})

/** Another plan: it keeps another store, by other keys. */
const changed: Topology = topologyOf((builder) => {
  builder
    .stream(lines)
    .groupBy(({ value }) => value, { key: string() })
    .count({ store: byValue })
})

/** Ten lines, a second apart from 0 on, of five keys, counted by an application that has stopped; it is 20 s. */
async function worked(open: typeof openTestLog = openTestLog): Promise<OpenedLog> {
  const opened = open(undefined, { clock: new ManualClock(20_000) })
  await opened.log.producer().sendMany(
    lines,
    Array.from({ length: 10 }, (_, at) => ({ key: `${at % 5}`, value: 'line', timestamp: at * 1_000 })),
  )
  await run(opened.log)
  return opened
}

/** Runs an application until it has caught up; returns what it has counted. */
async function run(log: Log, topology: Topology = counting): Promise<Readonly<Record<string, number>>> {
  const app = await start(log, topology)
  await app.caughtUp()
  const rows = [...app.store(topology === counting ? counts : byValue).range()]
  await app.close()
  return Object.fromEntries(rows.map(({ key, value }) => [key, value]))
}

const twice = { 0: 2, 1: 2, 2: 2, 3: 2, 4: 2 }
const once = { 0: 1, 1: 1, 2: 1, 3: 1, 4: 1 }

describe('a reset', () => {
  test('empties stores, counters and stream times, and moves positions; the next start counts once', async () => {
    const { log } = await worked()
    await log.admin.resetApplication('app', { to: 'beginning' })
    expect(await log.admin.describeApplication('app')).toMatchObject({
      state: 'stopped',
      lag: 10,
      positions: [{ topic: 'lines', partition: 0, offset: 0 }],
      stores: [{ name: 'counts', rows: 0 }],
      consumed: {},
      produced: {},
      eventTime: -1,
      streamTimes: {},
    })
    expect(log.store('app', counts).get('0')).toBeUndefined()
    expect(await run(log)).toEqual(twice)
    expect(await log.admin.describeApplication('app')).toMatchObject({ consumed: { lines: 10 }, lag: 0 })
    expect((await log.admin.verify()).problems).toEqual([])
  })

  test.each([
    ['a time', { time: 5_000 }, 5],
    ['an age', { ago: 15_000 }, 5],
    ['offsets', [{ topic: 'lines', partition: 0, offset: 5 }], 5],
    ['offsets by topic', { offsets: { lines: [5] } }, 5],
    ['offsets that do not name its topic', { offsets: {} }, 0],
    ['a time after the last record', { time: 50_000 }, 10],
    ['offsets past the end', [{ topic: 'lines', partition: 0, offset: 99 }], 10],
  ])('to %s begins there', async (_, to, offset) => {
    const { log } = await worked()
    const planned = await log.admin.resetApplication('app', { to, dryRun: true })
    expect(planned.positions).toEqual([{ topic: 'lines', partition: 0, before: 10, after: offset }])
    expect(planned.stores).toMatchObject([{ name: 'counts', rows: 5 }])
    expect(await log.admin.lag('app')).toMatchObject([{ offset: 10 }])
    expect(await log.admin.resetApplication('app', { to })).toEqual(planned)
    expect(await run(log)).toEqual({ 0: twice, 5: once, 10: {} }[offset])
  })

  test('takes what describeApplication says of positions as a place to go back to', async () => {
    const { log } = await worked()
    const { positions } = await log.admin.describeApplication('app')
    await log.producer().send(lines, { key: '0', value: 'line', timestamp: 30_000 })
    expect(await run(log)).toEqual({ ...twice, 0: 3 })
    await log.admin.resetApplication('app', { to: positions })
    expect(await run(log)).toEqual({ 0: 1 })
  })

  test('lets the next start have another topology, and what only the old one had goes', async () => {
    const { log } = await worked()
    expect(await rejectionOf(start(log, changed))).toMatchObject({ code: 'plan_changed' })
    await log.admin.resetApplication('app', { to: 'beginning' })
    expect(await run(log, changed)).toEqual({ line: 10 })
    const { stores } = await log.admin.describeApplication('app')
    expect(stores.map(({ name, rows }) => `${name} ${rows}`)).toEqual(['by-value 1'])
    await log.admin.runMaintenance()
    expect((await log.admin.verify()).problems).toEqual([])
  })

  test('goes on with a topic that was deleted and created again', async () => {
    const { log } = await worked()
    await log.admin.deleteTopic(lines)
    await log.producer().send(lines, { key: 'new', value: 'line', timestamp: 0 })
    expect(await rejectionOf(start(log, counting))).toMatchObject({
      code: 'position_lost',
      message: expect.stringContaining('resetApplication'),
    })
    await log.admin.resetApplication('app', { to: 'beginning' })
    expect(await run(log)).toEqual({ new: 1 })
  })

  test('frees topics from keeping their partitions', async () => {
    const { log } = await worked()
    expect(await rejectionOf(log.admin.addPartitions('lines', 2))).toMatchObject({ code: 'partitions_differ' })
    await log.admin.resetApplication('app', { to: 'beginning' })
    expect((await log.admin.addPartitions('lines', 2)).partitions).toBe(2)
  })

  test('leaves an empty store to those who hold one, and ends the instance before for good', async () => {
    const { log } = await worked()
    const here = await start(log, counting)
    await here.caughtUp()
    await here.close()
    const store = log.store('app', counts)
    expect(store.get('0')).toBe(2)
    await log.admin.resetApplication('app', { to: 'beginning' })
    expect(store.get('0')).toBeUndefined()
    expect(errorOf(() => here.store(counts).get('0'))).toMatchObject({ code: 'application_reset' })
  })
})

describe('the outputs of a reset application', () => {
  test('are kept, so that it writes after them, or emptied in the same step', async () => {
    const { log } = await worked()
    await log.admin.resetApplication('app', { to: 'beginning' })
    await run(log)
    expect(await collect(log.read(counted))).toHaveLength(20)
    const reset = await log.admin.resetApplication('app', { to: 'beginning', outputs: 'empty' })
    expect(reset.outputs).toMatchObject([{ topic: 'counted', records: 20, isTaken: true }])
    expect(await collect(log.read(counted))).toEqual([])
    await run(log)
    expect((await collect(log.read(counted))).map(({ offset }) => offset)).toEqual([
      20, 21, 22, 23, 24, 25, 26, 27, 28, 29,
    ])
    expect((await log.admin.verify({ deep: true })).problems).toEqual([])
  })
})

describe('a reset is refused', () => {
  test('while the application runs, naming who runs it', async () => {
    const { log, dir } = openTestLog()
    const program = startProgram('count-words', [dir])
    expect(await program.line()).toBe('started')
    const [listed] = await log.admin.applications()
    expect(await rejectionOf(log.admin.resetApplication('app', { to: 'beginning' }))).toMatchObject({
      code: 'application_running',
      message: expect.stringContaining(`process ${listed?.instance?.pid}`),
    })
    program.kill()
    await program.exited
    await log.admin.resetApplication('app', { to: 'beginning' })
  })

  test.each<[string, unknown]>([
    ['the end', 'end'],
    ['two fields', { time: 0, ago: 0 }],
    ['a time before 1970', { time: -1 }],
    ['nothing', undefined],
    ['no partition', []],
    ['a partition that it does not read', [{ topic: 'lines', partition: 1, offset: 0 }]],
    ['no offset', [{ topic: 'lines', partition: 0 }]],
    ['a number', [5]],
    ['offsets in a topic that it does not read', { offsets: { words: [0] } }],
    ['offsets that are none', { offsets: { lines: ['5'] } }],
    ['too many offsets', { offsets: { lines: [0, 0] } }],
  ])('for a place that is none: %s', async (_, to) => {
    const { log } = await worked()
    expect(await rejectionOf(log.admin.resetApplication('app', { to } as { to: 'beginning' }))).toMatchObject({
      code: 'bad_option',
    })
    expect(await log.admin.lag('app')).toMatchObject([{ offset: 10 }])
  })

  test('for an application that there is not', async () => {
    const { log } = await worked()
    expect(await rejectionOf(log.admin.resetApplication('pap', { to: 'beginning' }))).toMatchObject({
      code: 'application_unknown',
    })
  })
})

test.each([1, 2])('a reset that is killed after %i commits is whole, or was not begun', async (after) => {
  const { log, dir } = openDurableLog()
  await log.producer().sendMany(
    words,
    Array.from({ length: 2_000 }, (_, at) => ({ key: `${at}`, value: 'word', timestamp: at })),
  )
  const topology = topologyOf((builder) => builder.stream(words).groupByKey().count({ store: counts }))
  const app = await start(log, topology)
  await app.caughtUp()
  await app.close()
  const program = startProgram('retire-application', [dir, 'reset'])
  expect(await program.line()).toBe('open')
  program.say('go')
  for (let i = 0; i < after; i++) await program.line()
  program.kill()
  await program.exited
  expect((await log.admin.verify()).problems).toEqual([])
  const { lag, stores, consumed } = await log.admin.describeApplication('app')
  expect([0, 2_000]).toContain(lag)
  expect(stores).toMatchObject([{ rows: 2_000 - lag }])
  expect(consumed).toEqual(lag === 0 ? { words: 2_000 } : {})
  await log.admin.runMaintenance()
  const again = await start(log, topology)
  await again.caughtUp()
  expect(again.metrics().consumed).toEqual({ words: 2_000 })
  expect((await log.admin.verify()).problems).toEqual([])
})
