// Live updates: one sample for all who watch, only what has changed, and no burden from those who are slow.
import type { ServerResponse } from 'node:http'
import { Writable } from 'node:stream'
import { type Log, MillraceError, string, topic } from 'millrace'
import { describe, expect, test, vi } from 'vitest'
import { ManualClock } from '../../src/core/clock.ts'
import { eventBlock, EventSink } from '../../src/dashboard/event-sink.ts'
import { History, Rates } from '../../src/dashboard/history.ts'
import { beginLive } from '../../src/dashboard/live.ts'
import type { Question } from '../../src/dashboard/router.ts'
import { Turnstile } from '../../src/dashboard/turnstile.ts'
import type { LiveEvent, PartName, TailView } from '../../src/dashboard/views.ts'
import { type Change, Watch, type Watcher } from '../../src/dashboard/watch.ts'
import { start, turns, until } from '../support/applications.ts'
import { type SentEvent, describing, events, openDashboard } from '../support/dashboards.ts'
import { openTestLog } from '../support/open.ts'
import { topologyOf } from '../support/topology.ts'
import { words } from '../support/topics.ts'

const copying = topologyOf((builder) => builder.stream(words).to(topic('copied', { key: string(), value: string() })))

async function send(log: Log, count: number, key: string = 'k'): Promise<void> {
  await log.producer().sendMany(
    words,
    Array.from({ length: count }, (_, at) => ({ key, value: `word ${at}`, timestamp: at })),
  )
}

async function nextOf<T>(source: AsyncGenerator<SentEvent<T>>): Promise<SentEvent<T>> {
  const { value } = await source.next()
  if (value === undefined) throw new Error('the events have ended')
  return value
}

describe('what is live', () => {
  test('comes whole at first, then as far as it has changed, and what is deleted goes', async () => {
    const clock = new ManualClock(10_000)
    const { log } = openTestLog(undefined, { clock })
    await send(log, 3)
    await log.admin.createTopic({ name: 'quiet' })
    const app = await start(log, copying, { applicationId: 'copy' })
    await app.caughtUp()
    const opened = await openDashboard(log, { clock })
    const live = events<LiveEvent>(opened, '/api/live')
    const first = await nextOf(live)
    expect(first).toMatchObject({ event: 'parts', data: { isAll: true, gone: [] } })
    expect(first.data.parts).toMatchObject({
      'application/copy/v1': { state: 'running', consumed: 3, rate: null, lag: 0 },
      'topic/words': { records: 3 },
      'topic/quiet': { records: 0 },
    })
    expect(Object.keys(first.data.parts).filter((name) => /^(detail|shape)/.test(name))).toEqual([])
    await send(log, 20)
    await app.caughtUp()
    await log.admin.deleteTopic('quiet')
    let changed = await nextOf(live)
    while (!changed.data.gone.includes('topic/quiet')) {
      clock.advance(1_000)
      changed = await nextOf(live)
    }
    expect(changed.data.isAll).toBe(false)
    expect(changed.data.parts).toMatchObject({
      'application/copy/v1': { consumed: 23 },
      'topic/words': { records: 23 },
    })
    await live.return()
  })

  test('of one version, with its shape, is sent to those who ask for it', async () => {
    const { log } = openTestLog()
    const app = await start(log, copying, { applicationId: 'copy' })
    await app.caughtUp()
    const opened = await openDashboard(log)
    const live = events<LiveEvent>(opened, '/api/live?detail=copy/v1')
    const { data } = await nextOf(live)
    expect(data.parts['shape/copy/v1']).toEqual(copying.describe({ format: 'json' }))
    expect(data.parts['detail/copy/v1']).toMatchObject({ reads: ['words'], writes: [] })
    await live.return()
  })

  test('is read once for all who watch, and seldom while no one does', async () => {
    const clock = new ManualClock(10_000)
    const { log } = openTestLog(undefined, { clock })
    const samples = vi.spyOn(log.admin, 'stats')
    const opened = await openDashboard(log, { clock })
    expect(samples).toHaveBeenCalledTimes(1)
    for (let second = 0; second < 10; second++) {
      clock.advance(1_000)
      await turns(50)
    }
    expect(samples).toHaveBeenCalledTimes(3)
    const all = Array.from({ length: 20 }, () => events<LiveEvent>(opened, '/api/live'))
    await Promise.all(all.map(nextOf))
    await until(() => samples.mock.calls.length === 4)
    await turns(50)
    clock.advance(1_000)
    await until(() => samples.mock.calls.length === 5)
    await Promise.all(all.map(nextOf))
    expect(samples).toHaveBeenCalledTimes(5)
    await Promise.all(all.map((live) => live.return()))
  })

  test('takes a small part of the time, however long a look at the log takes', async () => {
    const clock = new ManualClock(10_000)
    const { log } = openTestLog(undefined, { clock })
    const stats = log.admin.stats.bind(log.admin)
    let tookMs = 0
    vi.spyOn(log.admin, 'stats').mockImplementation(() => {
      clock.advance(tookMs)
      return stats()
    })
    const watch = new Watch(log, clock)
    let seen = 0
    watch.watch(() => seen++)
    const looked = async (times: number): Promise<void> => {
      await until(() => seen >= times)
      await turns(5)
      expect(seen).toBe(times)
    }
    await looked(1)
    let pauseMs = 1_000
    for (const [took, next] of [
      [50, 2_000],
      [1_000, 5_000],
      [0, 1_000],
      [0, 1_000],
    ] as const) {
      const before = seen
      tookMs = took
      clock.advance(pauseMs - 1)
      await looked(before)
      clock.advance(1)
      await looked(before + 1)
      pauseMs = next
    }
    await watch.close()
  })

  test.each([
    ['stats', new Error('the disk is gone')],
    ['describeApplications', new MillraceError('format_unknown', 'of a later version')],
  ] as const)('says that the log cannot be read by %s, and goes on when it can be again', async (act, error) => {
    const clock = new ManualClock(10_000)
    const { log } = openTestLog(undefined, { clock })
    await send(log, 3)
    const app = await start(log, copying, { applicationId: 'copy' })
    await app.caughtUp()
    const opened = await openDashboard(log, { clock })
    const live = events<LiveEvent>(opened, '/api/live')
    await nextOf(live)
    await nextOf(live) // one more sample at once, because someone watches now
    const broken = vi.spyOn(log.admin, act).mockImplementationOnce(() => {
      throw error
    })
    clock.advance(1_000)
    expect((await nextOf(live)).data.parts).toMatchObject({ troubles: [{ level: 'broken', at: '/' }] })
    broken.mockRestore()
    clock.advance(1_000)
    expect((await nextOf(live)).data.parts).toMatchObject({ troubles: [] })
    await live.return()
  })
})

test('an application that stood still is no trouble from the moment that it is deleted', async () => {
  const clock = new ManualClock(0)
  const { log } = openTestLog(undefined, { clock })
  const app = await start(log, copying, { applicationId: 'copy' })
  await app.caughtUp()
  await send(log, 3)
  // As a function that does not return looks from outside.
  const found = await log.admin.describeApplication('copy', { version: 'v1', stores: false })
  const [at] = found.positions
  if (at === undefined) throw new Error('it has a position')
  const { topic: name, partition, offset } = at
  const standstill = { kind: 'hangs', topic: name, partition, offset, forMs: 60_000, calls: {} } as const
  const described = vi
    .spyOn(log.admin, 'describeApplications')
    .mockImplementation(describing({ ...found, state: 'running', standstill }))
  const watch = new Watch(log, clock)
  await watch.sample()
  expect(watch.now.parts.get('troubles')).toContain('words/0 @ ')
  described.mockRestore()
  await app.close()
  await log.admin.deleteApplication('copy')
  clock.advance(1_000)
  await watch.sample()
  expect(watch.now.parts.get('troubles')).toBe('[]')
  await watch.close()
})

describe('a browser that is slow', () => {
  test('is let go at the end, which it would not take', () => {
    const socket = new Writable({ highWaterMark: 10, write: () => undefined })
    const response = Object.assign(socket, { writeHead: () => socket }) as unknown as ServerResponse
    const sink = new EventSink(response, new ManualClock(0))
    expect(sink.isReady).toBe(false)
    sink.close()
    expect(socket.destroyed).toBe(true)
  })

  test('is sent nothing until it has taken the last event, and is let go when it takes nothing', async () => {
    const clock = new ManualClock(0)
    const taken: string[] = []
    let take: () => void = () => undefined
    const socket = new Writable({
      highWaterMark: 10,
      decodeStrings: false,
      write(chunk: Buffer | string, _, done) {
        taken.push(String(chunk))
        take = done
      },
    })
    const sink = new EventSink(Object.assign(socket, { writeHead: () => socket }) as unknown as ServerResponse, clock)
    const ready = vi.fn()
    sink.onReady = ready
    expect(sink.send(eventBlock('parts', '"lost"'))).toBe(false)
    take()
    await turns(2)
    expect([ready.mock.calls.length, sink.isReady]).toEqual([1, true])
    expect([1, 2].map((at) => sink.send(eventBlock('parts', `${at}`)))).toEqual([true, false])
    expect(taken.join('')).toBe('retry: 2000\n\nevent: parts\ndata: 1\n\n')
    clock.advance(29_000)
    expect(socket.destroyed).toBe(false)
    clock.advance(16_000)
    expect([socket.destroyed, sink.isReady]).toEqual([true, false])
  })
})

test('a browser that missed what has changed gets everything again, and only what it asked for', async () => {
  const a = (records: number): Change => ({
    atMs: 1,
    parts: new Map<PartName, string>([
      ['topic/a', JSON.stringify({ records })],
      ['detail/app/v1', '{}'],
      ['detail/app/v2', '{}'],
    ]),
    gone: [],
  })
  let change: (parts: ReadonlyMap<PartName, string>) => void = () => undefined
  const watch = {
    now: a(1),
    watch(watcher: Watcher) {
      change = (changed) => watcher({ atMs: 2, parts: changed, gone: [] })
      return () => undefined
    },
  }
  let isReady = true
  const sent: LiveEvent[] = []
  const sink = {
    get isReady() {
      return isReady
    },
    send: (block: Buffer) => sent.push(JSON.parse(String(block).split('data: ')[1] ?? '') as LiveEvent) > 0,
    onReady: () => undefined,
  } as unknown as EventSink & { onReady: () => void }
  const query = new URLSearchParams({ detail: 'app/v1' })
  const begin = await beginLive({ watch, query } as unknown as Question)
  begin(sink)
  change(new Map([['topic/a', '{"records":2}']]))
  isReady = false
  change(new Map([['topic/a', '{"records":3}']]))
  watch.now = a(4)
  isReady = true
  change(new Map([['detail/app/v2', '{"no":1}']]))
  isReady = false
  change(new Map([['topic/a', '{"records":5}']]))
  watch.now = a(5)
  isReady = true
  sink.onReady()
  expect(sent.map(({ isAll, parts: some }) => [isAll, some])).toEqual([
    [true, { 'topic/a': { records: 1 }, 'detail/app/v1': {} }],
    [false, { 'topic/a': { records: 2 } }],
    [true, { 'topic/a': { records: 4 }, 'detail/app/v1': {} }],
    [true, { 'topic/a': { records: 5 }, 'detail/app/v1': {} }],
  ])
})

describe('the tail of a topic', () => {
  test('shows what comes in, that fits, and counts what is too much', async () => {
    const clock = new ManualClock(0)
    const { log } = openTestLog(undefined, { clock })
    await send(log, 5)
    const opened = await openDashboard(log, { clock })
    const tail = events<TailView>(opened, '/api/topics/words/tail?text=word%201')
    expect(await nextOf(tail)).toMatchObject({ event: 'records', data: { records: [], passedOver: 0 } })
    await send(log, 3, 'new')
    clock.advance(500)
    const { data } = await nextOf(tail)
    expect(data).toMatchObject({ records: [{ key: { text: 'new' }, value: { text: 'word 1' } }], passedOver: 0 })
    const all = events<TailView>(opened, '/api/topics/words/tail')
    await nextOf(all)
    await send(log, 2_000)
    clock.advance(500)
    const burst = await nextOf(all)
    expect(burst.data.records).toHaveLength(50)
    expect(burst.data.records[0]?.value.text).toBe('word 1999')
    expect(burst.data.passedOver).toBe(1_950)
    await Promise.all([tail.return(), all.return()])
  })

  test('ends with its topic, and says so', async () => {
    const clock = new ManualClock(0)
    const { log } = openTestLog(undefined, { clock })
    await send(log, 1)
    const opened = await openDashboard(log, { clock })
    const tail = events<{ error: { message: string } }>(opened, '/api/topics/words/tail')
    await nextOf(tail)
    await log.admin.deleteTopic(words)
    clock.advance(500)
    const { event, data } = await nextOf(tail)
    expect([event, data.error.message]).toEqual(['failed', expect.stringContaining('words')])
    expect((await tail.next()).done).toBe(true)
  })
})

test('a few requests read at a time, the rest waits its turn, and too many are refused', async () => {
  const turnstile = new Turnstile(4)
  const begun: number[] = []
  const ends: (() => void)[] = []
  const all = Array.from({ length: 68 }, (_, at) =>
    turnstile.pass(async () => {
      begun.push(at)
      await new Promise<void>((resolve) => {
        ends.push(resolve)
      })
      if (at === 0) throw new Error('it failed')
    }),
  )
  expect([begun, turnstile.isFull]).toEqual([[0, 1, 2, 3], true])
  const settled = Promise.allSettled(all)
  for (let at = 0; at < all.length; at++) {
    await until(() => ends.length > at)
    ends[at]?.()
  }
  expect((await settled).map(({ status }) => status)).toEqual([
    'rejected',
    ...Array.from({ length: 67 }, () => 'fulfilled'),
  ])
  expect([begun, turnstile.isFull]).toEqual([Array.from({ length: 68 }, (_, at) => at), false])
})

describe('figures over time', () => {
  test('rates are over the last ten seconds, and begin again with a count that has fallen', () => {
    const rates = new Rates()
    expect(rates.of('a', 100, 0)).toBeNull()
    expect(rates.of('a', 110, 1_000)).toBe(10)
    expect(rates.of('a', 210, 11_000)).toBe(10)
    expect(rates.of('a', 210, 21_000)).toBe(0)
    expect(rates.of('a', 5, 22_000)).toBeNull()
    expect(rates.of('b', 5, 22_000)).toBeNull()
    expect(rates.of('b', 15, 24_000)).toBe(5)
    expect(rates.of('b', 15, 24_000), 'looked at twice').toBe(5)
    expect(rates.of('b', 15, 20_000), 'of a clock that was set back').toBeNull()
    expect(rates.of('b', 25, 21_000), 'and goes on from there').toBe(10)
  })

  test('a series has the last fifteen minutes, gaps included, and memory is bounded', () => {
    const history = new History()
    history.moveTo(0)
    history.note('a', 1)
    expect(history.moveTo(9_000)).toBe(false)
    expect(history.moveTo(30_000)).toBe(true)
    history.note('a', 2.55)
    expect(history.series('a').slice(-4)).toEqual([1, null, null, 2.6])
    expect(history.series('a')).toHaveLength(90)
    history.moveTo(2_000_000)
    expect(history.series('a')).toEqual([])
    for (let at = 0; at < 5_000; at++) history.note(`name ${at}`, at)
    expect(history.series('name 3999').at(-1)).toBe(3_999)
    expect(history.series('name 4000')).toEqual([])
  })
})
