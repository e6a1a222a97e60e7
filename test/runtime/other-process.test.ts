// A producer in another process: its commits wake the application, and none is lost.
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

test('an application in another process takes over, and its queries are seen here', async () => {
  const { log, dir } = openTestLog()
  await log.producer().sendMany(
    words,
    ['a', 'b', 'a'].map((word) => ({ key: word, value: word, timestamp: 0 })),
  )
  const here = await start(log, counting)
  await here.caughtUp()
  const there = startProgram('count-words', [dir])
  expect(await there.line()).toBe('started')
  await log.producer().send(words, { key: 'a', value: 'a', timestamp: 0 })
  await expect(here.stopped).rejects.toMatchObject({ code: 'fenced' })
  there.say('a')
  expect(await there.line()).toBe('3')
  expect(here.store(counts).get('a')).toBe(3)
})
