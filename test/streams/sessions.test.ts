// Sessions: records of a key that are close to each other are one session, in whatever order they come; a closed one is
// final.
import fc from 'fast-check'
import { int64, json, nullable, SessionWindows, sessionStore, sessionWindowed, string, topic } from 'millrace'
import type { TopologyTestDriver } from 'millrace/testing'
import { describe, expect, test } from 'vitest'
import { codecOf } from '../../src/core/serde.ts'
import { segmentLayout } from '../../src/plan/store-layout.ts'
import type { StoreSpec } from '../../src/plan/store.ts'
import { aggregating, counting } from '../../src/streams/fold.ts'
import { sessionAggregation } from '../../src/streams/session-aggregate.ts'
import { carrierOf } from '../support/carriers.ts'
import { alone } from '../support/operator-double.ts'
import { changeText } from '../support/changes.ts'
import { errorOf } from '../support/thrown.ts'
import { drive, input, type Script, topologyOf } from '../support/topology.ts'

const counts = topic('counts', { key: sessionWindowed(string()), value: nullable(int64()) })
const store = sessionStore('rows', { key: string(), value: int64() })

const counted =
  (windows: SessionWindows, retentionMs?: number): Script =>
  (builder) =>
    builder.stream(input).groupByKey().windowedBy(windows).count({ store, retentionMs }).toStream().to(counts)

function feed(driver: TopologyTestDriver, ...records: readonly (readonly [key: string, timestamp: number])[]): void {
  for (const [key, timestamp] of records) {
    driver.inputTopic(input).pipeInput({ key, value: 'x', timestamp, headers: [{ key: 'h', value: 'v' }] })
  }
}

/** What was written since the last call, as `key[start,end]=value@timestamp`. */
function changesOf(driver: TopologyTestDriver): () => string[] {
  const written = driver.outputTopic(counts)
  return () =>
    written.readRecords().map(({ key, value, timestamp }) => {
      const { start, end } = key.window
      return `${key.key}[${start},${end}]=${value}@${timestamp}`
    })
}

const rowsOf = (driver: TopologyTestDriver): string[] =>
  [...driver.store(store).range()].map(({ key, value }) => `${key.key}[${key.window.start},${key.window.end}]=${value}`)

describe('a session', () => {
  test('takes in what is no more than the gap away, deletes what it replaces, and joins two', () => {
    const driver = drive(counted(SessionWindows.of({ gap: 10, grace: 100 })))
    const changes = changesOf(driver)
    feed(driver, ['a', 0], ['a', 10])
    expect(changes()).toEqual(['a[0,0]=1@0', 'a[0,0]=null@0', 'a[0,10]=2@10'])
    feed(driver, ['a', 21], ['b', 21])
    expect(changes()).toEqual(['a[21,21]=1@21', 'b[21,21]=1@21'])
    feed(driver, ['a', 15])
    expect(changes()).toEqual(['a[0,10]=null@10', 'a[21,21]=null@21', 'a[0,21]=4@21'])
    feed(driver, ['a', 3])
    expect(changes()).toEqual(['a[0,21]=null@21', 'a[0,21]=5@21'])
    expect(rowsOf(driver)).toEqual(['a[0,21]=5', 'b[21,21]=1'])
  })

  test('of one moment is changed in place, and its changes have no headers', () => {
    const driver = drive(counted(SessionWindows.of({ gap: 0 })))
    const changes = changesOf(driver)
    feed(driver, ['a', 5], ['a', 5], ['a', 6])
    expect(
      driver
        .outputTopic(counts)
        .readRecords()
        .map(({ headers }) => headers),
    ).toEqual([[], [], []])
    expect(changes()).toEqual(['a[5,5]=1@5', 'a[5,5]=2@5', 'a[6,6]=1@6'])
  })

  test('is open until stream time has passed its end by more than gap and grace, then final', () => {
    const driver = drive(counted(SessionWindows.of({ gap: 10, grace: 5 })))
    const changes = changesOf(driver)
    feed(driver, ['a', 100], ['b', 115], ['a', 95])
    expect(changes()).toEqual(['a[100,100]=1@100', 'b[115,115]=1@115', 'a[100,100]=null@100', 'a[95,100]=2@100'])
    feed(driver, ['b', 116])
    changes()
    // It would join what is closed: it begins a session of its own, or is late.
    feed(driver, ['a', 101], ['a', 100])
    expect(changes()).toEqual(['a[101,101]=1@101', 'a[101,101]=null@101', 'a[100,101]=2@101'])
    feed(driver, ['b', 200], ['a', 110], ['a', 184])
    expect(changes().filter((change) => change.startsWith('a'))).toEqual([])
    expect(driver.metrics().dropped).toEqual({ 'input.count': { late: 2 } })
    expect(rowsOf(driver)).toContain('a[95,100]=2')
  })

  test('saves a record that is late by itself, even with the shortest retention', () => {
    const driver = drive(counted(SessionWindows.of({ gap: 10, grace: 0 }), 10))
    feed(driver, ['a', 100], ['b', 110], ['a', 91])
    expect(rowsOf(driver)).toEqual(['a[91,100]=2', 'b[110,110]=1'])
  })

  test('survives a crash between its records', () => {
    const driver = drive(counted(SessionWindows.of({ gap: 10 })))
    for (const time of [1, 8, 15]) {
      feed(driver, ['a', time])
      driver.crash()
    }
    expect(rowsOf(driver)).toEqual(['a[1,15]=3'])
  })
})

/** The sessions of times, by a model: sorted, and cut where two are more than the gap apart. */
function sessions(times: readonly number[], gap: number): [start: number, end: number, count: number][] {
  const found: [number, number, number][] = []
  for (const time of times.toSorted((left, right) => left - right)) {
    const last = found.at(-1)
    if (last === undefined || time - last[1] > gap) found.push([time, time, 1])
    else found[found.length - 1] = [last[0], time, last[2] + 1]
  }
  return found
}

const spec = (value: StoreSpec['valueCodec']): StoreSpec => ({
  kind: 'session',
  name: 'sessions',
  keyCodec: codecOf(string()) as StoreSpec['keyCodec'],
  valueCodec: value,
  layout: segmentLayout(1_000_000, { isNumbered: true }),
  form: SessionWindows.of({ gap: 1 }).form,
  facts: {},
})

const record = (key: string, value: string, timestamp: number): ReturnType<typeof carrierOf> => {
  const carrier = carrierOf<unknown, unknown>(string() as never, key, string() as never, value)
  carrier.timestamp = timestamp
  return carrier
}

describe('sessions', () => {
  test('are the same whatever the order of their records, and each change says what it replaced', () => {
    const times = fc.array(fc.nat({ max: 80 }), { minLength: 1, maxLength: 30 })
    fc.assert(
      fc.property(times, fc.nat({ max: 8 }), (at, gap) => {
        const windows = SessionWindows.of({ gap, grace: 1_000 })
        const codec = codecOf(int64()) as StoreSpec['valueCodec']
        const one = alone(sessionAggregation(spec(codec), counting, windows), { wantsOld: true })
        for (const time of at) one.feed(record('a', 'x', time))
        const rows = new Map<string, unknown>()
        for (const { key, value, old } of one.caught) {
          const name = JSON.stringify(key)
          expect(old).toBe(rows.get(name) ?? null)
          if (value === null) rows.delete(name)
          else rows.set(name, value)
        }
        const found = sessions(at, gap).map(
          ([start, end, count]) => [JSON.stringify({ key: 'a', window: { start, end } }), count] as const,
        )
        expect(rows).toEqual(new Map(found))
      }),
    )
  })

  test('are aggregated from the initial value, by way of the merger; a merger that gives null begins anew', () => {
    const codec = codecOf(json<string[]>()) as StoreSpec['valueCodec']
    const push = (_: unknown, value: unknown, list: unknown): unknown => [...(list as string[]), value]
    const merge = (_: unknown, older: unknown, newer: unknown): unknown => {
      const both = [...(older as string[]), ...(newer as string[])]
      return both.includes('!') ? null : both
    }
    const fold = aggregating(() => ['i'], push, merge)
    const one = alone(sessionAggregation(spec(codec), fold, SessionWindows.of({ gap: 5, grace: 99 })), {
      wantsOld: true,
    })
    for (const [value, time] of [
      ['x', 0],
      ['y', 10],
      ['z', 5],
      ['!', 6],
      ['w', 7],
    ] as const) {
      one.feed(record('a', value, time))
    }
    expect(one.caught.map(changeText)).toEqual([
      '- > ix',
      '- > iy',
      'ix > -',
      'iy > -',
      '- > iixiyz',
      'iixiyz > -',
      '- > iiixiyz!',
      'iiixiyz! > -',
      '- > iw',
    ])
  })
})

test('an aggregate that becomes null deletes its session', () => {
  const driver = drive((builder) =>
    builder
      .stream(input)
      .groupByKey()
      .windowedBy(SessionWindows.of({ gap: 5 }))
      .aggregate({
        initializer: () => 0,
        aggregator: (_, value, sum) => (value === '-' ? null : sum + 1),
        merger: (_, older, newer) => older + newer,
        value: int64(),
        store,
      })
      .toStream()
      .to(counts),
  )
  const changes = changesOf(driver)
  for (const [value, timestamp] of [
    ['x', 1],
    ['-', 2],
    ['x', 3],
  ] as const) {
    driver.inputTopic(input).pipeInput({ key: 'a', value, timestamp })
  }
  expect(changes()).toEqual(['a[1,1]=1@1', 'a[1,1]=null@1', 'a[1,2]=null@2', 'a[3,3]=1@3'])
  expect(rowsOf(driver)).toEqual(['a[3,3]=1'])
})

test('a merger that returns nothing fails its record, and the sessions stay', () => {
  const driver = drive((builder) =>
    builder
      .stream(input)
      .groupByKey()
      .windowedBy(SessionWindows.of({ gap: 5 }))
      .aggregate({
        initializer: () => 0,
        aggregator: (_key, _value, sum) => sum + 1,
        merger: () => undefined as unknown as number,
        value: int64(),
        store,
      }),
  )
  feed(driver, ['a', 1])
  expect(errorOf(() => feed(driver, ['a', 2]))).toMatchObject({
    code: 'bad_record',
    operator: 'input.aggregate',
    message: expect.stringContaining('the merger of aggregate returned undefined'),
  })
})

describe('a store of sessions', () => {
  const filled = (): TopologyTestDriver => {
    const driver = drive(counted(SessionWindows.of({ gap: 5, grace: 1_000 })))
    feed(driver, ['a', 0], ['a', 4], ['a', 20], ['b', 2], ['a', 40], ['a', 42])
    return driver
  }
  const shown = (rows: Iterable<{ readonly key: { readonly window: object } }>): unknown[] =>
    [...rows].map(({ key }) => Object.values(key.window))

  test('finds the sessions of a key that overlap a time, with their timestamps', () => {
    const rows = filled().store(store)
    expect(shown(rows.find('a'))).toEqual([
      [0, 4],
      [20, 20],
      [40, 42],
    ])
    expect(shown(rows.find('a', { from: 4, to: 40 }))).toEqual([
      [0, 4],
      [20, 20],
      [40, 42],
    ])
    expect(shown(rows.find('a', { from: 5, to: 39 }))).toEqual([[20, 20]])
    expect(shown(rows.find('a', { from: 43 }))).toEqual([])
    expect(shown(rows.range({ to: 2 }))).toEqual([
      [0, 4],
      [2, 2],
    ])
    expect(rows.find('a', { from: 41, to: 41 })).toEqual([
      { key: { key: 'a', window: { start: 40, end: 42 } }, value: 2, timestamp: 42 },
    ])
  })

  test('is named by a constant of its kind', () => {
    const wrong = { ...store, kind: 'windowStore' }
    expect(errorOf(() => filled().store(wrong as never))).toMatchObject({ code: 'bad_option' })
  })
})

describe('SessionWindows.of', () => {
  test.each([
    [{ gap: -1 }, 'the gap between sessions is -1'],
    [{ gap: 1.5 }, 'the gap between sessions is 1.5'],
    [{}, 'the gap between sessions is undefined'],
    [{ gap: 1, grace: -1 }, 'the grace of a session is -1'],
    [{ gap: 1, graze: 1 }, 'SessionWindows.of has no option "graze"; it takes gap, grace'],
  ])('refuses %o', (options, message) => {
    expect(errorOf(() => SessionWindows.of(options as never))).toMatchObject({
      code: 'bad_option',
      message: expect.stringContaining(message),
    })
  })

  test('has no grace unless it says so, and cannot be changed', () => {
    expect(SessionWindows.of({ gap: 3 })).toMatchObject({ gapMs: 3, graceMs: 0 })
    expect(Object.isFrozen(SessionWindows.of({ gap: 3 }))).toBe(true)
  })
})

test('the retention of sessions is at least gap and grace', () => {
  const of = (retentionMs: number): unknown =>
    topologyOf(counted(SessionWindows.of({ gap: 10, grace: 5 }), retentionMs)).stores[0]?.spec.layout.retentionMs
  expect(errorOf(() => of(14))).toMatchObject({ code: 'bad_option' })
  expect(of(15)).toBe(16)
})

test('keys of sessions are written with their own serde', () => {
  const other = topic('other', { key: string(), value: int64() })
  const build = (): unknown =>
    topologyOf((builder) =>
      builder
        .stream(input)
        .groupByKey()
        .windowedBy(SessionWindows.of({ gap: 1 }))
        .count()
        .toStream()
        .to(other as never),
    )
  expect(errorOf(build)).toMatchObject({
    code: 'topology_invalid',
    message: expect.stringContaining('use sessionWindowed(…)'),
  })
})
