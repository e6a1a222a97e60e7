// Two runs of one topology over the same records: what follows from the records alone is the same, whatever the clock, the
// commits, the memory and the restarts; and what does not is found, in the operator where it begins.
import { randomUUID } from 'node:crypto'
import {
  int64,
  json,
  keyValueStore,
  type KStream,
  type Log,
  minutes,
  seconds,
  StreamsBuilder,
  string,
  TimeWindows,
  topic,
  type Topology,
  windowed,
} from 'millrace'
import { formatTwice, twice, type TwiceOptions, type TwiceReport } from 'millrace/testing'
import { scan } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { openTestLog } from '../support/open.ts'
import { rejectionOf } from '../support/thrown.ts'

interface Click {
  readonly page: string
  readonly bytes: number
}

const clicks = topic('clicks', { key: string(), value: json<Click>(), partitions: 2 })
const results = topic('results', { key: string(), value: json<unknown>(), partitions: 2 })
const perMinute = topic('per-minute', { key: windowed(string(), { size: minutes(1) }), value: int64(), partitions: 2 })

async function logOf(count: number): Promise<Log> {
  const { log } = openTestLog()
  const records = Array.from({ length: count }, (_, i) => ({
    key: `10.0.0.${i % 7}`,
    value: { page: `/${i % 5}`, bytes: i },
    timestamp: i * 100,
  }))
  await log.producer().sendMany(clicks, records)
  return log
}

type Clicks = KStream<string, Click>

function topologyOf(build: (stream: Clicks, builder: StreamsBuilder) => void): Topology {
  const builder = new StreamsBuilder()
  build(builder.stream(clicks), builder)
  return builder.build()
}

/** What comes of values that a function makes. */
const mapped = (fn: (click: Click, at: number) => unknown): Topology => {
  let calls = 0
  return topologyOf((stream) =>
    stream
      .filter(() => true, { name: 'before' })
      .mapValues(({ value }) => fn(value, calls++), { name: 'made' })
      .filter(() => true, { name: 'after' })
      .to(results),
  )
}

async function run(topology: Topology, options: Partial<TwiceOptions> = {}, count = 240): Promise<TwiceReport> {
  return twice(topology, { log: await logOf(count), ...options })
}

const causesOf = ({ hints }: TwiceReport): string[] => hints.map(({ cause }) => cause)

describe('what follows from the records alone is the same', () => {
  test('through regroupings, windows that close at the end, tables, stores of processors and timers by stream time', async () => {
    const totals = keyValueStore('totals', { key: string(), value: int64() })
    const topology = topologyOf((stream) => {
      const pages = stream.groupBy(({ value }) => value.page, { key: string() })
      pages
        .windowedBy(TimeWindows.of({ size: minutes(1), grace: seconds(1) }))
        .emitStrategy('onWindowClose')
        .count()
        .toStream()
        .to(perMinute)
      stream
        .process<string, unknown>(
          (context) => {
            const store = context.store(totals)
            context.schedule(seconds(3), 'streamTime', (now) => context.forward({ key: 'timer', value: now }))
            return {
              process({ key, value }) {
                const total = (store.get(key) ?? 0) + value.bytes
                store.put(key, total)
                context.forward({ key, value: { total } })
              },
            }
          },
          { stores: [totals] },
        )
        .to(results)
    })
    const report = await run(topology, {}, 1_200)
    expect(report).toMatchObject({ same: true, records: 1_200, output: null, operator: null, hints: [], marked: null })
    expect(report.outputs).toBeGreaterThan(1_200)
    expect(report.restarts).toBeGreaterThan(3)
    expect(formatTwice(report)).toContain('the same over 1200 source records')
  })

  test('of what fails, too', async () => {
    const topology = topologyOf((stream) =>
      stream
        .mapValues(({ value }) => {
          if (value.bytes % 10 === 3) throw new Error('a bad one')
          return value.bytes
        })
        .to(results),
    )
    expect(await run(topology, { onError: 'deadLetter' })).toMatchObject({ same: true, records: 240, outputs: 240 })
    expect(await rejectionOf(run(topology))).toMatchObject({ code: 'user_function_threw' })
  })
})

describe('what does not is found, with the operator and the cause', () => {
  const pages = ['/a', '/b', '/c', '/d', '/e', '/f']
  let turn = 0
  const turned = (): string[] => {
    turn = (turn + 1) % 6
    return [...pages.slice(turn), ...pages.slice(0, turn)]
  }
  test.each<readonly [what: string, cause: string, fn: (click: Click, at: number) => unknown]>([
    [
      'the time of the machine',
      'wallClock',
      ({ page }) => ({ page, at: Date.now() + (Math.floor(performance.now() * 1e3) % 1_000) }),
    ],
    ['the time as text', 'wallClock', (_, at) => new Date(Date.now() + at).toISOString()],
    ['a random number', 'random', ({ page }) => ({ page, dice: Math.random() })],
    ['a new id', 'random', ({ page }) => ({ page, id: randomUUID() })],
    ['the order of a Set', 'orderOfMembers', () => ({ pages: [...new Set(turned())] })],
    ['the order of keys', 'orderOfKeys', () => Object.fromEntries(turned().map((page) => [page, 1]))],
  ])('%s', async (_, cause, fn) => {
    const report = await run(mapped(fn))
    expect(report).toMatchObject({ same: false, operator: { operator: 'made', verb: 'mapValues' }, marked: null })
    expect(report.output?.topic).toBe('results')
    expect(causesOf(report)[0]).toBe(cause)
    expect(report.operator?.first?.value).not.toEqual(undefined)
    expect(formatTwice(report)).toMatch(/^DIFFERENT/)
    expect(formatTwice(report)).toContain('it began in made (mapValues)')
  })

  test('a decision that one run takes otherwise', async () => {
    let calls = 0
    const topology = topologyOf((stream) =>
      stream
        .filter(() => calls++ !== 300, { name: 'dice' })
        .mapValues(({ value }) => value.bytes)
        .to(results),
    )
    const report = await run(topology)
    expect(report).toMatchObject({ same: false, operator: { operator: 'dice' } })
    expect(report.output).not.toBeNull()
  })

  test('a timer by the wall clock', async () => {
    const topology = topologyOf((stream) =>
      stream
        .process<string, unknown>(
          (context) => {
            context.schedule(seconds(10), 'wallClock', () => context.forward({ key: 'timer', value: 'tick' }))
            return { process: ({ key, value }) => context.forward({ key, value: value.page }) }
          },
          { name: 'ticking' },
        )
        .to(results),
    )
    const report = await run(topology)
    expect(report).toMatchObject({ same: false, operator: { operator: 'ticking' } })
    expect(causesOf(report)[0]).toBe('wallClock')
  })

  test('what an operator of RxJS remembers, which a restart loses', async () => {
    const topology = topologyOf((stream) =>
      stream
        .pipe(scan((before, one) => ({ ...one, value: { ...one.value, bytes: before.value.bytes + 1 } })))
        .to(results),
    )
    const report = await run(topology)
    expect(report).toMatchObject({ same: false, operator: { verb: 'pipe' } })
    expect(causesOf(report)).toContain('memory')
    expect(await run(topology, { restarts: false })).toMatchObject({ same: true, restarts: 0 })
  })

  test('a serde that writes other bytes each time, where no operator differs', async () => {
    const odd = { name: 'odd', encode: (text: string) => Buffer.from(text + Math.random()), decode: String }
    const topology = topologyOf((stream) =>
      stream.mapValues(({ value }) => value.page).to(topic('odd', { key: string(), value: odd })),
    )
    const report = await run(topology)
    expect(report).toMatchObject({ same: false, operator: null, output: { topic: 'odd', offset: 0 } })
    expect(causesOf(report)[0]).toBe('serde')
  })

  test('in an aggregate, at the operator and not where it comes out', async () => {
    const topology = topologyOf((stream) =>
      stream
        .mapValues(({ value }) => value.bytes + (value.bytes === 7 ? Math.random() : 0), { name: 'dice' })
        .groupByKey({ value: json<number>() })
        .reduce((sum, more) => sum + more)
        .toStream()
        .to(results),
    )
    const report = await run(topology)
    expect(report.operator).toMatchObject({ operator: 'dice', index: expect.any(Number) })
    expect(causesOf(report)).toEqual(['random'])
  })
})

describe('calls', () => {
  const calling = (fn: (click: Click) => unknown): Topology =>
    topologyOf((stream) =>
      stream
        .mapAsync(({ value }) => fn(value), { name: 'ask', concurrency: 4 })
        .mapValues(({ value }) => value)
        .to(topic('answers', { key: string(), value: json<unknown>() })),
    )

  test('are refused unless something is said of them', async () => {
    expect(await rejectionOf(run(calling(() => 1)))).toMatchObject({ code: 'effects_undecided', operator: 'ask' })
    const looking = topologyOf((stream) => stream.foreach(() => undefined))
    expect(await rejectionOf(run(looking))).toMatchObject({ code: 'effects_undecided' })
  })

  test('are made, left out, or answered by a function', async () => {
    let made = 0
    const topology = calling(async ({ bytes }) => {
      await Promise.resolve()
      made++
      return bytes
    })
    expect(await run(topology, { effects: 'run' }, 50)).toMatchObject({ same: true, records: 50, outputs: 50 })
    expect(made).toBeGreaterThanOrEqual(100)
    made = 0
    expect(await run(topology, { effects: 'skip' }, 50)).toMatchObject({ same: true, records: 50, outputs: 0 })
    expect(await run(topology, { effects: ({ key }) => key }, 50)).toMatchObject({ same: true, outputs: 50 })
    expect(made).toBe(0)
  })

  test('whose answers differ are found', async () => {
    let answers = 0
    const report = await run(
      calling(() => answers++),
      { effects: 'run' },
      50,
    )
    expect(report).toMatchObject({ same: false, operator: { operator: 'ask' } })
    expect(causesOf(report)[0]).toBe('asyncCalls')
  })
})

describe('the range', () => {
  test('begins and ends where it is told, and the log is only read', async () => {
    const log = await logOf(100)
    const before = await log.admin.endOffsets(clicks)
    const topology = topologyOf((stream) => stream.mapValues(({ value }) => value.bytes).to(results))
    const counted = async (options: Partial<TwiceOptions>): Promise<number> =>
      (await twice(topology, { log, ...options })).records
    expect(await counted({})).toBe(100)
    expect(await counted({ from: { time: 5_000 } })).toBe(50)
    expect(await counted({ from: { time: 5_000 }, to: { time: 7_000 } })).toBe(20)
    const [end = 0] = before
    expect(await counted({ from: [{ topic: 'clicks', partition: 0, offset: end - 1 }] })).toBe(101 - end)
    expect(await counted({ to: [{ topic: 'clicks', partition: 0, offset: 1 }] })).toBe(101 - end)
    expect(await counted({ from: { ago: 1 } })).toBe(0)
    expect(await log.admin.endOffsets(clicks)).toEqual(before)
    expect((await log.admin.listTopics()).map(({ name }) => name)).toEqual(['clicks'])
    expect(await log.admin.groups()).toEqual([])
  })

  test('is in topics that the topology reads and that exist', async () => {
    const { log } = openTestLog()
    const topology = topologyOf((stream) => stream.to(results))
    expect(await rejectionOf(twice(topology, { log }))).toMatchObject({ code: 'topic_unknown', topic: 'clicks' })
    await log.admin.createTopic(clicks)
    const from = [{ topic: 'clicks', partition: 7, offset: 0 }]
    expect(await rejectionOf(twice(topology, { log, from }))).toMatchObject({ code: 'bad_option' })
  })
})
