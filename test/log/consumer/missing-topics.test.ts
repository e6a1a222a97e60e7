// A consumer creates the topics that are missing, in turn: while another process commits nothing blocks, and it reads them once
// they are there.
import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { string } from '../../../src/core/serdes.ts'
import { topic } from '../../../src/core/topic.ts'
import type { ConsumerOptions } from '../../../src/log/consumer/consumer-options.ts'
import { collect } from '../../support/collect.ts'
import { holdNext } from '../../support/hold-next.ts'
import { LockHolder } from '../../support/lock-holder.ts'
import { openTestLog } from '../../support/open.ts'

const fresh = topic('fresh', { key: string(), value: string(), partitions: 2 })
const record = { key: 'k', value: 'v', timestamp: 1, partition: 1 }

const kinds: readonly (readonly [what: string, options: ConsumerOptions<typeof fresh>])[] = [
  ['a member of a group', { group: 'readers', topics: [fresh] }],
  ['a consumer of given partitions', { group: 'readers', assign: [{ topic: fresh, partition: 1 }] }],
  ['a consumer without a group', { topics: [fresh] }],
]

test.each(kinds)(
  '%s beside a process that is frozen in its commit does not stop the event loop',
  async (_, options) => {
    const { dir, log, embedded } = openTestLog()
    const holder = await LockHolder.of(dir)
    await holder.take()
    holder.freeze()
    const consumer = log.consumer(options)
    const records = collect(consumer, 1)
    let turns = 0
    for (; turns < 20; turns++) await turn()
    expect([turns, embedded.topics.list()]).toEqual([20, []])
    holder.thaw()
    await holder.release()
    await log.producer().send(fresh, record)
    expect(await records).toMatchObject([{ topic: 'fresh', partition: 1, offset: 0, value: 'v' }])
    expect((await log.admin.listTopics()).map(({ name }) => name)).toEqual(['fresh'])
  },
)

test.each(kinds.slice(1))('%s that is asked what it has creates its topic at once', async (_, options) => {
  const { log, environment } = openTestLog()
  const goOn = holdNext(environment)
  const consumer = log.consumer(options)
  expect(consumer.assignment()).toContainEqual({ topic: 'fresh', partition: 1 })
  expect(await log.admin.endOffsets(fresh)).toEqual([0, 0])
  goOn()
  await log.producer().send(fresh, record)
  expect(await collect(consumer, 1)).toMatchObject([{ offset: 0 }])
})

test('what is asked after a consumer was opened finds the topics that it creates', async () => {
  const { log, environment } = openTestLog()
  const goOn = holdNext(environment)
  await using _ = log.consumer({ group: 'readers', topics: [fresh] })
  const described = log.admin.describeTopic(fresh)
  const listed = log.admin.listTopics()
  const byName = log.consumer({ assign: [{ topic: 'fresh', partition: 1 }] })
  goOn()
  expect(byName.lag('fresh', 1)).toBe(0)
  expect(await described).toMatchObject({ name: 'fresh', partitions: 2 })
  expect(await listed).toMatchObject([{ name: 'fresh' }])
})

test('a consumer whose topic was created otherwise meanwhile says so to each loop', async () => {
  const { log, embedded, environment } = openTestLog()
  const goOn = holdNext(environment)
  const consumer = log.consumer({ group: 'readers', topics: [fresh] })
  embedded.ensureTopics([{ name: 'fresh', partitions: 3 }])
  goOn()
  const refused = { code: 'partitions_differ', topic: 'fresh' }
  await expect(collect(consumer)).rejects.toMatchObject(refused)
  await expect(collect(consumer.batches())).rejects.toMatchObject(refused)
})

test('given partitions that the topic does not have are refused by each loop, where that could not be known before', async () => {
  const { log, environment } = openTestLog()
  const goOn = holdNext(environment)
  const open = topic('open', { key: string(), value: string() })
  const consumer = log.consumer({ group: 'readers', assign: [0, 2].map((partition) => ({ topic: open, partition })) })
  goOn()
  await expect(collect(consumer)).rejects.toMatchObject({ code: 'bad_option' })
  await expect(collect(consumer.batches())).rejects.toMatchObject({ code: 'bad_option' })
})
