// Two versions of an application are compared by key: what differs is told with samples, and what does not differ is never told.
import fc from 'fast-check'
import {
  int64,
  json,
  keyValueStore,
  type Log,
  nullable,
  sessionStore,
  SessionWindows,
  string,
  TimeWindows,
  topic,
  type Topology,
  versionedStore,
  windowed,
  windowStore,
} from 'millrace'
import { describe, expect, test } from 'vitest'
import type { EmbeddedLog } from '../../src/log/embedded-log.ts'
import { compareVersions } from '../../src/replay/compare.ts'
import type { ComparedPart, CompareOptions, ComparisonReport } from '../../src/replay/comparison-face.ts'
import { start, turns } from '../support/applications.ts'
import { openTestLog } from '../support/open.ts'
import { startReplay } from '../support/replays.ts'
import { rejectionOf } from '../support/thrown.ts'
import { topologyOf } from '../support/topology.ts'
import { words } from '../support/topics.ts'

const totals = keyValueStore('totals', { key: string(), value: int64() })
const windows = windowStore('windows', { key: string(), value: int64() })
const visits = sessionStore('visits', { key: string(), value: int64() })
const history = versionedStore('history', { key: string(), value: string(), historyMs: 100 })
const prices = topic('prices', { key: string(), value: nullable(string()), partitions: 4 })

/** What an application of this name writes. */
const countsOf = (id: string) => topic(`counts-${id}`, { key: string(), value: int64(), partitions: 4 })
const windowsOf = (id: string) =>
  topic(`windows-${id}`, { key: windowed(string(), { size: 10 }), value: int64(), partitions: 4 })
const linesOf = (id: string) => topic(`lines-${id}`, { key: nullable(string()), value: string(), partitions: 1 })
const outputs = [countsOf, windowsOf, linesOf] as const

/** @param isWrong a word that is counted twice by it */
function counting(id: string, wrong?: string, partitions?: number): Topology {
  return topologyOf((builder) => {
    const read = builder.stream(words)
    const stream = partitions === undefined ? read : read.repartition({ partitions })
    const doubled = stream.flatMapValues(({ key, value }) => (key === wrong ? [value, value] : [value]))
    const grouped = doubled.groupByKey()
    grouped.count({ store: totals, name: 'totals' }).toStream().to(countsOf(id))
    const inWindows = grouped.windowedBy(TimeWindows.of({ size: 10, grace: 30 }))
    inWindows.count({ store: windows, name: 'windows' }).toStream().to(windowsOf(id))
    grouped.windowedBy(SessionWindows.of({ gap: 5 })).count({ store: visits, name: 'visits' })
    stream
      .filter(({ value }) => value.endsWith('0'))
      .map(({ value }) => ({ key: null, value }))
      .to(linesOf(id))
    builder.table(prices, { store: history })
  })
}

function compare(
  embedded: EmbeddedLog,
  here: string,
  live: string,
  options?: CompareOptions,
): Promise<ComparisonReport> {
  const compared = outputs.map((of) => {
    const [topicHere, topicLive] = [of(here), of(live)].map(({ name }) => embedded.topics.describe(name))
    if (topicHere === undefined || topicLive === undefined) throw new Error('both sides have the topic')
    return { name: topicLive.name, here: { topic: topicHere }, live: { topic: topicLive }, topic: topicLive }
  })
  return compareVersions(embedded, { here, live, outputs: compared }, options)
}

const keys = 'abcdefghij'.split('')

async function fill(log: Log, count = 60): Promise<void> {
  const records = Array.from({ length: count }, (_, i) => ({
    key: keys[(i * 7) % keys.length] ?? '',
    value: `${i}`,
    timestamp: i * 3,
  }))
  await log.producer().sendMany(words, records)
  await log.producer().sendMany(prices, records)
}

async function run(log: Log, applicationId: string, topology: Topology): Promise<void> {
  const app = await start(log, topology, { applicationId })
  await app.caughtUp()
}

const numbersOf = ({ equal, onlyHere, onlyLive, different }: ComparedPart) => [equal, onlyHere, onlyLive, different]
const partOf = (report: ComparisonReport, name: string): ComparedPart => {
  const found = [...report.stores, ...report.topics].find((part) => part.name === name)
  if (found === undefined) throw new Error(`no part ${name}`)
  return found
}

describe('a comparison of two versions', () => {
  test('that do the same finds no difference, in any store or output, and looks at every row', async () => {
    const { log, embedded } = openTestLog()
    await fill(log)
    await run(log, 'a', counting('a'))
    await run(log, 'b', counting('b'))
    const report = await compare(embedded, 'b', 'a')
    expect(report.isEqual).toBe(true)
    const all = [...report.stores, ...report.topics]
    expect(all.map(({ name, what }) => [name, what])).toEqual([
      ['history', 'rows'],
      ['history.history', 'rows'],
      ['totals', 'rows'],
      ['visits', 'rows'],
      ['windows', 'rows'],
      ['counts-a', 'newest'],
      ['windows-a', 'newest'],
      ['lines-a', 'records'],
    ])
    expect(numbersOf(partOf(report, 'totals'))).toEqual([10, 0, 0, 0])
    expect(numbersOf(partOf(report, 'counts-a'))).toEqual([10, 0, 0, 0])
    expect(numbersOf(partOf(report, 'windows-a'))).toEqual([60, 0, 0, 0])
    expect(numbersOf(partOf(report, 'lines-a'))).toEqual([6, 0, 0, 0])
    for (const { equal } of all) expect(equal).toBeGreaterThan(0)
  })

  test('tells the keys and windows that differ, decoded, with both values', async () => {
    const { log, embedded } = openTestLog()
    await fill(log, 20)
    await run(log, 'a', counting('a'))
    await run(log, 'b', counting('b', 'c'))
    const report = await compare(embedded, 'b', 'a', { samples: 1 })
    expect(report.isEqual).toBe(false)
    const total = partOf(report, 'totals')
    expect(numbersOf(total)).toEqual([9, 0, 0, 1])
    const last = 16 * 3
    expect(total.samples).toEqual([
      { key: 'c', here: { value: 4, timestamp: last }, live: { value: 2, timestamp: last } },
    ])
    expect(numbersOf(partOf(report, 'counts-a'))).toEqual([9, 0, 0, 1])
    expect(numbersOf(partOf(report, 'windows-a'))).toEqual([18, 0, 0, 2])
    const [sample] = partOf(report, 'windows').samples
    expect(sample).toMatchObject({ key: 'c', here: { value: 2 }, live: { value: 1 } })
    const { start: from = 0, end = 0 } = sample?.window ?? {}
    expect(end - from).toBe(10)
    expect(partOf(report, 'windows-a').samples[0]).toMatchObject({ key: 'c', window: { start: from } })
    expect(JSON.parse(JSON.stringify(report))).toEqual(report)
  })

  test('whose stores have other numbers of partitions compares them by key', async () => {
    const { log, embedded } = openTestLog()
    await fill(log)
    await run(log, 'a', counting('a'))
    await run(log, 'b', counting('b', 'c', 3))
    const report = await compare(embedded, 'b', 'a')
    expect(numbersOf(partOf(report, 'totals'))).toEqual([9, 0, 0, 1])
  })

  test('with stores whose bytes mean different things, or that one side lacks, says why they cannot be compared', async () => {
    const { log, embedded } = openTestLog()
    await fill(log)
    const other = (id: string, text: string): Topology =>
      topologyOf((builder) => {
        const serde = id === 'a' ? string() : json<string>()
        const grouped = builder.stream(words).groupBy(({ key }) => key, { key: serde })
        grouped.count({ store: keyValueStore('totals', { key: serde, value: int64() }), name: 'totals' })
        grouped.count({ store: keyValueStore(text, { key: serde, value: int64() }), name: text })
      })
    await run(log, 'a', other('a', 'x'))
    await run(log, 'b', other('b', 'y'))
    const { stores, isEqual } = await compareVersions(embedded, { here: 'b', live: 'a', outputs: [] })
    expect(isEqual).toBe(false)
    expect(stores.map(({ name, incomparable }) => [name, incomparable])).toEqual([
      ['totals', 'its keys are json here, and string in the live version'],
      ['x', 'only the live version has such a store'],
      ['y', 'the live version has no such store'],
    ])
    expect(stores.flatMap(numbersOf)).toEqual(Array(12).fill(0))
  })

  test('takes a tombstone for a key that is not there, and needs one pass or many for the same answer', async () => {
    const { log, embedded } = openTestLog()
    for (const id of ['a', 'b']) await run(log, id, counting(id))
    const texts = fc.constantFrom(...keys, 'more', 'even more')
    const record = fc.record({
      key: texts,
      value: fc.option(fc.constantFrom('1', '2')),
      timestamp: fc.constantFrom(1, 2),
    })
    let round = 0
    await fc.assert(
      fc.asyncProperty(
        fc.array(record),
        fc.array(record),
        fc.constantFrom(1, 1_500, 1e6),
        async (one, other, memoryBytes) => {
          const sides = await Promise.all(
            [one, other].map(async (records, side) => {
              const to = topic(`t${round++}-${side}`, { key: string(), value: nullable(string()), partitions: 2 })
              await log.admin.createTopic(to)
              await log.producer().sendMany(to, records)
              return embedded.topics.describe(to.name)
            }),
          )
          const [mine, theirs] = sides
          if (mine === undefined || theirs === undefined) throw new Error('two sides')
          const output = { name: 'it', here: { topic: mine }, live: { topic: theirs }, topic: theirs }
          const report = await compareVersions(embedded, { here: 'b', live: 'a', outputs: [output] }, { memoryBytes })
          expect(numbersOf(partOf(report, 'it'))).toEqual(naive(one, other))
        },
      ),
      { numRuns: 25 },
    )
  })

  test('of versions with other input waits, and in the end says how far they lie apart', async () => {
    const { log, embedded } = openTestLog()
    await fill(log)
    await run(log, 'b', counting('b'))
    const app = await start(log, counting('a'), { applicationId: 'a' })
    await app.caughtUp()
    await app.close()
    await fill(log, 10)
    const live = await start(log, counting('b'), { applicationId: 'b' })
    await live.caughtUp()
    const stores = { here: 'b', live: 'a', outputs: [] }
    for (const comparing of [
      () => compare(embedded, 'b', 'a', { patienceMs: 0 }),
      () => compareVersions(embedded, stores, { patienceMs: 0 }),
    ]) {
      const error = await rejectionOf(comparing())
      expect(error).toMatchObject({ code: 'behind' })
      expect(error.message).toContain('lie 20 records apart')
    }
    const comparing = compare(embedded, 'b', 'a')
    await run(log, 'a', counting('a'))
    expect((await comparing).isEqual).toBe(true)
  })

  test('takes nothing for equal that is so at different places of the input', async () => {
    const { log, embedded } = openTestLog()
    const one = { key: 'c', value: 'x', timestamp: 1 }
    await log.producer().send(words, one)
    const doubling = await start(log, counting('b', 'c'), { applicationId: 'b' })
    await doubling.caughtUp()
    await doubling.close()
    await log.producer().send(words, one)
    await run(log, 'a', counting('a'))
    // Each has counted 2 by now.
    const versions = { here: 'b', live: 'a', outputs: [] }
    const early = compareVersions(embedded, versions, { patienceMs: 0 })
    expect(await rejectionOf(early)).toMatchObject({ code: 'behind' })
    const comparing = compareVersions(embedded, versions)
    await run(log, 'b', counting('b', 'c'))
    expect(numbersOf(partOf(await comparing, 'totals'))).toEqual([0, 0, 0, 1])
  })

  for (const [what, rest, everyRecords, rounds] of [
    ['comes and goes', 5, 2, 3],
    ['never pauses', Number.POSITIVE_INFINITY, undefined, 1],
  ] as const) {
    test(`under traffic that ${what} ends, with no difference that is none and every one that is`, async () => {
      const { log } = openTestLog()
      const own = { applicationId: 'a', commit: { everyRecords } }
      const live = await start(log, counting('a'), own)
      const same = await startReplay(log, counting('a'), { ...own, version: 'same' })
      const other = await startReplay(log, counting('a', 'c'), { ...own, version: 'other' })
      await fill(log, 10)
      await Promise.all([live, same, other].map((one) => one.caughtUp()))
      const traffic = { isOver: false }
      const producing = (async () => {
        const producer = log.producer()
        for (let i = 10; !traffic.isOver; i++) {
          const record = { key: keys[i % 10] ?? '', value: `${i}`, timestamp: i * 3 }
          await Promise.all([producer.send(words, record), producer.send(prices, record)])
          if (i % rest === 0) await turns(i % 40)
        }
      })()
      try {
        for (let i = 0; i < rounds; i++) {
          const [report, differing] = await Promise.all([same.compare(), other.compare()])
          expect([...report.stores, ...report.topics].filter(({ samples }) => samples.length > 0)).toEqual([])
          expect(report.isEqual).toBe(true)
          expect(numbersOf(partOf(differing, 'totals'))).toEqual([9, 0, 0, 1])
          expect(numbersOf(partOf(differing, 'counts-a'))).toEqual([9, 0, 0, 1])
        }
      } finally {
        traffic.isOver = true
        await producing
      }
    })
  }

  test('takes what others write to a topic for its own, ends while they do, and says of outputs that one side lacks that it does', async () => {
    const { log } = openTestLog()
    const live = await start(log, counting('a'), { applicationId: 'a' })
    const v2 = await startReplay(log, counting('a'), { applicationId: 'a' })
    const v3 = await startReplay(log, counting('b'), { applicationId: 'a', version: 'v3' })
    await fill(log, 20)
    await Promise.all([live, v2, v3].map((one) => one.caughtUp()))
    const others = ['other 0', 'other 1', 'other 2']
    const write = (): Promise<unknown> =>
      log.producer().sendMany(
        countsOf('a'),
        others.map((key, value) => ({ key, value })),
      )
    await write()
    const traffic = { isOver: false }
    const writing = (async () => {
      while (!traffic.isOver) await write()
    })()
    const report = await v2.compare({ samples: 3 }).finally(() => (traffic.isOver = true))
    await writing
    const counts = partOf(report, 'counts-a')
    expect([report.isEqual, ...numbersOf(counts)]).toEqual([false, 10, 0, 3, 0])
    expect(new Map(counts.samples.map(({ key, here }) => [key, here]))).toEqual(
      new Map(others.map((key) => [key, null])),
    )
    const { topics } = await v3.compare()
    const said = new Map(topics.map(({ name, incomparable }) => [name, incomparable]))
    expect(said.get('counts-a')).toBe('only the live version has such an output')
    expect(said.get('counts-b')).toBe('the live version has no such output')
  })

  test('lets the version go on that it has held', async () => {
    const { log } = openTestLog()
    const live = await start(log, counting('a'), { applicationId: 'a' })
    const v2 = await startReplay(log, counting('a'), { applicationId: 'a' })
    await fill(log, 10)
    await live.caughtUp()
    const comparing = v2.compare()
    await fill(log, 10)
    await live.caughtUp()
    await comparing
    await v2.caughtUp()
    expect(v2.progress()).toMatchObject({ done: 40, lag: 0 })
  })

  test('refuses options that it does not know, and versions that are not there', async () => {
    const { embedded } = openTestLog()
    const versions = { here: 'b', live: 'a', outputs: [] }
    await expect(compareVersions(embedded, versions)).rejects.toMatchObject({ code: 'application_unknown' })
    await expect(compareVersions(embedded, versions, { samples: -1 })).rejects.toMatchObject({ code: 'bad_option' })
  })
})

interface Written {
  readonly key: string
  readonly value: string | null
  readonly timestamp: number
}

/** The same by hand: equal, only here, only live, different. */
function naive(here: readonly Written[], live: readonly Written[]): number[] {
  const [mine, theirs] = [here, live].map((records) => new Map(records.map((record) => [record.key, record])))
  const counts = [0, 0, 0, 0]
  for (const key of new Set([...here, ...live].map((record) => record.key))) {
    const [one, other] = [mine, theirs].map((side) => {
      const found = side?.get(key)
      return found === undefined || found.value === null ? undefined : `${found.value}@${found.timestamp}`
    })
    if (one === undefined && other === undefined) continue
    const at = one === other ? 0 : other === undefined ? 1 : one === undefined ? 2 : 3
    counts[at] = (counts[at] ?? 0) + 1
  }
  return counts
}
