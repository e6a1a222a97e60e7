// What goes when an operator is dropped, what stays, and that a start which is refused changes nothing.
import {
  int64,
  json,
  keyValueStore,
  type KeyValueStore,
  string,
  TimeWindows,
  topic,
  type Topology,
  windowStore,
} from 'millrace'
import { describe, expect, test } from 'vitest'
import { start } from '../support/applications.ts'
import { type OpenedLog, openTestLog } from '../support/open.ts'
import { rejectionOf } from '../support/thrown.ts'
import { input, output, type Script, topologyOf } from '../support/topology.ts'

const perKey = keyValueStore('per-key', { key: string(), value: int64() })
const perValue = keyValueStore('per-value', { key: string(), value: int64() })
const other = topic('other', { key: string(), value: string() })

const countingKeys: Script = (builder) => builder.stream(input).groupByKey().count({ store: perKey, name: 'keys' })
const counting = topologyOf((builder) => {
  const stream = builder.stream(input)
  stream.groupByKey().count({ store: perKey, name: 'keys' })
  stream.groupBy(({ value }) => value, { key: string(), name: 'by-value' }).count({ store: perValue, name: 'values' })
})

type Options = NonNullable<Parameters<typeof start>[2]>

/** Runs a topology over one more record, and says what a store has of `key`. */
async function run(
  { log }: OpenedLog,
  topology: Topology,
  options: Options = {},
  [store, key]: readonly [KeyValueStore<string, number>, string] = [perKey, 'a'],
): Promise<number | undefined> {
  await log.producer().send(input, { key: 'a', value: 'x', timestamp: 5 })
  const app = await start(log, topology, options)
  await app.caughtUp()
  const found = app.store(store).get(key)
  await app.close()
  return found
}

/** How many rows of state and journals there are. */
function stateRows({ environment }: OpenedLog): number {
  environment.refresh()
  return (['state', 'journal', 'stores'] as const).reduce(
    (sum, database) => sum + environment.range(database, Buffer.of(0), Buffer.alloc(64, 255), 10_000).length,
    0,
  )
}

describe('an operator that is dropped', () => {
  test('goes with its store, whose rows are swept, and the others go on', async () => {
    const opened = openTestLog()
    expect(await run(opened, topologyOf(countingKeys))).toBe(1)
    const before = stateRows(opened)
    expect(await run(opened, counting)).toBe(2)
    expect(stateRows(opened)).toBeGreaterThan(before)
    expect(await rejectionOf(run(opened, topologyOf(countingKeys)))).toMatchObject({ code: 'plan_changed' })
    expect(await run(opened, topologyOf(countingKeys), { drop: ['values', 'by-value'] })).toBe(4)
    expect((await opened.log.admin.verify()).problems).toEqual([])
    await opened.log.admin.runMaintenance()
    expect((await opened.log.admin.verify()).problems).toEqual([])
    expect(opened.environment.range('stores', Buffer.of(0), Buffer.alloc(64, 255), 9)).toHaveLength(1)
    expect(() => opened.log.store('app', perValue).get('x')).toThrow(expect.objectContaining({ code: 'store_unknown' }))
  })

  test('is gone with its rows when it comes back', async () => {
    const opened = openTestLog()
    expect(await run(opened, counting, {}, [perValue, 'x'])).toBe(1)
    await run(opened, topologyOf(countingKeys), { drop: ['values', 'by-value'] })
    expect(await run(opened, counting, {}, [perValue, 'x'])).toBe(1)
  })

  test('may stay in the option: what is gone is passed over, and what fits is kept', async () => {
    const opened = openTestLog()
    await run(opened, counting)
    const drop = ['values', 'by-value', 'keys', 'never']
    for (const expected of [2, 3, 4]) expect(await run(opened, topologyOf(countingKeys), { drop })).toBe(expected)
  })

  test('takes its counters and its stream times along', async () => {
    const opened = openTestLog()
    const { log } = opened
    const late = windowStore('late', { key: string(), value: int64() })
    const windowed = topologyOf((builder) => {
      countingKeys(builder)
      builder
        .stream(other)
        .groupByKey()
        .windowedBy(TimeWindows.of({ size: 10 }))
        .count({ store: late, name: 'windows' })
    })
    const producer = log.producer()
    for (const timestamp of [100, 5]) await producer.send(other, { key: 'a', value: 'x', timestamp })
    const first = await start(log, windowed)
    await first.caughtUp()
    expect(first.metrics().dropped).toEqual({ windows: { late: 1 } })
    await first.close()
    const without = await start(log, topologyOf(countingKeys), { drop: ['windows', 'other'] })
    expect(without.metrics().dropped).toEqual({})
    await without.close()
    // The source is read from its beginning again, and nothing is late before 100.
    await producer.send(other, { key: 'a', value: 'x', timestamp: 7 })
    const again = await start(log, windowed)
    await again.caughtUp()
    expect(again.metrics().dropped).toEqual({ windows: { late: 2 } })
    expect([...again.store(late).fetch('a', { from: 0 })].map(({ value }) => value)).toEqual([1])
  })

  test('begins anew where the topology has it with another window, serde or kind', async () => {
    const sums = (value: 'json' | 'int64'): Topology => {
      const serde = value === 'json' ? json<number>() : int64()
      return topologyOf((builder) => {
        countingKeys(builder)
        builder
          .stream(input)
          .groupByKey()
          .aggregate({ initializer: () => 0, aggregator: (_key, _value, sum) => sum + 1, value: serde, name: 'sum' })
      })
    }
    const opened = openTestLog()
    await run(opened, sums('json'))
    expect(await rejectionOf(run(opened, sums('int64')))).toMatchObject({
      code: 'plan_changed',
      message: expect.stringContaining('store "sum": value was json, is int64'),
    })
    expect(await run(opened, sums('int64'), { drop: ['sum'] })).toBe(3)
    expect(await run(opened, sums('int64'), { drop: ['sum'] })).toBe(4)
  })

  test('a source that is dropped is forgotten, and one of several topics too', async () => {
    const opened = openTestLog()
    const { log } = opened
    const reading = (topics: readonly (typeof input)[]): Topology =>
      topologyOf((builder) =>
        builder.stream(topics, { name: 'in' }).groupByKey().count({ store: perKey, name: 'keys' }),
      )
    await log.producer().send(other, { key: 'a', value: 'x' })
    expect(await run(opened, reading([input, other]))).toBe(2)
    expect(await rejectionOf(run(opened, reading([input])))).toMatchObject({
      code: 'plan_changed',
      message: expect.stringContaining('"in": keys of other was string, is not there'),
    })
    // The rows are where the keys of the other topic find them.
    expect(await run(opened, reading([input]), { drop: ['in'] })).toBe(4)
    expect((await log.admin.lag('app')).map((one) => one.topic)).toEqual(['input'])
    // It is read again from its beginning.
    expect(await run(opened, reading([input, other]))).toBe(6)
  })

  test('leaves a store whose keys came by it to nobody', async () => {
    const direct = topologyOf(countingKeys)
    const regrouped = topologyOf((builder) =>
      builder.stream(input).repartition({ name: 'moved' }).groupByKey().count({ store: perKey, name: 'keys' }),
    )
    const opened = openTestLog()
    await run(opened, regrouped)
    expect(await rejectionOf(run(opened, direct, { drop: ['moved'] }))).toMatchObject({
      code: 'plan_changed',
      message: expect.stringContaining('came to their partitions by "moved", and come by "input"'),
    })
    expect(await run(opened, direct, { drop: ['moved', 'keys'] })).toBe(2)
  })
})

test('a store that processors share goes with the last of them', async () => {
  const seen = keyValueStore('seen', { key: string(), value: int64() })
  const counter = (name: string): Script => {
    return (builder) =>
      builder.stream(name === 'one' ? input : other).process<string, string>(
        (context) => ({
          process({ key }) {
            const store = context.store(seen)
            store.put(key, (store.get(key) ?? 0) + 1)
          },
        }),
        { stores: [seen], name },
      )
  }
  const both = topologyOf((builder) => {
    counter('one')(builder)
    counter('two')(builder)
  })
  const opened = openTestLog()
  expect(await run(opened, both, {}, [seen, 'a'])).toBe(1)
  await opened.log.producer().send(other, { key: 'a', value: 'x' })
  const drop = ['one', 'input']
  expect(await run(opened, topologyOf(counter('two')), { drop }, [seen, 'a'])).toBe(2)
  expect(await run(opened, both, { drop: ['two', 'other'] }, [seen, 'a'])).toBe(5)
  await run(opened, topologyOf(countingKeys), { drop: ['one', 'two', 'other'] })
  expect(opened.environment.range('stores', Buffer.of(0), Buffer.alloc(64, 255), 9)).toHaveLength(1)
})

test('a mapAsync may go when none of its calls is pending, and else only when it is dropped', async () => {
  let isOpen = false
  const never = new Promise<string>(() => {})
  const asking: Script = (builder) =>
    builder
      .stream(input)
      .mapAsync(({ value }) => (isOpen ? value : never), {
        name: 'ask',
        value: string(),
      })
      .to(output)
  const copying = topologyOf((builder) => builder.stream(input).to(output))
  const opened = openTestLog()
  const { log } = opened
  await log.producer().send(input, { key: 'a', value: 'x' })
  const app = await start(log, topologyOf(asking), { commit: { everyMs: 0 } })
  while (app.metrics().lag > 0) await new Promise(setImmediate)
  await app.close()
  expect(await rejectionOf(start(log, copying))).toMatchObject({
    code: 'plan_changed',
    message: expect.stringContaining('"ask" (mapAsync) is gone, and calls of it are pending'),
  })
  isOpen = true
  const finishing = await start(log, topologyOf(asking))
  await finishing.caughtUp()
  await finishing.close()
  await (await start(log, copying)).close()

  isOpen = false
  await log.producer().send(input, { key: 'a', value: 'y' })
  const again = await start(log, topologyOf(asking), { commit: { everyMs: 0 } })
  while (again.metrics().lag > 0) await new Promise(setImmediate)
  await again.close()
  await (await start(log, copying, { drop: ['ask'] })).close()
  expect(await log.admin.endOffsets(output)).toEqual([1])
})

test('a start that is refused drops nothing, and the running instance goes on', async () => {
  const { log } = openTestLog()
  const running = await start(log, counting)
  await running.caughtUp()
  const drop = ['values']
  expect(await rejectionOf(start(log, topologyOf(countingKeys), { drop }))).toMatchObject({ code: 'plan_changed' })
  await log.producer().send(input, { key: 'a', value: 'x' })
  await running.caughtUp()
  expect(running.store(perValue).get('x')).toBe(1)
})

test('a message names what in drop and rename means nothing', async () => {
  const opened = openTestLog()
  await run(opened, counting)
  const options = { drop: ['valeus'], rename: { 'by-value': 'nowhere' } }
  expect(await rejectionOf(run(opened, topologyOf(countingKeys), options))).toMatchObject({
    message: expect.stringContaining('"valeus" is not stored, "nowhere" is not in the topology'),
  })
})
