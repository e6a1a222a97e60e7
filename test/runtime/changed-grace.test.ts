// Grace and retention may change: what is closed stays closed, and what is open closes once, with everything it took.
import fc from 'fast-check'
import {
  int64,
  JoinWindows,
  json,
  type KTable,
  SessionWindows,
  sessionWindowed,
  SlidingWindows,
  string,
  TimeWindows,
  topic,
  type Topology,
  type Windowed,
  windowed,
  windowStore,
} from 'millrace'
import { describe, expect, test } from 'vitest'
import { start } from '../support/applications.ts'
import { collect } from '../support/collect.ts'
import { type OpenedLog, openTestLog } from '../support/open.ts'
import { input, type Script, topologyOf } from '../support/topology.ts'

const size = 10
const right = topic('right', { key: string(), value: string() })
const results = topic('results', { key: windowed(string(), { size }), value: int64() })
const ends = topic('ends', { key: sessionWindowed(string()), value: int64() })
const joined = topic('joined', { key: string(), value: json<readonly [string, string | null]>() })

interface Event {
  readonly side: 'left' | 'right'
  readonly timestamp: number
}

/** Works off events under one grace, then the others under another, and closes everything at the end. */
async function change(
  { log }: OpenedLog,
  before: readonly Event[],
  after: readonly Event[],
  topologies: readonly [Topology, Topology],
): Promise<void> {
  const producer = log.producer()
  let count = 0
  for (const [at, events] of [before, after].entries()) {
    await Promise.all(
      events.map(({ side, timestamp }) =>
        producer.send(side === 'left' ? input : right, { key: 'k', value: String(count++), timestamp }),
      ),
    )
    const app = await start(log, topologies[at] as Topology, at === 1 ? { until: 'end' } : {})
    if (at === 1) await app.stopped
    else await app.caughtUp()
    await app.close()
  }
}

/** How many records each window takes, by when it closes. */
function taken(
  before: readonly Event[],
  after: readonly Event[],
  graces: readonly [number, number],
): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  let time = -1
  for (const [at, events] of [before, after].entries()) {
    const grace = graces[at] as number
    // A longer grace opens nothing again.
    if (at === 1 && time >= 0) time += Math.max(0, graces[1] - graces[0])
    for (const { timestamp } of events) {
      time = Math.max(time, timestamp)
      const from = timestamp - (timestamp % size)
      if (from + size + grace > time) counts[from] = (counts[from] ?? 0) + 1
    }
  }
  return counts
}

const graceOf = fc.integer({ min: 0, max: 30 })
const eventsOf = (sides: readonly Event['side'][]): fc.Arbitrary<readonly Event[]> =>
  fc.array(fc.record({ side: fc.constantFrom(...sides), timestamp: fc.integer({ min: 0, max: 60 }) }), {
    maxLength: 12,
  })
const halves = (...sides: readonly Event['side'][]) =>
  [eventsOf(sides), eventsOf(sides), fc.tuple(graceOf, graceOf)] as const

const final = (grace: number): Script => {
  return (builder) => {
    const grouped = builder.stream(input).groupByKey()
    const windows = grouped.windowedBy(TimeWindows.of({ size, grace })).emitStrategy('onWindowClose')
    withoutDeletes(windows.count({ name: 'counts' })).to(results)
  }
}
const suppressed = (grace: number): Script => {
  return (builder) => {
    const windows = builder.stream(input).groupByKey().windowedBy(TimeWindows.of({ size, grace }))
    const counts = windows.count({ name: 'counts' })
    withoutDeletes(counts.suppress({ untilWindowCloses: true, name: 'wait' })).to(results)
  }
}
const withoutDeletes = (table: KTable<Windowed<string>, number, 'both'>) => table.toStream({ deletes: 'drop' })

describe('another grace', () => {
  test.each([
    ['of an aggregation that emits on close', final],
    ['before a suppress', suppressed],
  ])('%s: each window gives one result, with what it took', async (_what, script) => {
    await fc.assert(
      fc.asyncProperty(...halves('left'), async (before, after, graces) => {
        const opened = openTestLog()
        await change(opened, before, after, [topologyOf(script(graces[0])), topologyOf(script(graces[1]))])
        const found = await collect(opened.log.read(results))
        const expected = taken(before, after, graces)
        expect(Object.fromEntries(found.map(({ key, value }) => [key?.window.start, value]))).toEqual(expected)
        expect(found).toHaveLength(Object.keys(expected).length)
        await opened.log.close()
      }),
      { numRuns: 6 },
    )
  })

  test.each(['join', 'leftJoin', 'outerJoin'] as const)(
    'of a %s of streams: a record comes out alone at most once, and none is lost',
    async (verb) => {
      const script = (grace: number): Script => {
        return (builder) => {
          const window = JoinWindows.of({ difference: 5, grace })
          const options = { window, name: 'pairs' }
          const left = builder.stream(input)
          const other = builder.stream(right)
          const pair = (one: string | null, two: string | null): readonly [string, string | null] => [String(one), two]
          const pairs =
            verb === 'join'
              ? left.join(other, pair, options)
              : verb === 'leftJoin'
                ? left.leftJoin(other, pair, options)
                : left.outerJoin(other, pair, options)
          pairs.to(joined)
        }
      }
      await fc.assert(
        fc.asyncProperty(...halves('left', 'right'), async (before, after, graces) => {
          const opened = openTestLog()
          await change(opened, before, after, [topologyOf(script(graces[0])), topologyOf(script(graces[1]))])
          const found = (await collect(opened.log.read(joined))).map(({ value }) => value)
          const comesAlone = ([one, two]: readonly [string, string | null]): boolean => one === 'null' || two === null
          const alone = found.filter(comesAlone).map(([one, two]) => (one === 'null' ? two : one))
          const paired = new Set(found.filter((value) => !comesAlone(value)).flat())
          expect(new Set(alone).size).toBe(alone.length)
          const events = [...before, ...after]
          const met = events.filter(({ side }, at) => {
            return (verb === 'outerJoin' || side === 'left') && (paired.has(String(at)) || alone.includes(String(at)))
          })
          const app = opened.embedded.applications.progress('app')
          const late = app
            .map(({ progress }) => String(progress))
            .join()
            .matchAll(/"late":(\d+)/g)
          const lateCount = [...late].reduce((sum, [, count]) => sum + Number(count), 0)
          const able = events.filter(({ side }) => verb === 'outerJoin' || side === 'left')
          if (verb !== 'join') expect(met.length + lateCount).toBeGreaterThanOrEqual(able.length)
          await opened.log.close()
        }),
        { numRuns: 5 },
      )
    },
  )

  test.each(['sessions', 'sliding windows'] as const)(
    'of %s that emit on close: no window comes twice',
    async (kind) => {
      const script = (grace: number): Script => {
        return (builder) => {
          const grouped = builder.stream(input).groupByKey()
          if (kind === 'sessions') {
            const sessions = grouped.windowedBy(SessionWindows.of({ gap: 5, grace })).emitStrategy('onWindowClose')
            sessions.count({ name: 'c' }).toStream({ deletes: 'drop' }).to(ends)
          } else {
            const sliding = grouped.windowedBy(SlidingWindows.of({ difference: size, grace }))
            withoutDeletes(sliding.emitStrategy('onWindowClose').count({ name: 'c' })).to(results)
          }
        }
      }
      await fc.assert(
        fc.asyncProperty(...halves('left'), async (before, after, graces) => {
          const opened = openTestLog()
          await change(opened, before, after, [topologyOf(script(graces[0])), topologyOf(script(graces[1]))])
          const found = await collect(kind === 'sessions' ? opened.log.read(ends) : opened.log.read(results))
          const names = found.map(({ key }) => JSON.stringify(key))
          expect(new Set(names).size).toBe(names.length)
          if (before.length + after.length > 0) expect(found.length).toBeGreaterThan(0)
          await opened.log.close()
        }),
        { numRuns: 4 },
      )
    },
  )
})

test('another retention leaves rows where they are, and holds from the next start on', async () => {
  const { log } = openTestLog()
  const store = windowStore('c', { key: string(), value: int64() })
  const counting = (retentionMs: number): Topology =>
    topologyOf((builder) =>
      builder
        .stream(input)
        .groupByKey()
        .windowedBy(SlidingWindows.of({ difference: 1_000 }))
        .count({ store, retentionMs, name: 'c' }),
    )
  const producer = log.producer()
  const startsOf = async (retentionMs: number, timestamp: number): Promise<readonly number[]> => {
    await producer.send(input, { key: 'a', value: 'x', timestamp })
    const app = await start(log, counting(retentionMs))
    await app.caughtUp()
    const rows = [...app.store(store).fetch('a', { from: 0 })].map(({ key }) => key.window.start)
    expect([...log.store('app', store).fetch('a', { from: 0 })].map(({ key }) => key.window.start)).toEqual(rows)
    await app.close()
    return rows
  }
  expect(await startsOf(100_000, 10_000)).toEqual([9_000])
  expect(await startsOf(100_000, 50_000)).toEqual([9_000, 49_000])
  expect(await startsOf(20_000, 60_000)).toEqual([49_000, 59_000])
  // What has expired may still be there.
  expect((await startsOf(1_000_000, 70_000)).slice(-3)).toEqual([49_000, 59_000, 69_000])
  expect((await log.admin.verify()).problems).toEqual([])
})
