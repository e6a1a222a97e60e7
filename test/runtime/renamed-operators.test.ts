// What is renamed goes on with its rows, stream times and counters, and a rename may stay in the program.
import { int64, keyValueStore, string, TimeWindows, topic, type Topology, windowStore } from 'millrace'
import { describe, expect, test } from 'vitest'
import { start } from '../support/applications.ts'
import { type OpenedLog, openTestLog } from '../support/open.ts'
import { rejectionOf } from '../support/thrown.ts'
import { input, topologyOf } from '../support/topology.ts'

type Options = NonNullable<Parameters<typeof start>[2]>

/** Runs a topology over one more record, and says what a store has of `a`. */
async function run({ log }: OpenedLog, topology: Topology, store: string, options: Options = {}) {
  await log.producer().send(input, { key: 'a', value: 'x', timestamp: 5 })
  const app = await start(log, topology, options)
  await app.caughtUp()
  const found = app.store(keyValueStore(store, { key: string(), value: int64() })).get('a')
  await app.close()
  return found
}

const storeOf = (name: string) => keyValueStore(name, { key: string(), value: int64() })
const named = (name: string): Topology =>
  topologyOf((builder) =>
    builder
      .stream(input)
      .groupByKey()
      .count({ name, store: storeOf(name) }),
  )

describe('a renamed operator', () => {
  test('goes on with its rows, and the rename may stay', async () => {
    const opened = openTestLog()
    expect(await run(opened, named('old'), 'old')).toBe(1)
    expect(await rejectionOf(run(opened, named('new'), 'new'))).toMatchObject({
      code: 'plan_changed',
      message: expect.stringContaining('"old" (count) is gone; is it "new" now?'),
    })
    for (const expected of [3, 4, 5]) {
      expect(await run(opened, named('new'), 'new', { rename: { old: 'new' } })).toBe(expected)
    }
    expect(await run(opened, named('third'), 'third', { rename: { old: 'new', new: 'third' } })).toBe(6)
    expect((await opened.log.admin.verify()).problems).toEqual([])
  })

  test('makes room for a new one of its old name, which keeps its own rows at the next start', async () => {
    const both = topologyOf((builder) => {
      const grouped = builder.stream(input).groupByKey()
      grouped.count({ name: 'now', store: storeOf('now') })
      grouped.count({ name: 'then', store: storeOf('then') })
    })
    const opened = openTestLog()
    await run(opened, named('now'), 'now')
    const rename = { now: 'then' }
    expect(await run(opened, both, 'then', { rename })).toBe(2)
    expect(await run(opened, both, 'then', { rename })).toBe(3)
    expect(await run(opened, both, 'now', { rename })).toBe(3)
  })

  test('takes along what is called after it, also in another task', async () => {
    const regrouped = (name?: string): Topology =>
      topologyOf((builder) =>
        builder
          .stream(input)
          .groupBy(({ key }) => key, { key: string(), ...(name === undefined ? {} : { name }) })
          .count(),
      )
    const { log, embedded } = openTestLog()
    const stored = async (topology: Topology, options: Options = {}): Promise<readonly string[]> => {
      await log.producer().send(input, { key: 'a', value: 'x', timestamp: 5 })
      const app = await start(log, topology, options)
      await app.caughtUp()
      await app.close()
      const { plan } = embedded.find('app') ?? { plan: '{}' }
      const rows = embedded.applications.progress('app').map(({ task }) => `${task.subTopology}/${task.partition}`)
      return [...Object.keys((JSON.parse(plan) as { stores: object }).stores), ...rows]
    }
    expect(await stored(regrouped())).toEqual(['input.groupBy.count', 'input/0', 'input.groupBy/0'])
    expect(await rejectionOf(stored(regrouped('per-page')))).toMatchObject({ code: 'plan_changed' })
    const rename = { 'input.groupBy': 'per-page' }
    expect(await stored(regrouped('per-page'), { rename })).toEqual(['per-page.count', 'input/0', 'per-page/0'])
    expect((await log.admin.verify()).problems).toEqual([])
    const id = embedded.find('app')?.storeId('per-page.count') ?? -1
    const rows = embedded.state.range(id, 0, Buffer.alloc(0), undefined, 9)
    expect(rows.map(({ value }) => value.at(-1))).toEqual([3])
  })

  test('keeps its stream time and what it has counted', async () => {
    const store = (name: string) => windowStore(name, { key: string(), value: int64() })
    const windows = (name: string): Topology =>
      topologyOf((builder) =>
        builder
          .stream(input)
          .groupByKey()
          .windowedBy(TimeWindows.of({ size: 10 }))
          .count({ name, store: store(name) }),
      )
    const { log } = openTestLog()
    const producer = log.producer()
    for (const timestamp of [100, 5]) await producer.send(input, { key: 'a', value: 'x', timestamp })
    const before = await start(log, windows('one'))
    await before.caughtUp()
    await before.close()
    for (const timestamp of [6, 101]) await producer.send(input, { key: 'a', value: 'x', timestamp })
    const after = await start(log, windows('two'), { rename: { one: 'two' } })
    await after.caughtUp()
    expect(after.metrics().dropped).toEqual({ two: { late: 2 } })
    expect([...after.store(store('two')).fetch('a', { from: 0 })].map(({ value }) => value)).toEqual([2])
  })

  test('may be a source: it goes on where it was', async () => {
    const reading = (name: string): Topology =>
      topologyOf((builder) =>
        builder
          .stream(input, { name })
          .groupByKey()
          .count({ name: 'c', store: storeOf('c') }),
      )
    const opened = openTestLog()
    expect(await run(opened, reading('one'), 'c')).toBe(1)
    expect(await run(opened, reading('two'), 'c', { rename: { one: 'two' } })).toBe(2)
  })
})

test('a store alone may be renamed', async () => {
  const counting = (store: string): Topology =>
    topologyOf((builder) =>
      builder
        .stream(input)
        .groupByKey()
        .count({ name: 'c', store: storeOf(store) }),
    )
  const opened = openTestLog()
  expect(await run(opened, counting('one'), 'one')).toBe(1)
  expect(await rejectionOf(run(opened, counting('two'), 'two'))).toMatchObject({
    message: expect.stringContaining('store "one" of "c" is gone'),
  })
  expect(await run(opened, counting('two'), 'two', { rename: { one: 'two' } })).toBe(3)
})

const elsewhere = topic('elsewhere', { key: string(), value: string() })

test('a rename saves nobody from what does not fit', async () => {
  const opened = openTestLog()
  await run(opened, named('old'), 'old')
  const changed = topologyOf((builder) => builder.stream(elsewhere).groupByKey().count({ name: 'new' }))
  expect(await rejectionOf(start(opened.log, changed, { rename: { old: 'new' } }))).toMatchObject({
    code: 'plan_changed',
    message: expect.stringContaining('"input" (stream) is gone'),
  })
})

test.each([
  [{ rename: { a: 'b', b: 'a' } }, 'comes back to "a"'],
  [{ rename: { a: 'a' } }, 'comes back to "a"'],
  [{ rename: { a: 'c', b: 'c' } }, 'one name, "c"'],
  [{ rename: { a: 'b' }, drop: ['a'] }, 'in drop and in rename'],
  [{ rename: { a: '' } }, 'the new name of "a"'],
  [{ drop: [''] }, 'an id in drop'],
])('%j is refused', async (options, message) => {
  const { log } = openTestLog()
  expect(await rejectionOf(start(log, named('a'), options))).toMatchObject({
    code: 'bad_option',
    message: expect.stringContaining(message),
  })
})
