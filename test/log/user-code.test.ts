// No code of a user runs inside a transaction, where everybody's commits wait for it: not a clock, a pattern, a getter or a hook.
import { expect, onTestFinished, test, vi } from 'vitest'
import { ManualClock, type Clock, type TopicConfig } from 'millrace'
import type { Environment } from '../../src/storage/environment.ts'
import { until } from '../support/applications.ts'
import { collect } from '../support/collect.ts'
import { openEnvironment } from '../support/open.ts'
import { EmbeddedLog } from '../../src/log/embedded-log.ts'
import type { Log } from '../../src/log/face.ts'
import { DirectoryLog } from '../../src/log/log.ts'
import { words } from '../support/topics.ts'

interface Watched {
  readonly log: Log
  readonly clock: ManualClock
  /** Whether each call of a user's code was in a transaction. */
  readonly calls: boolean[]
  /** An object whose fields are noted whenever they are read. */
  readonly lazy: <T extends object>(fields: T) => T
  readonly environment: Environment
}

function openWatched(): Watched {
  const environment = openEnvironment()
  const calls: boolean[] = []
  const note = (): void => void calls.push(environment.isWriting)
  const manual = new ManualClock(1_000_000)
  const clock: Clock = {
    now: () => (note(), manual.now()),
    elapsed: () => (note(), manual.elapsed()),
    schedule: (delayMs, callback) => manual.schedule(delayMs, callback),
  }
  const log = new DirectoryLog(new EmbeddedLog(environment, { clock }))
  onTestFinished(() => log.close())
  const lazy = <T extends object>(fields: T): T =>
    new Proxy(fields, { get: (target, key) => (note(), Reflect.get(target, key) as unknown) })
  return { log, clock: manual, calls, lazy, environment }
}

test('the fields of what calls are given are read before the transaction', async () => {
  const { log, calls, lazy } = openWatched()
  const config = lazy<Partial<TopicConfig>>({ retentionMs: 5_000 })
  await log.admin.createTopic(lazy({ name: 'lazy', partitions: 2, config }))
  await log.admin.alterTopic('lazy', lazy({ retentionMs: 6_000 }))
  await log.producer().send(words, lazy({ key: 'a', value: 'b' }))
  const consumer = log.consumer({ group: 'g', topics: [words], reset: lazy({ ago: 10_000 }), autoCommitMs: false })
  expect(await collect(consumer, 1)).toHaveLength(1)
  await consumer.commit([lazy({ topic: 'words', partition: 0, offset: 0 })])
  await consumer.close()
  await log.admin.deleteRecords(words, [lazy({ partition: 0, beforeOffset: 0 })])
  await log.admin.resetOffsets('g', lazy({ to: lazy({ shift: 0 }), topics: ['words'] }))
  await log.admin.resetOffsets('g', lazy({ to: lazy({ offset: 0 }) }))
  expect((await log.admin.describeTopic('lazy')).config).toEqual({ retentionMs: 6_000 })
  expect(calls.length).toBeGreaterThan(20)
  expect(calls).not.toContain(true)
})

test('a clock is asked before the transaction, and the transaction has its answer', async () => {
  const { log, clock, calls } = openWatched()
  clock.advance(500)
  const producer = log.producer({ transactionalId: 't' })
  await producer.transaction((tx) => tx.send(words, { key: 'a', value: 'b' }))
  const consumer = log.consumer({ group: 'g', topics: [words] })
  const [record] = await collect(consumer, 1)
  expect(record?.timestamp).toBe(1_000_500)
  clock.advance(500)
  if (record !== undefined) await consumer.commit(record)
  expect(consumer.committed(words, record?.partition ?? 0)?.committedMs).toBe(1_001_000)
  clock.advance(60_000)
  await consumer.close()
  await log.admin.deleteGroup('g')
  expect(calls).not.toContain(true)
})

test('a pattern is evaluated by the member that it belongs to, outside of the transaction, and finds later topics', async () => {
  const { log, environment } = openWatched()
  await log.admin.createTopic({ name: 'many-1' })
  const inside: boolean[] = []
  const spy = vi.spyOn(RegExp.prototype, 'test').mockImplementation(function (this: RegExp, text) {
    if (this.source === '^many-') inside.push(environment.isWriting)
    return this.exec(text) !== null
  })
  onTestFinished(() => spy.mockRestore())
  const consumers = ['a', 'b'].map((clientId) => log.consumer({ group: 'g', pattern: /^many-/g, clientId }))
  const loops = consumers.map(async (consumer) => {
    for await (const _ of consumer) expect.unreachable()
  })
  const assigned = (): string[] => consumers.flatMap((consumer) => consumer.assignment().map(({ topic }) => topic))
  await until(() => assigned().length === 1)
  await log.admin.createTopic({ name: 'many-2' })
  await log.admin.createTopic({ name: 'few' })
  await until(() => assigned().length === 2)
  expect(assigned().toSorted()).toEqual(['many-1', 'many-2'])
  await log.admin.deleteTopic('many-1')
  await until(() => assigned().length === 1)
  for (const consumer of consumers) await consumer.close()
  await Promise.all(loops)
  expect(inside.length).toBeGreaterThan(0)
  expect(inside).not.toContain(true)
})

test('a topic that is created while a pattern is evaluated is not missed', async () => {
  const { log } = openWatched()
  await log.admin.createTopic({ name: 'many-1' })
  let looks = 0
  const spy = vi.spyOn(RegExp.prototype, 'test').mockImplementation(function (this: RegExp, text) {
    if (this.source === '^many-' && ++looks > 1 && looks < 6) void log.admin.createTopic({ name: `many-${looks}` })
    return this.exec(text) !== null
  })
  onTestFinished(() => spy.mockRestore())
  const consumer = log.consumer({ group: 'g', pattern: /^many-/ })
  const loop = (async () => {
    for await (const _ of consumer) expect.unreachable()
  })()
  await until(() => consumer.assignment().length === 5)
  await consumer.close()
  await loop
})
