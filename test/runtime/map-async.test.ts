// mapAsync in an application: what closing, catching up, committing and a changed topology do to calls that are under way.
import { int64, ManualClock, string, TimeWindows, topic } from 'millrace'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { applicationLogOf } from '../../src/log/contract.ts'
import { RunningApplication } from '../../src/runtime/application.ts'
import { checkWishes } from '../../src/runtime/change-wishes.ts'
import { fullPace } from '../../src/runtime/pace.ts'
import { checkSettings } from '../../src/runtime/settings.ts'
import { takeOver } from '../../src/runtime/take-over.ts'
import { start, turns, until } from '../support/applications.ts'
import { collect } from '../support/collect.ts'
import { engineOn } from '../support/engine.ts'
import { openTestLog } from '../support/open.ts'
import { Service } from '../support/service.ts'
import { rejectionOf } from '../support/thrown.ts'
import { input, output, topologyOf } from '../support/topology.ts'

const calling = (service: Service, options: object = {}) =>
  topologyOf((builder) => builder.stream(input).mapAsync(service.fn, options).to(output))

const record = (value: string) => ({ key: 'a', value, timestamp: 1 })

test('close aborts the calls and keeps what they are about, for the next instance', async () => {
  const { log } = openTestLog()
  const service = new Service()
  const app = await start(log, calling(service))
  await log.producer().sendMany(input, ['1', '2'].map(record))
  await until(() => service.open.length === 2)
  await service.answer('2')
  await app.close()
  const [first] = service.calls
  expect(first?.signal.aborted).toBe(true)
  expect(first?.signal.reason).toMatchObject({ code: 'closed' })
  first?.resolve('too late')
  await turns(2)
  const next = await start(log, calling(service))
  await until(() => service.open.length === 2)
  for (const value of ['2', '1']) await service.answer(value)
  await next.caughtUp()
  expect((await collect(log.read(output))).map(({ value }) => value)).toEqual(['1!', '2!'])
  expect(service.calls.map(({ id }) => id).slice(2)).toEqual(service.calls.map(({ id }) => id).slice(0, 2))
})

test('a failure aborts the calls too', async () => {
  const { log } = openTestLog()
  const service = new Service()
  const app = await start(log, calling(service))
  await log.producer().sendMany(input, ['1', '2'].map(record))
  await until(() => service.open.length === 2)
  await service.fail('1')
  expect(await rejectionOf(app.stopped)).toMatchObject({ code: 'user_function_threw' })
  expect(service.calls[1]?.signal.aborted).toBe(true)
})

describe('caughtUp', () => {
  test('waits for the calls, those that come of results included, and not for later ones', async () => {
    const { log } = openTestLog()
    const [first, second] = [new Service(), new Service()]
    const topology = topologyOf((builder) =>
      builder
        .stream(input)
        .mapAsync(first.fn, { order: 'none' })
        .mapAsync(second.fn, { value: string(), order: 'none' })
        .to(output),
    )
    const app = await start(log, topology)
    await log.producer().send(input, record('1'))
    let isCaughtUp = false
    const caughtUp = app.caughtUp().then(() => (isCaughtUp = true))
    await until(() => first.open.length === 1)
    await turns(5)
    await log.producer().send(input, record('2'))
    await until(() => first.open.length === 2)
    await first.answer('1')
    await until(() => second.open.length === 1)
    await turns(5)
    expect(isCaughtUp).toBe(false)
    await second.answer('1!')
    await caughtUp
    expect((await collect(log.read(output))).map(({ value }) => value)).toEqual(['1!!'])
    expect(first.open, 'the later one is still open').toEqual(['2'])
  })

  test('fails with the application', async () => {
    const { log } = openTestLog()
    const service = new Service()
    const app = await start(log, calling(service))
    await log.producer().send(input, record('1'))
    const caughtUp = rejectionOf(app.caughtUp())
    await until(() => service.open.length === 1)
    await service.fail('1')
    expect(await caughtUp).toMatchObject({ code: 'user_function_threw' })
  })
})

test('a record whose call is done within its commit leaves no row', async () => {
  const { log, embedded } = openTestLog()
  const service = new Service()
  await log.producer().sendMany(input, ['1', '2'].map(record))
  const { session, engine, commit } = engineOn(embedded, calling(service), { stateCacheBytes: 1_048_576 })
  expect(engine.run(() => false)).toBe('drained')
  await service.answer('1')
  expect(engine.run(() => false)).toBe('drained')
  commit()
  const storeId = session.storeId('input.mapAsync') ?? -1
  const rows = (): number => session.state.range(storeId, 0, Buffer.alloc(0), undefined, 10).length
  const kept = rows()
  await service.answer('2')
  engine.run(() => false)
  commit()
  expect([kept, rows()]).toEqual([1, 0])
  expect((await collect(log.read(output))).map(({ value }) => value)).toEqual(['1!', '2!'])
})

test('a record that is pending over several commits is stored by the first of them, and goes with its call', async () => {
  const { log, embedded } = openTestLog()
  const service = new Service()
  const { session, engine, commit } = engineOn(embedded, calling(service, { order: 'none' }))
  const storeId = session.storeId('input.mapAsync') ?? -1
  const stored = () => session.state.range(storeId, 0, Buffer.alloc(0), undefined, 10)
  const pending: number[] = []
  for (const value of ['1', '2', '3']) {
    await log.producer().send(input, record(value))
    engine.run(() => false)
    commit()
    pending.push(stored().length)
  }
  const keys = stored().map(({ key }) => key.toString('hex'))
  expect([pending, keys]).toEqual([[1, 2, 3], keys.toSorted()])
  for (const value of ['2', '1', '3']) {
    await service.answer(value)
    engine.run(() => false)
    commit()
    pending.push(stored().length)
  }
  expect(pending).toEqual([1, 2, 3, 2, 1, 0])
  expect((await collect(log.read(output))).map(({ value }) => value)).toEqual(['2!', '1!', '3!'])
})

describe('calls that are answered at once', () => {
  const atOnce = (fn: (value: string) => string, options: object = {}) =>
    topologyOf((builder) =>
      builder
        .stream(input)
        .mapAsync(({ value }) => fn(value), options)
        .to(output),
    )

  test('are part of the commit of their record', async () => {
    const { log } = openTestLog()
    const app = await start(log, atOnce(String), { clock: new ManualClock() })
    await log.producer().send(input, record('1'))
    await app.caughtUp()
    expect(app.metrics().commits).toBe(1)
    expect((await collect(log.read(output))).map(({ value }) => value)).toEqual(['1'])
  })

  test('leave the event loop its turns, however many there are', async () => {
    const { log } = openTestLog()
    await log.producer().sendMany(
      input,
      Array.from({ length: 100 }, (_, at) => record(`${at}`)),
    )
    let nowMs = performance.now()
    const spy = vi.spyOn(performance, 'now').mockImplementation(() => nowMs)
    onTestFinished(() => spy.mockRestore())
    let answers = 0
    const slow = (value: string): string => {
      nowMs += 3
      answers++
      return value
    }
    const commit = { everyMs: 3_600_000, everyRecords: 1_000_000 }
    await start(log, atOnce(slow, { concurrency: 2 }), { clock: new ManualClock(), commit })
    const after = [0]
    while ((after.at(-1) ?? 0) < 100) {
      await turns(1)
      after.push(answers)
    }
    const most = Math.max(...after.map((count, turn) => count - (after[turn - 1] ?? 0)))
    expect(most).toBeLessThanOrEqual(6)
  })
})

test('an answer that comes in a pause does not end the next one', async () => {
  const { log } = openTestLog()
  const service = new Service()
  const topology = calling(service)
  const clock = new ManualClock()
  let restMs = 0
  let asked = 0
  const pace = { ...fullPace, restMs: () => (asked++, restMs) }
  const { session, start: found } = await takeOver(
    applicationLogOf(log),
    topology,
    { applicationId: 'app', version: undefined },
    checkWishes(undefined, undefined),
    { deadLetters: 'app.dead-letters', commitEveryMs: undefined },
  )
  const settings = { ...checkSettings('app', 'app.dead-letters', { log, applicationId: 'app', clock }), pace }
  const app = new RunningApplication(topology, session, found, settings)
  onTestFinished(async () => app.close())
  await log.producer().send(input, record('1'))
  await until(() => service.open.length === 1)
  restMs = 1_000
  app.wake()
  await turns(5)
  asked = 0
  await service.answer('1')
  await turns(20)
  expect(asked).toBe(1)
})

describe('a topology that has changed', () => {
  test('may not lose the operator while it keeps records, nor read them with other serdes', async () => {
    const { log } = openTestLog()
    const service = new Service()
    const app = await start(log, calling(service))
    await log.producer().send(input, record('1'))
    await until(() => service.open.length === 1)
    await app.close()
    const without = topologyOf((builder) => builder.stream(input).to(output))
    expect(await rejectionOf(start(log, without))).toMatchObject({
      code: 'plan_changed',
      message: expect.stringContaining('"input.mapAsync" (mapAsync) is gone'),
    })
    const narrow = topic('input', { key: string(), value: string() })
    const other = topologyOf((builder) =>
      builder
        .stream(narrow)
        .mapValues(({ value }) => value.length)
        .mapAsync(service.fn, { value: int64() })
        .to(output),
    )
    expect(await rejectionOf(start(log, other))).toMatchObject({
      code: 'plan_changed',
      message: expect.stringContaining('value was pending(string,string), is pending(string,int64)'),
    })
  })

  test('may take other options for what is pending', async () => {
    const { log } = openTestLog()
    const service = new Service()
    const app = await start(log, calling(service, { concurrency: 3 }))
    await log.producer().sendMany(input, ['1', '2', '3'].map(record))
    await until(() => service.open.length === 3)
    await app.close()
    const next = await start(log, calling(service, { concurrency: 1, order: 'key' }))
    for (const value of ['1', '2', '3']) {
      await until(() => service.open.length === 1)
      await service.answer(value)
    }
    await next.caughtUp()
    expect((await collect(log.read(output))).map(({ value }) => value)).toEqual(['1!', '2!', '3!'])
  })
})

test('a bounded run ends when its calls are done, also those that wait for their next attempt', async () => {
  const { log } = openTestLog()
  const clock = new ManualClock()
  const service = new Service()
  await log.producer().send(input, record('1'))
  const app = await start(log, calling(service, { retries: 1 }), { until: 'end', clock })
  await until(() => service.open.length === 1)
  await service.fail('1')
  await turns(20)
  expect(app.state).toBe('running')
  clock.advance(100)
  await until(() => service.open.length === 1)
  await service.answer('1')
  await app.stopped
  expect((await collect(log.read(output))).map(({ value }) => value)).toEqual(['1!'])
})

test('what is closed at the end of a bounded run may go to a topic that has to be created', async () => {
  const { log } = openTestLog()
  await log.producer().send(input, record('1'))
  const late = topic('late-created', { key: string(), value: int64() })
  const topology = topologyOf((builder) =>
    builder
      .stream(input)
      .groupByKey()
      .windowedBy(TimeWindows.of({ size: 10 }))
      .emitStrategy('onWindowClose')
      .count()
      .toStream({ deletes: 'drop' })
      .map(({ key, value }) => ({ key: key.key, value }))
      .to(() => late),
  )
  const app = await start(log, topology, { until: 'end' })
  await app.stopped
  expect((await collect(log.read(late))).map(({ value }) => value)).toEqual([1])
})
