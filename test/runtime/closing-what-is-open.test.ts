// What is open closes without a later record where that is asked for: at the end of a bounded input, or when a task is idle.
import {
  int64,
  JoinWindows,
  ManualClock,
  nullable,
  SessionWindows,
  SlidingWindows,
  startStreams,
  string,
  TimeWindows,
  topic,
  type Topology,
} from 'millrace'
import { describe, expect, test } from 'vitest'
import { start, turns, until } from '../support/applications.ts'
import { collect } from '../support/collect.ts'
import { openTestLog } from '../support/open.ts'
import { briefly, input, topologyOf, type Script } from '../support/topology.ts'

const other = topic('other', { key: string(), value: string() })
const results = topic('results', { key: string(), value: nullable(string()) })
const minute = TimeWindows.of({ size: 60, grace: 20 })

type Builder = Parameters<Script>[0]
const grouped = (builder: Builder) => builder.stream(input).groupByKey()
const shown = ({ key, value }: { key: { key: string; window: { start: number } }; value: unknown }) => ({
  key: `${key.key} ${key.window.start}`,
  value: JSON.stringify(value),
})

/** Each writes final results only, which no record of the input makes final. */
const kinds: Readonly<Record<string, { readonly script: Script; readonly expected: readonly string[] }>> = {
  'windows on close': {
    script: (builder) =>
      grouped(builder).windowedBy(minute).emitStrategy('onWindowClose').count().toStream().map(shown).to(results),
    expected: ['a 0=2@30', 'b 60=1@70'],
  },
  'sliding windows on close': {
    script: (builder) =>
      grouped(builder)
        .windowedBy(SlidingWindows.of({ difference: 50, grace: 100 }))
        .emitStrategy('onWindowClose')
        .count()
        .toStream()
        .map(shown)
        .to(results),
    expected: ['a 0=2@30', 'a 11=1@30', 'b 20=1@70'],
  },
  'sessions on close': {
    script: (builder) =>
      grouped(builder)
        .windowedBy(SessionWindows.of({ gap: 45 }))
        .emitStrategy('onWindowClose')
        .count()
        .toStream()
        .map(shown)
        .to(results),
    expected: ['a 10=2@30', 'b 70=1@70'],
  },
  'suppressed windows': {
    script: (builder) =>
      grouped(builder)
        .windowedBy(minute)
        .count()
        .suppress({ untilWindowCloses: true })
        .toStream()
        .map(shown)
        .to(results),
    expected: ['a 0=2@30', 'b 60=1@70'],
  },
  'rows that have no partner': {
    script: (builder) =>
      builder
        .stream(input)
        .leftJoin(builder.stream(other), (left, right) => `${left}+${right}`, {
          window: JoinWindows.of({ difference: 1_000 }),
        })
        .to(results),
    expected: ['a=x+null@10', 'a=y+null@30', 'b=z+null@70'],
  },
  'windows of what was regrouped after a close': {
    script: (builder) =>
      grouped(builder)
        .windowedBy(minute)
        .emitStrategy('onWindowClose')
        .count()
        .toStream()
        .groupBy(() => 'all', { key: string(), value: nullable(int64()) })
        .windowedBy(TimeWindows.of({ size: 1_000 }))
        .emitStrategy('onWindowClose')
        .count()
        .toStream()
        .map(shown)
        .to(results),
    expected: ['all 0=2@70'],
  },
}

async function logWithInput() {
  const { log } = openTestLog()
  const producer = log.producer()
  const send = (key: string, value: string, timestamp: number) => producer.send(input, { key, value, timestamp })
  await send('a', 'x', 10)
  await send('a', 'y', 30)
  await send('b', 'z', 70)
  const written = async () => briefly(await collect(log.read(results)))
  return { log, send, written }
}

describe.each(Object.entries(kinds))('%s', (_, { script, expected }) => {
  test('give their results at the end of a bounded input, once, and the application closes', async () => {
    const { log, written } = await logWithInput()
    const topology = topologyOf(script)
    const app = await startStreams(topology, { log, applicationId: 'app', until: 'end' })
    await app.stopped
    expect(app.state).toBe('closed')
    expect(await written()).toEqual(expected)
    await (
      await startStreams(topology, { log, applicationId: 'app', until: 'end' })
    ).stopped
    expect(await written()).toEqual(expected)
  })

  test('give them when no record has come for so long, and what comes then is late', async () => {
    const { log, send, written } = await logWithInput()
    const clock = new ManualClock(0)
    const app = await start(log, topologyOf(script), { clock, idleTimeoutMs: 500 })
    await app.caughtUp()
    clock.advance(499)
    await turns(10)
    await app.caughtUp()
    expect(await written()).toEqual([])
    // A task that only another one feeds is idle anew when that one has closed.
    for (let i = 0; i < 3; i++) {
      clock.advance(500)
      await turns(10)
    }
    await until(async () => (await written()).length === expected.length)
    expect(await written()).toEqual(expected)
    await send('a', 'late', 40)
    await app.caughtUp()
    clock.advance(5_000)
    await turns(10)
    expect(await written()).toEqual(expected)
    expect(Object.values(app.metrics().dropped)).toEqual([{ late: 1 }])
  })
})

describe('a bounded run', () => {
  const copying: Topology = topologyOf((builder) => builder.stream(input).to(results))

  test('reads what is there when it starts, and nothing that comes meanwhile', async () => {
    const { log, send, written } = await logWithInput()
    const app = await startStreams(copying, { log, applicationId: 'app', until: 'end' })
    const caughtUp = app.caughtUp()
    await send('c', 'later', 5)
    await Promise.all([caughtUp, app.stopped])
    expect(await written()).toEqual(['a=x@10', 'a=y@30', 'b=z@70'])
    await (
      await startStreams(copying, { log, applicationId: 'app', until: 'end' })
    ).stopped
    expect(await written()).toEqual(['a=x@10', 'a=y@30', 'b=z@70', 'c=later@5'])
  })

  test('of an empty input ends at once', async () => {
    const { log } = openTestLog()
    const app = await startStreams(copying, { log, applicationId: 'app', until: 'end' })
    await app.stopped
    expect(app.metrics().consumed).toEqual({})
  })

  test('fails as any other does', async () => {
    const { log } = await logWithInput()
    const failing = topologyOf((builder) =>
      builder.stream(input).foreach(() => {
        throw new Error('no')
      }),
    )
    const app = await startStreams(failing, { log, applicationId: 'app', until: 'end' })
    await expect(app.stopped).rejects.toMatchObject({ code: 'user_function_threw' })
  })
})

test('time that idleness has moved stays where it is until a record moves it: it does not creep', async () => {
  const { log, send } = await logWithInput()
  const clock = new ManualClock(0)
  const script: Script = (builder) => grouped(builder).windowedBy(minute).count({ name: 'counted' })
  const app = await start(log, topologyOf(script), { clock, idleTimeoutMs: 500 })
  await app.caughtUp()
  const idle = async (): Promise<number | undefined> => {
    clock.advance(600)
    await turns(10)
    await app.caughtUp()
    return app.metrics().streamTimes['counted/0']
  }
  expect(await idle()).toBe(140)
  await send('a', 'late', 50)
  await app.caughtUp()
  expect(await idle()).toBe(140)
  await send('a', 'on time', 145)
  await app.caughtUp()
  expect(await idle()).toBe(200)
})
