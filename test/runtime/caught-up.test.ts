// caughtUp resolves when everything that was there at the call is worked on and committed, and rejects with the failure.
import { int64, keyValueStore, ManualClock, string, topic } from 'millrace'
import { expect, test } from 'vitest'
import { start, turns } from '../support/applications.ts'
import { openTestLog } from '../support/open.ts'
import { rejectionOf } from '../support/thrown.ts'
import { input, output, topologyOf } from '../support/topology.ts'

const counts = keyValueStore('counts', { key: string(), value: int64() })
const counting = topologyOf((builder) => {
  const stream = builder.stream(input)
  stream.to(output)
  stream.groupByKey().count({ store: counts })
})
const record = { key: 'a', value: 'x', timestamp: 1 }

test('it resolves behind the commit, without waiting for one by time', async () => {
  const { log } = openTestLog()
  const clock = new ManualClock()
  const app = await start(log, counting, { clock, commit: { everyMs: 1_000_000 } })
  for (let round = 1; round <= 3; round++) {
    await log.producer().sendMany(input, [record, record])
    await app.caughtUp()
    expect(app.store(counts).get('a')).toBe(2 * round)
    expect(await log.admin.endOffsets(output)).toEqual([2 * round])
  }
})

test('it resolves when there is nothing to do', async () => {
  const { log } = openTestLog()
  const app = await start(log, counting)
  await app.caughtUp()
  await Promise.all([app.caughtUp(), app.caughtUp()])
})

test('it waits for every partition of every topic', async () => {
  const { log } = openTestLog()
  const wide = topic('wide', { key: string(), value: string(), partitions: 3 })
  const topology = topologyOf((builder) => builder.stream([wide, input]).to(output))
  await log.producer().sendMany(
    wide,
    Array.from({ length: 60 }, (_, i) => ({ key: `${i}`, value: '', timestamp: i })),
  )
  await log.producer().sendMany(input, [record, record])
  const app = await start(log, topology, { commit: { everyRecords: 7 } })
  await app.caughtUp()
  expect(await log.admin.endOffsets(output)).toEqual([62])
})

test('it does not wait for what comes after the call', async () => {
  const { log } = openTestLog()
  const producer = log.producer()
  let sent = 0
  const feeding = topologyOf((builder) =>
    builder.stream(input).foreach(() => {
      if (sent++ < 300) void producer.send(input, record)
    }),
  )
  await producer.sendMany(input, [record, record])
  const app = await start(log, feeding, { commit: { everyRecords: 1, everyMs: 1_000_000 } })
  await app.caughtUp()
  expect(sent).toBeLessThan(100)
})

test('it rejects with the error that stops the application', async () => {
  const { log } = openTestLog()
  await log.producer().send(input, record)
  const failing = topologyOf((builder) =>
    builder.stream(input).foreach(() => {
      throw new Error('not this one')
    }),
  )
  const app = await start(log, failing)
  const error = await rejectionOf(app.caughtUp())
  expect(error).toMatchObject({ code: 'user_function_threw', operator: 'foreach-1', topic: 'input', offset: 0 })
  expect(await rejectionOf(app.stopped)).toBe(error)
  expect(await rejectionOf(app.caughtUp())).toBe(error)
})

test('it rejects when the application is closed, or is closed while it waits', async () => {
  const { log } = openTestLog()
  await log.producer().send(input, record)
  const app = await start(log, counting, { maxTaskIdleMs: 0 })
  const waiting = rejectionOf(app.caughtUp())
  const closing = app.close()
  expect(await rejectionOf(app.caughtUp())).toMatchObject({ code: 'closed' })
  expect(await waiting).toMatchObject({ code: 'closed' })
  await closing
  expect(await rejectionOf(app.caughtUp())).toMatchObject({ code: 'closed', message: expect.stringContaining('"app"') })
})

test('it rejects, and does not throw, when the log is closed', async () => {
  const { log } = openTestLog()
  const app = await start(log, counting)
  await log.close()
  const waiting = app.caughtUp()
  expect(await rejectionOf(waiting)).toMatchObject({ code: 'closed' })
  await turns(1)
  expect(await rejectionOf(app.stopped)).toMatchObject({ code: 'closed' })
})
