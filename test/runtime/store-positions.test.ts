// Queries say how far the application had come, and wait until it has come far enough: in this process and from others.
import { spawnSync } from 'node:child_process'
import { int64, keyValueStore, type Log, type StorePosition, string, topic } from 'millrace'
import { describe, expect, test } from 'vitest'
import { applicationKey } from '../../src/log/kept/application-rows.ts'
import { start } from '../support/applications.ts'
import { compiledProgram } from '../support/compiled.ts'
import { openTestLog } from '../support/open.ts'
import { startProgram } from '../support/program.ts'
import { errorOf } from '../support/thrown.ts'
import { topologyOf } from '../support/topology.ts'
import { words } from '../support/topics.ts'

const counts = keyValueStore('counts', { key: string(), value: int64() })
const single = topic('single', { key: string(), value: string(), partitions: 1 })
const counting = topologyOf((builder) => void builder.stream(single).groupByKey().count({ store: counts }))
const wide = topic('wide', { key: string(), value: string(), partitions: 3 })

const send = (log: Log, key: string, to = single) => log.producer().send(to, { key, value: key, timestamp: 0 })

/** How a wait ends: with a code, or with none. */
const endOf = (wait: Promise<unknown>): Promise<unknown> =>
  wait.then(
    () => 'there',
    (error: { readonly code?: unknown }) => error.code,
  )

/** Counts what is there in another process, while this one does nothing else. */
function countUp(dir: string): void {
  const { status, stderr } = spawnSync(process.execPath, [compiledProgram('test/support', 'count-up'), dir], {
    encoding: 'utf8',
  })
  expect(stderr).toBe('')
  expect(status).toBe(0)
}

test('a record that was sent is in the answers once the application has come that far', async () => {
  const { log } = openTestLog()
  const app = await start(log, counting, { commit: { everyMs: 5 } })
  for (let round = 1; round <= 20; round++) {
    const sent = await send(log, 'a')
    expect((await app.store(counts).atLeast(sent)).get('a')).toBe(round)
    expect((await log.store('app', counts).atLeast([sent])).get('a')).toBe(round)
  }
})

test('a snapshot says how far the application had read each partition, which another process waits for', async () => {
  const { log, dir } = openTestLog()
  const counted = keyValueStore('counted', { key: string(), value: int64() })
  const app = await start(
    log,
    topologyOf((builder) => {
      builder
        .stream(wide)
        .groupBy(({ value }) => value, { key: string() })
        .count({ store: counted })
      builder.stream(single).groupByKey().count({ store: counts })
    }),
  )
  expect(app.store(counted).snapshot(() => 0).position).toEqual({ wide: [0, 0, 0], single: [0] })
  const sent = await Promise.all(
    'abcdefgh'.split('').map((key) => log.producer().send(wide, { key, value: 'x', timestamp: 0 })),
  )
  await app.store(counted).atLeast(sent)
  const { answer, position } = app.store(counted).snapshot((rows) => rows.get('x'))
  expect(answer).toBe(8)
  expect(position).toEqual({ wide: await log.admin.endOffsets(wide), single: [0] })
  const { log: other } = openTestLog(dir)
  const told = JSON.parse(JSON.stringify(position)) as StorePosition
  expect((await other.store('app', counted).atLeast(told)).get('x')).toBe(8)
})

test('it waits for an application of another process, and hears of its commit', async () => {
  const { log, dir } = openTestLog()
  const there = startProgram('count-words', [dir])
  expect(await there.line()).toBe('started')
  for (let round = 1; round <= 5; round++) {
    const sent = await send(log, 'a', words)
    expect((await log.store('app', counts).atLeast(sent)).get('a')).toBe(round)
  }
})

test('what a snapshot asks it sees at one moment, whatever another process commits meanwhile', async () => {
  const { log, dir } = openTestLog()
  await send(log, 'a', words)
  countUp(dir)
  await send(log, 'a', words)
  await send(log, 'b', words)
  const rows = log.store('app', counts)
  const { answer, position } = rows.snapshot((at) => {
    const before = at.get('a')
    countUp(dir)
    return [before, at.get('a'), [...at.range()].map(({ key }) => key)]
  })
  expect(answer).toEqual([1, 1, ['a']])
  expect(position['words']?.toSorted()).toEqual([0, 0, 0, 1])
  const later = rows.snapshot((at) => at.get('a'))
  expect(later.answer).toBe(2)
  expect(later.position).toEqual({ words: await log.admin.endOffsets(words) })
})

describe('a wait ends', () => {
  test('when its signal aborts, with the reason', async () => {
    const { log } = openTestLog()
    const app = await start(log, counting)
    const controller = new AbortController()
    const waits = [app.store(counts), log.store('app', counts)].map((rows) =>
      rows.atLeast({ single: [5] }, { signal: controller.signal }),
    )
    controller.abort(new Error('enough'))
    for (const wait of waits) await expect(wait).rejects.toThrow('enough')
    await expect(app.store(counts).atLeast({ single: [0] }, { signal: controller.signal })).rejects.toThrow('enough')
  })

  test('when the application is closed or fails; through the log it waits for the next instance', async () => {
    const { log } = openTestLog()
    const failing = topologyOf((builder) => {
      const stream = builder.stream(single).peek(({ key }) => {
        if (key === 'bad') throw new Error('bad')
      })
      stream.groupByKey().count({ store: counts, name: 'counts' })
    })
    const app = await start(log, failing)
    const there = log.store('app', counts).atLeast({ single: [2] })
    const here = endOf(app.store(counts).atLeast({ single: [2] }))
    await send(log, 'a')
    await send(log, 'bad')
    await expect(app.stopped).rejects.toMatchObject({ code: 'user_function_threw' })
    expect(await here).toBe('user_function_threw')
    const next = await start(log, failing, { onError: 'skip' })
    expect((await there).get('a')).toBe(1)
    const closing = endOf(next.store(counts).atLeast({ single: [9] }))
    await next.close()
    expect(await closing).toBe('closed')
    await expect(next.store(counts).atLeast({ single: [9] })).rejects.toMatchObject({ code: 'closed' })
    expect((await next.store(counts).atLeast({ single: [2] })).get('a')).toBe(1)
  })

  test('when the log is closed, and when the application is deleted', async () => {
    const { log, dir, environment } = openTestLog()
    const app = await start(log, counting)
    await app.close()
    const { log: other } = openTestLog(dir)
    const closed = endOf(other.store('app', counts).atLeast({ single: [1] }))
    await other.close()
    expect(await closed).toBe('closed')
    const gone = endOf(log.store('app', counts).atLeast({ single: [1] }))
    environment.write((transaction) => transaction.remove('applications', applicationKey('app')))
    expect(await gone).toBe('application_unknown')
  })
})

test('what is no position, or one of a topic that is not read, is refused: it would never be reached', async () => {
  const { log } = openTestLog()
  const rows = (await start(log, counting)).store(counts)
  const refused = [
    5,
    null,
    'words',
    [5],
    { single: 5 },
    { single: [-1] },
    { single: ['1'] },
    { topic: 'single', offset: 1 },
  ]
  for (const given of refused) {
    await expect(rows.atLeast(given as never)).rejects.toMatchObject({ code: 'bad_option' })
  }
  for (const given of [{ other: [0] }, { single: [0, 0] }, { __proto__: null, constructor: [0] }] as const) {
    await expect(rows.atLeast(given as never)).rejects.toMatchObject({
      code: 'bad_option',
      message: expect.stringContaining('"single" (1)'),
    })
  }
  await expect(rows.atLeast({ single: [0] }, { timeoutMs: 5 } as never)).rejects.toMatchObject({ code: 'bad_option' })
  expect(errorOf(() => rows.snapshot(async () => 5))).toMatchObject({ code: 'bad_option' })
  expect(errorOf(() => rows.snapshot(5 as never))).toMatchObject({ code: 'bad_option' })
})
