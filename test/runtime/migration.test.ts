// Rows that outlive the shape of their values: migrated when they are read, and in the background, and nothing is emitted.
import {
  int64,
  json,
  keyValueStore,
  msgpack,
  nullable,
  type Serde,
  string,
  topic,
  type Topology,
  tuple,
  type ValueVersions,
  versionedStore,
} from 'millrace'
import { describe, expect, onTestFinished, test } from 'vitest'
import { start, until } from '../support/applications.ts'
import { collect } from '../support/collect.ts'
import { type OpenedLog, openTestLog } from '../support/open.ts'
import { errorOf, rejectionOf } from '../support/thrown.ts'
import { input, topologyOf } from '../support/topology.ts'

interface Total {
  readonly count: number
  readonly last: string
}

/** Counts were numbers, then `{ count }`, then `{ count, last }`. */
const total = (
  make: (versions: ValueVersions<Total>) => Serde<Total> = (versions) => json<Total>(versions),
): Serde<Total> =>
  make({
    version: 2,
    migrate: (old: number | { readonly count: number }, version: number) => {
      if (version === 0) return { count: old as number, last: 'none' }
      return { count: (old as { count: number }).count, last: 'none' }
    },
  })
const first = json<{ readonly count: number }>({ version: 1, migrate: (count: number) => ({ count }) })

const out = topic('out', { key: string(), value: string() })

/** A count by key, whose aggregate has the shape of a serde. */
function counting<A>(value: Serde<A>, next: (aggregate: A | null, text: string) => A, none: A): Topology {
  const store = keyValueStore('totals', { key: string(), value })
  return topologyOf((builder) =>
    builder
      .stream(input)
      .groupByKey()
      .aggregate({ initializer: () => none, aggregator: (_key, text, sum) => next(sum, text), value, store })
      .toStream()
      .mapValues(({ value: sum }) => JSON.stringify(sum))
      .to(out),
  )
}
const numbers = counting<number>(json<number>(), (sum) => (sum ?? 0) + 1, 0)
const objects = counting(first, (sum) => ({ count: (sum?.count ?? 0) + 1 }), { count: 0 })
const totals = (make?: Parameters<typeof total>[0]): Topology =>
  counting(total(make), (sum, last) => ({ count: (sum?.count ?? 0) + 1, last }), { count: 0, last: '' })
const rowsOf = keyValueStore('totals', { key: string(), value: total() })

async function run({ log }: OpenedLog, topology: Topology, ...keys: readonly string[]): Promise<void> {
  await log.producer().sendMany(
    input,
    keys.map((key) => ({ key, value: 'x' })),
  )
  const app = await start(log, topology)
  await app.caughtUp()
  await app.close()
}

/** The bytes of the values of a store, without their timestamps. */
function stored({ embedded, environment }: OpenedLog, store = 'totals'): readonly string[] {
  environment.refresh()
  const id = embedded.find('app')?.storeId(store) ?? -1
  return embedded.state.range(id, 0, Buffer.alloc(0), undefined, 10_000).map(({ value }) => value.toString('latin1', 8))
}

const isNew = (text: string): boolean => text.startsWith('\0\u0002{')

describe('a row of an older version', () => {
  test('is migrated when a query or a record touches it, whatever its version', async () => {
    const opened = openTestLog()
    await run(opened, numbers, 'a', 'a', 'b')
    await run(opened, objects, 'b', 'c')
    const app = await start(opened.log, totals())
    expect(app.store(rowsOf).get('a')).toEqual({ count: 2, last: 'none' })
    await opened.log.producer().sendMany(
      input,
      ['a', 'b', 'c'].map((key) => ({ key, value: 'y' })),
    )
    await app.caughtUp()
    expect([...app.store(rowsOf).range()].map(({ value }) => value)).toEqual([
      { count: 3, last: 'y' },
      { count: 3, last: 'y' },
      { count: 2, last: 'y' },
    ])
    expect(opened.log.store('app', rowsOf).get('b')).toEqual({ count: 3, last: 'y' })
  })

  test('is rewritten in the background, and nothing is emitted', async () => {
    const opened = openTestLog()
    const keys = Array.from({ length: 1_000 }, (_, index) => `k${index}`)
    await run(opened, numbers, ...keys)
    const written = (await collect(opened.log.read(out))).length
    expect(stored(opened).filter(isNew)).toEqual([])
    const app = await start(opened.log, totals())
    const changes: unknown[] = []
    const watching = app.store(rowsOf).changes$.subscribe((change) => changes.push(change))
    await until(() => stored(opened).every(isNew))
    await app.caughtUp()
    expect(stored(opened)).toHaveLength(1_000)
    expect(app.store(rowsOf).get('k7')).toEqual({ count: 1, last: 'none' })
    expect(changes).toEqual([])
    expect(await collect(opened.log.read(out))).toHaveLength(written)
    expect((await opened.log.admin.verify()).problems).toEqual([])
    watching.unsubscribe()
    await app.close()
  })

  test('is rewritten by the next instance, where one was cut short', async () => {
    const opened = openTestLog()
    const keys = Array.from({ length: 1_000 }, (_, index) => `k${index}`)
    await run(opened, numbers, ...keys)
    const cut = await start(opened.log, totals())
    await until(() => stored(opened).some(isNew))
    const next = await start(opened.log, totals())
    expect(await rejectionOf(cut.stopped)).toMatchObject({ code: 'fenced' })
    await until(() => stored(opened).every(isNew))
    expect([...next.store(rowsOf).range()].every(({ value }) => value.count === 1)).toBe(true)
    expect((await opened.log.admin.verify()).problems).toEqual([])
  })

  test('is not looked for again once all are rewritten', async () => {
    const opened = openTestLog()
    let calls = 0
    const counted = totals((versions) =>
      json<Total>({
        version: 2,
        migrate: (old, version) => {
          calls++
          return versions.migrate(old, version)
        },
      }),
    )
    await run(opened, numbers, 'a', 'b')
    const app = await start(opened.log, counted)
    await until(() => stored(opened).every(isNew))
    await opened.log.producer().send(input, { key: 'z', value: 'x' })
    await app.caughtUp()
    await app.close()
    expect(calls).toBeGreaterThanOrEqual(2)
    const before = calls
    await run(opened, counted, 'a')
    expect(calls).toBe(before)
  })

  test('may be in any kind of store, and under nullable or msgpack', async () => {
    const opened = openTestLog()
    const versioned = <V>(value: Serde<V>, make: (text: string) => V): Topology =>
      topologyOf((builder) => {
        const store = versionedStore('versions', { key: string(), value, historyMs: 1_000 })
        builder
          .stream(input)
          .mapValues((record) => make(record.value))
          .toTable({ store, value })
      })
    const before = nullable(msgpack<number>())
    const after = nullable(msgpack<Total>({ version: 1, migrate: (count: number) => ({ count, last: 'old' }) }))
    const send = (timestamp: number): Promise<unknown> =>
      opened.log.producer().send(input, { key: 'a', value: 'x', timestamp })
    await send(1)
    await send(5)
    await run(
      opened,
      versioned(before, () => 7),
    )
    const app = await start(
      opened.log,
      versioned(after, () => ({ count: 0, last: 'new' })),
    )
    const store = versionedStore('versions', { key: string(), value: after, historyMs: 1_000 })
    expect(app.store(store).get('a', { asOf: 2 })).toEqual({ count: 7, last: 'old' })
    await until(() =>
      ['versions', 'versions.history'].every((name) => stored(opened, name).join().includes('\xc1\u0001')),
    )
    expect(app.store(store).get('a', { asOf: 2 })).toEqual({ count: 7, last: 'old' })
    expect(app.store(store).get('a')).toEqual({ count: 7, last: 'old' })
  })
})

describe('a migrate that throws', () => {
  const broken = totals(() =>
    json<Total>({
      version: 2,
      migrate: () => {
        throw new Error('no way')
      },
    }),
  )

  test('leaves its partition unmigrated, which can be seen from any process', async () => {
    const opened = openTestLog()
    const told = async (): Promise<unknown> => (await opened.log.admin.describeApplication('app')).stores
    await run(opened, numbers, 'a', 'b')
    expect(await told()).toMatchObject([{ name: 'totals', valueVersion: 0, partitions: 1, migratedPartitions: 1 }])
    await run(opened, broken)
    expect(await told()).toMatchObject([{ valueVersion: 2, partitions: 1, migratedPartitions: 0 }])
    await run(opened, totals())
    const app = await start(opened.log, totals())
    await until(() => stored(opened).every(isNew))
    await app.close()
    expect(await told()).toMatchObject([{ valueVersion: 2, partitions: 1, migratedPartitions: 1 }])
  })

  test('fails the record that touches the row, and the background tells it once and leaves the row', async () => {
    const told: string[] = []
    const listen = (warning: Error & { code?: string }): void => {
      if (warning.code === 'MILLRACE_MIGRATION_FAILED') told.push(warning.message)
    }
    process.on('warning', listen)
    onTestFinished(() => void process.off('warning', listen))
    const opened = openTestLog()
    await run(opened, numbers, 'a', 'b')
    const app = await start(opened.log, broken, { onError: 'skip' })
    await until(() => told.length > 0)
    await opened.log.producer().sendMany(input, [
      { key: 'a', value: 'x' },
      { key: 'new', value: 'x' },
    ])
    await app.caughtUp()
    expect(app.metrics().failed).toEqual({ 'input.aggregate': { undecodable: 1 } })
    expect(errorOf(() => app.store(rowsOf).get('a'))).toMatchObject({ message: expect.stringContaining('no way') })
    expect(app.store(rowsOf).get('new')).toEqual({ count: 1, last: 'x' })
    await app.close()
    expect(told).toEqual([expect.stringContaining('no way')])
    // Once it is mended, all rows are.
    await run(opened, totals(), 'b')
    expect(opened.log.store('app', rowsOf).get('b')).toEqual({ count: 2, last: 'x' })
  })
})

test('a version may only rise', async () => {
  const opened = openTestLog()
  await run(opened, totals(), 'a')
  for (const [older, what] of [
    [objects, 'value version was 2, is 1'],
    [numbers, 'value version was 2, is not there'],
  ] as const) {
    expect(await rejectionOf(start(opened.log, older))).toMatchObject({
      code: 'plan_changed',
      message: expect.stringContaining(what),
    })
  }
  const plain = keyValueStore('totals', { key: string(), value: json<Total>() })
  expect(errorOf(() => opened.log.store('app', plain))).toMatchObject({
    code: 'bad_option',
    message: expect.stringContaining('have version 2, but the constant says 0'),
  })
  expect(errorOf(() => first.decode(total().encode({ count: 1, last: '' })))).toMatchObject({
    code: 'undecodable',
    message: expect.stringContaining('a newer program wrote it'),
  })
})

test('topics hold the format alone, and are not migrated', async () => {
  const { log } = openTestLog()
  const versioned = topic('values', { key: string(), value: total() })
  const plain = topic('values', { key: string(), value: json<unknown>() })
  await log.producer().send(versioned, { key: 'a', value: { count: 1, last: 'x' } })
  expect((await collect(log.read(plain))).map(({ value }) => value)).toEqual([{ count: 1, last: 'x' }])
  expect((await collect(log.read(versioned))).map(({ value }) => value)).toEqual([{ count: 1, last: 'x' }])
  // A table of it keeps versions.
  const store = keyValueStore('table', { key: string(), value: total() })
  const app = await start(
    log,
    topologyOf((builder) => builder.table(versioned, { store }).toStream().to(versionedOut)),
  )
  await app.caughtUp()
  expect(app.store(store).get('a')).toEqual({ count: 1, last: 'x' })
  expect((await collect(log.read(plainOut))).map(({ value }) => value)).toEqual([{ count: 1, last: 'x' }])
})
const versionedOut = topic('values-out', { key: string(), value: total() })
const plainOut = topic('values-out', { key: string(), value: json<unknown>() })

describe('a serde with versions is refused', () => {
  test('for keys', () => {
    const key = total()
    for (const make of [
      () => topic('t', { key, value: string() }),
      () => keyValueStore('t', { key, value: int64() }),
      () => topic('t', { key: tuple(string(), key), value: string() }),
    ]) {
      expect(errorOf(make)).toMatchObject({ code: 'bad_option', message: expect.stringContaining('have versions') })
    }
    const regrouped = () =>
      topologyOf((builder) =>
        builder
          .stream(input)
          .groupBy(({ value }) => ({ count: 1, last: value }), { key })
          .count(),
      )
    expect(errorOf(regrouped)).toMatchObject({ code: 'topology_invalid' })
  })

  test.each([
    [{ version: 0, migrate: () => ({}) }, 'the version of json'],
    [{ version: 256, migrate: () => ({}) }, 'the version of json'],
    [{ version: 1 }, 'migrate of json takes a function'],
    [{ version: 1, migrate: 5 }, 'migrate of json takes a function'],
    [{ version: 1, migrate: () => ({}), other: 1 }, 'json has no option'],
    [{}, 'the version of json'],
  ])('for %j', (versions, message) => {
    expect(errorOf(() => json(versions as never))).toMatchObject({
      code: 'bad_option',
      message: expect.stringContaining(message),
    })
  })

  test('a migrate that returns a promise does not decode', () => {
    const serde = json<number>({ version: 1, migrate: (() => Promise.resolve(1)) as never })
    expect(errorOf(() => serde.decode(Buffer.from('1')))).toMatchObject({ code: 'undecodable' })
  })
})
