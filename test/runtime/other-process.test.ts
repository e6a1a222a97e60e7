// A producer in another process: its commits wake the application, and none is lost.
import { hostname } from 'node:os'
import { int64, keyValueStore, string, topic } from 'millrace'
import { expect, test } from 'vitest'
import { start, until } from '../support/applications.ts'
import { openTestLog } from '../support/open.ts'
import { startProgram } from '../support/program.ts'
import { topologyOf } from '../support/topology.ts'
import { words } from '../support/topics.ts'

const counts = keyValueStore('counts', { key: string(), value: int64() })
const heard = topic('heard', { key: string(), value: string() })
const counting = topologyOf((builder) => {
  const stream = builder.stream(words)
  stream.groupByKey().count({ store: counts })
  stream.to(heard)
})

test('records of another process are worked on without a call of anyone', async () => {
  const { log, dir } = openTestLog()
  const app = await start(log, counting, { commit: { everyMs: 0 } })
  const producer = startProgram('send-on-request', [dir])
  expect(await producer.line()).toBe('open')
  for (let round = 1; round <= 5; round++) {
    producer.say('again')
    await producer.line()
    await until(() => app.store(counts).get('again') === round)
  }
  for (let i = 0; i < 50; i++) producer.say(`word ${i}`)
  for (let i = 0; i < 50; i++) await producer.line()
  await app.caughtUp()
  expect([...app.store(counts).range()]).toHaveLength(51)
  expect(await log.admin.endOffsets(heard)).toEqual([55])
})

test('an application in another process takes over from an idle one, and its queries are seen here', async () => {
  const { log, dir, embedded } = openTestLog()
  await log.producer().sendMany(
    words,
    ['a', 'b', 'a'].map((word) => ({ key: word, value: word, timestamp: 0 })),
  )
  const here = await start(log, counting)
  await here.caughtUp()
  expect(embedded.applications.runnerOf('app')).toMatchObject({ pid: process.pid, host: hostname() })
  const there = startProgram('count-words', [dir])
  expect(await there.line()).toBe('started')
  await expect(here.stopped).rejects.toMatchObject({ code: 'fenced' })
  await log.producer().send(words, { key: 'a', value: 'a', timestamp: 0 })
  there.say('a')
  expect(await there.line()).toBe('3')
  expect(here.store(counts).get('a')).toBe(3)
  expect(embedded.applications.runnerOf('app')?.pid).not.toBe(process.pid)
  there.kill()
  await there.exited
  expect(embedded.applications.runnerOf('app')).toBeUndefined()
})

test('an application that was closed runs nowhere, also while its log is open', async () => {
  const { log, embedded } = openTestLog()
  const [older, newer] = [await start(log, counting), await start(log, counting)]
  await expect(older.stopped).rejects.toMatchObject({ code: 'fenced' })
  expect(embedded.applications.runnerOf('app')).toMatchObject({ pid: process.pid })
  await newer.close()
  expect(embedded.applications.runnerOf('app')).toBeUndefined()
  expect(embedded.applications.runnerOf('another')).toBeUndefined()
})
