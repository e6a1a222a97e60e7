// A topic keeps the names of the serdes of the constant that created it, whoever uses the constant first.
import { int64, json, string, topic } from 'millrace'
import { expect, test } from 'vitest'
import { start } from '../support/applications.ts'
import { collect } from '../support/collect.ts'
import { openTestLog, type OpenedLog } from '../support/open.ts'
import { topologyOf } from '../support/topology.ts'

const clicks = topic('clicks', { key: string(), value: json<number>() })
const copies = topic('copies', { key: string(), value: int64() })
const names = { key: 'string', value: 'json' }

test.each<[string, (opened: OpenedLog) => Promise<unknown>]>([
  ['a producer', ({ log }) => log.producer().send(clicks, { key: 'a', value: 1 })],
  ['a consumer', ({ log }) => collect(log.consumer({ group: 'g', topics: [clicks] }), 0)],
  [
    'an application',
    ({ log }) =>
      start(
        log,
        topologyOf((builder) => builder.stream(clicks).to(copies)),
      ),
  ],
  ['createTopic', ({ log }) => log.admin.createTopic(clicks)],
])('%s creates it with them', async (_, use) => {
  const opened = openTestLog()
  await use(opened)
  expect(await opened.log.admin.describeTopic('clicks')).toMatchObject({ serdes: names })
  await opened.log.admin.alterTopic('clicks', { retentionMs: 5_000 })
  await opened.log.admin.addPartitions('clicks', 3)
  expect(await opened.log.admin.describeTopic('clicks')).toMatchObject({ serdes: names, partitions: 3 })
})

test('one that is created by its name has none, and constants that come later change nothing', async () => {
  const { log } = openTestLog()
  await log.admin.createTopic({ name: 'clicks' })
  await log.producer().send(clicks, { key: 'a', value: 1 })
  expect((await log.admin.describeTopic('clicks')).serdes).toBeUndefined()
})
