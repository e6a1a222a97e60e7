// Operators that are dropped from an application that does not run leave it as a start that drops them does, and nothing else changes.
import {
  int64,
  keyValueStore,
  type Log,
  type StreamsBuilder,
  string,
  TimeWindows,
  topic,
  type Topology,
  windowStore,
} from 'millrace'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ManualClock } from '../../../src/core/clock.ts'
import { start } from '../../support/applications.ts'
import { openDurableLog, type OpenedLog, openTestLog } from '../../support/open.ts'
import { startProgram } from '../../support/program.ts'
import { rejectionOf } from '../../support/thrown.ts'
import { input, topologyOf } from '../../support/topology.ts'

const other = topic('other', { key: string(), value: string() })
const serdes = { key: string(), value: int64() }
const perKey = keyValueStore('per-key', serdes)
const perValue = keyValueStore('per-value', serdes)
const perWindow = windowStore('per-window', serdes)
const seen = keyValueStore('seen', serdes)

/** Parts of a topology that keep something, each with the operators that are its own. */
const parts = {
  keys: {
    operators: ['keys'],
    build: (builder: StreamsBuilder) => builder.stream(input).groupByKey().count({ store: perKey, name: 'keys' }),
  },
  values: {
    operators: ['by-value', 'values'],
    build: (builder: StreamsBuilder) =>
      builder
        .stream(input)
        .groupBy(({ value }) => value, { key: string(), name: 'by-value' })
        .count({ store: perValue, name: 'values' }),
  },
  windows: {
    operators: ['windows'],
    build: (builder: StreamsBuilder) =>
      builder
        .stream(input)
        .groupByKey()
        .windowedBy(TimeWindows.of({ size: 10 }))
        .count({ store: perWindow, name: 'windows' }),
  },
  once: {
    operators: ['once'],
    build: (builder: StreamsBuilder) =>
      builder.stream(input).distinct({ id: ({ value }) => value, within: 100, name: 'once' }),
  },
  // These two share a store.
  first: { operators: ['first'], build: (builder: StreamsBuilder) => countSeen(builder, 'first') },
  second: { operators: ['second'], build: (builder: StreamsBuilder) => countSeen(builder, 'second') },
} as const

type Part = keyof typeof parts

function countSeen(builder: StreamsBuilder, name: string): void {
  builder.stream(input).process<string, string>(
    (context) => ({
      process({ key }) {
        const store = context.store(seen)
        store.put(key, (store.get(key) ?? 0) + 1)
      },
    }),
    { stores: [seen], name },
  )
}

/** The parts in the order of the table, over an input that is always read. */
function topologyWith(names: readonly Part[]): Topology {
  return topologyOf((builder) => {
    builder.stream(input).filter(() => true)
    for (const name of Object.keys(parts) as Part[]) if (names.includes(name)) parts[name].build(builder)
  })
}

/** Runs until it has caught up; windows of 5 are late. */
async function run(log: Log, topology: Topology, drop: readonly string[] = []): Promise<void> {
  await log.producer().sendMany(
    input,
    [100, 5, 101].map((timestamp) => ({ key: 'a', value: 'x', timestamp })),
  )
  const app = await start(log, topology, { drop })
  await app.caughtUp()
  await app.close()
}

/** All that is kept of the application, but who runs it and since when; ids of stores by their names. */
async function keptIn({ log, embedded }: OpenedLog) {
  await log.admin.runMaintenance()
  const { applications, positions } = embedded
  const names = applications.storeNames('app')
  const { epoch: _, startedMs: __, ...row } = applications.find('app') ?? {}
  return {
    row,
    plan: JSON.parse(applications.plan('app') ?? '') as unknown,
    progress: applications.progress('app').map(({ task, progress }) => [task, JSON.parse(String(progress))]),
    positions: positions.list('app').map(({ topicId, partition, offset }) => [topicId, partition, offset]),
    stores: names.map((name) => {
      const id = applications.idOf('app', name) ?? -1
      return [name, embedded.state.range(id, 0, Buffer.alloc(0), undefined, 100).map(String)]
    }),
    problems: (await log.admin.verify({ deep: true })).problems,
  }
}

const opened = (): OpenedLog => openTestLog(undefined, { clock: new ManualClock(1_000) })

describe('operators that are dropped from outside', () => {
  test('leave what a start that drops them leaves, whichever they are', async () => {
    const all = Object.keys(parts) as Part[]
    const some = fc.tuple(fc.subarray(all, { minLength: 1 }), fc.subarray(all))
    await fc.assert(
      fc.asyncProperty(some, async ([before, keep]) => {
        const after = before.filter((name) => keep.includes(name))
        const drop = before.filter((name) => !after.includes(name)).flatMap((name) => parts[name].operators)
        const [outside, inside] = [opened(), opened()]
        for (const { log } of [outside, inside]) await run(log, topologyWith(before))
        if (drop.length > 0) await outside.log.admin.dropOperators('app', drop)
        await run(outside.log, topologyWith(after))
        await run(inside.log, topologyWith(after), drop)
        expect(await keptIn(outside)).toEqual(await keptIn(inside))
      }),
      { numRuns: 12 },
    )
  })

  test('are not there before the next start either, and nothing else has changed', async () => {
    const one = opened()
    const { log } = one
    await run(log, topologyWith(['keys', 'windows']))
    const before = await keptIn(one)
    const planned = await log.admin.dropOperators('app', ['windows'], { dryRun: true })
    expect(planned).toEqual({
      applicationId: 'app',
      version: 'v1',
      operators: [{ id: 'windows', verb: 'count' }],
      stores: [{ name: 'per-window', rows: 1, bytes: expect.any(Number) as number, readBy: [] }],
    })
    expect(await keptIn(one)).toEqual(before)
    expect(await log.admin.dropOperators('app', ['windows'])).toEqual(planned)
    const after = await keptIn(one)
    expect({ row: after.row, positions: after.positions }).toEqual({ row: before.row, positions: before.positions })
    expect(after.stores).toEqual(before.stores.filter(([name]) => name === 'per-key'))
    const { operators, dropped, streamTimes } = await log.admin.describeApplication('app')
    expect([Object.keys(operators).toSorted(), dropped, streamTimes]).toEqual([['input', 'keys'], {}, {}])
    expect(() => log.store('app', perWindow).fetch('a', { from: 0 })).toThrow(
      expect.objectContaining({ code: 'store_unknown' }),
    )
    expect(log.store('app', perKey).get('a')).toBe(3)
  })

  test('begin empty where the code still has them', async () => {
    const { log } = opened()
    await run(log, topologyWith(['keys', 'values']))
    await log.admin.dropOperators('app', ['keys'])
    await run(log, topologyWith(['keys', 'values']))
    expect([log.store('app', perKey).get('a'), log.store('app', perValue).get('x')]).toEqual([3, 6])
  })

  test('leave a store that processors share to the first one that stays, until the last goes', async () => {
    const { log } = opened()
    await run(log, topologyWith(['first', 'second']))
    await log.admin.dropOperators('app', ['first'])
    const [store] = (await log.admin.describeApplication('app')).stores
    expect(store).toMatchObject({ name: 'seen', owner: 'second', rows: 1 })
    await run(log, topologyWith(['second']))
    expect(log.store('app', seen).get('a')).toBe(9)
    await log.admin.dropOperators('app', ['second'])
    expect((await log.admin.describeApplication('app')).stores).toEqual([])
  })

  test('say who stays and has read a store that goes', async () => {
    const { log } = opened()
    const joined = topologyOf((builder) => {
      const table = builder.table(other, { name: 'table' })
      builder.stream(input).join(table, (value) => value, { name: 'joined' })
    })
    await (await start(log, joined)).close()
    const { stores } = await log.admin.dropOperators('app', ['table'], { dryRun: true })
    expect(stores).toMatchObject([{ rows: 0, readBy: ['joined'] }])
  })
})

describe('operators are not dropped', () => {
  test('while the application runs: the message says where', async () => {
    const { log } = opened()
    const app = await start(log, topologyWith(['keys']))
    for (const dryRun of [true, false]) {
      expect(await rejectionOf(log.admin.dropOperators('app', ['keys'], { dryRun }))).toMatchObject({
        code: 'application_running',
        message: expect.stringContaining(`process ${process.pid}`) as string,
      })
    }
    await app.caughtUp()
  })

  test('that are not stored: the message has the one that was probably meant, or all', async () => {
    const one = opened()
    await run(one.log, topologyWith(['keys', 'windows']))
    const before = await keptIn(one)
    const refused = async (id: string) => rejectionOf(one.log.admin.dropOperators('app', ['keys', id]))
    expect(await refused('windosw')).toMatchObject({
      code: 'operator_unknown',
      operator: 'windosw',
      message: expect.stringContaining('did you mean "windows"?') as string,
    })
    expect((await refused('nothing-like-it')).message).toContain('it has "input", "keys", "windows"')
    expect(await rejectionOf(one.log.admin.dropOperators('ap', ['keys']))).toMatchObject({
      code: 'application_unknown',
    })
    expect(await keptIn(one)).toEqual(before)
  })

  test('that brought the keys of a store that stays, unless others did too', async () => {
    const { log } = opened()
    await run(log, topologyWith(['keys', 'values']))
    expect(await rejectionOf(log.admin.dropOperators('app', ['by-value']))).toMatchObject({
      code: 'plan_changed',
      store: 'per-value',
      message: expect.stringContaining('Drop "values" too') as string,
    })
    await log.admin.dropOperators('app', ['by-value', 'values'])
    const merged = topologyOf((builder) => {
      const merged = builder.stream(input, { name: 'from-input' }).merge(builder.stream(other, { name: 'from-other' }))
      merged.groupByKey().count({ store: perValue, name: 'both' })
    })
    await (await start(log, merged, { applicationId: 'merged' })).close()
    await log.admin.dropOperators('merged', ['from-other'])
    expect(await rejectionOf(log.admin.dropOperators('merged', ['from-input']))).toMatchObject({ code: 'plan_changed' })
  })
})

test('a process that is killed after any commit of it has dropped them, and leaves the rest to the maintenance', async () => {
  for (const commits of [1, 2]) {
    const one = openDurableLog(undefined, { clock: new ManualClock(1_000) })
    const { log, dir } = one
    await run(log, topologyWith(['keys', 'values']))
    const program = startProgram('retire-application', [dir, 'drop', 'by-value', 'values'])
    expect(await program.line()).toBe('open')
    program.say('go')
    for (let at = 0; at < commits; at++) expect(await program.line()).toBe('commit')
    program.kill()
    await program.exited
    await run(log, topologyWith(['keys']))
    expect((await keptIn(one)).stores.map(([name]) => name)).toEqual(['per-key'])
    expect(log.store('app', perKey).get('a')).toBe(6)
  }
})
