// What an application tells its logger and its tracer: each event when it happens, once, and with what it says.
import { channel } from 'node:diagnostics_channel'
import { hostname } from 'node:os'
import { diagnostics, ManualClock, nullable, replay, string, topic } from 'millrace'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { ApplicationEvents } from '../../src/runtime/application-events.ts'
import { start, until } from '../support/applications.ts'
import { hear } from '../support/events.ts'
import { openTestLog } from '../support/open.ts'
import { Service } from '../support/service.ts'
import { input, output, topologyOf } from '../support/topology.ts'

const app = { applicationId: 'app', version: 'v1' }
const copying = topologyOf((builder) => builder.stream(input).to(output))
const record = (value: string | null) => ({ key: 'a', value, timestamp: 1 })

test('an instance tells its start, each commit with its records, and its close', async () => {
  const { log } = openTestLog()
  const order: string[] = []
  for (const name of diagnostics.names) onTestFinished(diagnostics.subscribe(name, () => order.push(name)))
  const [starts, commits, closes] = [hear('millrace:start'), hear('millrace:commit'), hear('millrace:close')]
  await log.producer().sendMany(input, ['1', '2', '3'].map(record))
  const running = await start(log, copying)
  await running.caughtUp()
  expect(starts).toEqual([{ ...app, lag: 3 }])
  await log.producer().send(input, record('4'))
  await running.caughtUp()
  await running.close()
  expect(commits.reduce((sum, { records }) => sum + records, 0)).toBe(4)
  expect(commits).toHaveLength(running.metrics().commits)
  for (const commit of commits)
    expect(commit).toEqual({ ...app, records: commit.records, durationMs: commit.durationMs })
  expect(commits.at(-1)?.durationMs).toBe(running.metrics().lastCommitMs)
  expect(closes).toEqual([app])
  expect([order[0], order.at(-1)]).toEqual(['millrace:start', 'millrace:close'])
})

test('nothing is published while no one listens', async () => {
  const spies = diagnostics.names.map((name) => vi.spyOn(channel(name), 'publish'))
  const { log } = openTestLog()
  await log.producer().sendMany(input, ['1', null, '3'].map(record))
  const running = await start(
    log,
    topologyOf((builder) => builder.stream(input).groupByKey().count()),
  )
  await running.caughtUp()
  await running.close()
  expect(running.metrics().commits).toBeGreaterThan(0)
  for (const spy of spies) {
    expect(spy).not.toHaveBeenCalled()
    spy.mockRestore()
  }
})

test('an instance that takes over says from whom, and the older one why it ends', async () => {
  const { log } = openTestLog()
  const [takeovers, fails, closes] = [hear('millrace:takeover'), hear('millrace:fail'), hear('millrace:close')]
  const older = await start(log, copying)
  await older.caughtUp()
  expect(takeovers).toEqual([])
  const newer = await start(log, copying)
  await expect(older.stopped).rejects.toMatchObject({ code: 'fenced' })
  await newer.caughtUp()
  const from = { pid: process.pid, host: hostname(), startedMs: takeovers[0]?.from.startedMs }
  expect(takeovers).toEqual([{ ...app, from }])
  expect(fails).toEqual([{ ...app, error: expect.objectContaining({ code: 'fenced' }) }])
  expect(closes).toEqual([])
})

test('what fails tells its error, and is not closed', async () => {
  const { log } = openTestLog()
  const [fails, closes] = [hear('millrace:fail'), hear('millrace:close')]
  const failing = topologyOf((builder) =>
    builder
      .stream(input)
      .mapValues((): string => {
        throw new Error('not this one')
      })
      .to(output),
  )
  await log.producer().send(input, record('1'))
  const running = await start(log, failing)
  await expect(running.stopped).rejects.toMatchObject({ code: 'user_function_threw' })
  expect(fails).toEqual([{ ...app, error: await running.stopped.catch((error: unknown) => error) }])
  expect(closes).toEqual([])
})

test('a version beside the live one tells its own name', async () => {
  const { log } = openTestLog()
  const live = await start(log, copying)
  await log.producer().send(input, record('1'))
  await live.caughtUp()
  const starts = hear('millrace:start')
  const commits = hear('millrace:commit')
  const beside = await replay(copying, { log, applicationId: 'app', version: 'v2' })
  await beside.caughtUp()
  await beside.close()
  expect(starts).toEqual([{ applicationId: 'app', version: 'v2', lag: expect.any(Number) }])
  expect(new Set(commits.map(({ version }) => version))).toEqual(new Set(['v2']))
})

describe('what is passed over', () => {
  const maybe = topic('maybe', { key: string(), value: nullable(string()), partitions: 4 })
  const grouping = topologyOf((builder) =>
    builder
      .stream(maybe)
      .filter(({ value }) => {
        if (value === 'bad') throw new Error('not this one')
        return true
      })
      .groupByKey()
      .count({ name: 'count' }),
  )

  test('adds up to the counters, however often a turn was repeated, over commits and instances', async () => {
    const { log } = openTestLog()
    const drops = hear('millrace:drop')
    const sent = Array.from({ length: 40 }, (_, at) => ({
      key: `${at}`,
      value: at % 4 === 0 ? null : at % 5 === 1 ? 'bad' : 'good',
      timestamp: at,
    }))
    const options = { commit: { everyRecords: 7 }, onError: { retries: 2, then: 'skip' } } as const
    await log.producer().sendMany(maybe, sent.slice(0, 20))
    const first = await start(log, grouping, options)
    await first.caughtUp()
    await first.close()
    await log.producer().sendMany(maybe, sent.slice(20))
    const second = await start(log, grouping, options)
    await second.caughtUp()
    const { dropped, failed } = second.metrics()
    const told = { dropped: {}, failed: {} } as Record<'dropped' | 'failed', Record<string, Record<string, number>>>
    for (const { kind, operator, reason, records } of drops) {
      const counts = (told[kind][operator] ??= {})
      counts[reason] = (counts[reason] ?? 0) + records
    }
    expect(told).toEqual({ dropped, failed })
    expect(Object.values(failed)).toEqual([{ user_function_threw: sent.filter(({ value }) => value === 'bad').length }])
    expect(Object.values(dropped)).toEqual([{ null_value: expect.any(Number) }])
    for (const { partition } of drops) expect([0, 1, 2, 3]).toContain(partition)
  })

  test('before a listener came is not told to it', async () => {
    const { log } = openTestLog()
    const running = await start(log, grouping, { onError: 'skip' })
    await log.producer().send(maybe, { key: 'a', value: 'bad' })
    await running.caughtUp()
    const drops = hear('millrace:drop')
    await log.producer().send(maybe, { key: 'a', value: 'bad' })
    await running.caughtUp()
    expect(drops.map(({ kind, reason, records }) => [kind, reason, records])).toEqual([
      ['failed', 'user_function_threw', 1],
    ])
  })
})

describe('a retry', () => {
  test('of a turn says where it failed and how often', async () => {
    const { log } = openTestLog()
    const retries = hear('millrace:retry')
    let attempts = 0
    const flaky = topologyOf((builder) =>
      builder
        .stream(input)
        .mapValues(
          ({ value }) => {
            if (value === 'bad' && ++attempts < 3) throw new Error(`not at attempt ${attempts}`)
            return value
          },
          { name: 'flaky' },
        )
        .to(output),
    )
    await log.producer().sendMany(input, ['good', 'bad'].map(record))
    const running = await start(log, flaky, { onError: { retries: 5, then: 'fail' } })
    await running.caughtUp()
    const at = {
      what: 'turn',
      waitMs: 0,
      operator: 'flaky',
      topic: 'input',
      partition: 0,
      offset: 1,
      callId: undefined,
    }
    expect(retries).toEqual(
      [1, 2].map((attempt) => ({
        ...app,
        ...at,
        attempt,
        error: expect.objectContaining({ message: expect.stringContaining(`not at attempt ${attempt}`) }),
      })),
    )
  })

  test('of a call says which, and when it comes again', async () => {
    const clock = new ManualClock()
    const { log } = openTestLog()
    const retries = hear('millrace:retry')
    const service = new Service()
    const calling = topologyOf((builder) =>
      builder.stream(input).mapAsync(service.fn, { retries: 1, name: 'ask' }).to(output),
    )
    const running = await start(log, calling, { clock })
    await log.producer().send(input, record('1'))
    await until(() => service.open.length === 1)
    await service.fail('1')
    const [call] = service.calls
    expect(retries).toEqual([
      {
        ...app,
        what: 'call',
        attempt: 1,
        waitMs: expect.any(Number),
        error: expect.objectContaining({ message: 'no answer to 1' }),
        operator: 'ask',
        topic: undefined,
        partition: 0,
        offset: undefined,
        callId: call?.id,
      },
    ])
    clock.advance(retries[0]?.waitMs ?? 0)
    expect(service.open).toEqual(['1'])
    await service.answer('1')
    clock.advance(1_000)
    await running.caughtUp()
    expect(retries).toHaveLength(1)
  })
})

describe('a commit is slow', () => {
  const told = () => {
    const events = new ApplicationEvents({ ...app, tookOver: undefined }, { recordCount: 0, lag: 0, ledgers: [] })
    const slow = hear('millrace:slow-commit')
    return { slow, commit: (durationMs: number) => events.committed(durationMs) }
  }

  test('above a second at the beginning, and later above five times what is usual, but never below 100 ms', () => {
    const { slow, commit } = told()
    commit(900)
    expect(slow).toEqual([])
    commit(1_001)
    expect(slow).toEqual([expect.objectContaining({ ...app, durationMs: 1_001, limitMs: 1_000 })])
    for (let i = 0; i < 100; i++) commit(2)
    commit(99)
    expect(slow).toHaveLength(1)
    commit(101)
    expect(slow.at(-1)).toMatchObject({ durationMs: 101, limitMs: 100 })
    for (let i = 0; i < 100; i++) commit(60)
    commit(290)
    expect(slow).toHaveLength(2)
    commit(500)
    expect(slow).toHaveLength(3)
    expect(slow.at(-1)?.limitMs).toBeCloseTo(5 * (slow.at(-1)?.usualMs ?? 0))
  })

  test('always above a second, where that is usual too', () => {
    const { slow, commit } = told()
    for (let i = 0; i < 100; i++) commit(1_500)
    expect(slow).toHaveLength(100)
  })
})

test('a listener that throws, or that closes the application, loses nothing', async () => {
  const { log } = openTestLog()
  const stops = diagnostics.names.map((name) =>
    diagnostics.subscribe(name, () => {
      throw new Error('no')
    }),
  )
  await log.producer().sendMany(input, ['1', '2', '3'].map(record))
  const running = await start(log, copying, { commit: { everyRecords: 1 } })
  const stop = diagnostics.subscribe('millrace:commit', () => running.close())
  await running.stopped
  for (const each of [...stops, stop]) each()
  const next = await start(log, copying)
  await next.caughtUp()
  const copied: string[] = []
  for await (const { value } of log.read(topic('output', { key: string(), value: string() }), { follow: false })) {
    copied.push(value)
  }
  expect(copied).toEqual(['1', '2', '3'])
})
