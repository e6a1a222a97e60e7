// What an application writes follows the configuration of its output topics.
import { string, topic } from 'millrace'
import { expect, test } from 'vitest'
import { ManualClock } from '../../src/core/clock.ts'
import { MillraceError } from '../../src/core/errors.ts'
import { attributesAt } from '../../src/log/format/header.ts'
import { compressionCodes } from '../../src/log/format/compression.ts'
import { EmbeddedLog } from '../../src/log/embedded-log.ts'
import { DirectoryLog } from '../../src/log/log.ts'
import { start } from '../support/applications.ts'
import { collect } from '../support/collect.ts'
import { openEnvironment } from '../support/open.ts'
import { input, topologyOf } from '../support/topology.ts'

test('records get the time of the commit where the topic says so, and are packed as it says', async () => {
  const stamped = topic('stamped', {
    key: string(),
    value: string(),
    messageTimestampType: 'LogAppendTime',
    compressionType: 'zstd',
  })
  const embedded = new EmbeddedLog(openEnvironment(), { clock: new ManualClock(7_000) })
  const log = new DirectoryLog(embedded)
  embedded.ensureTopics([stamped])
  await log.producer().sendMany(
    input,
    [1, 2, 3].map((timestamp) => ({ key: 'a', value: 'b', timestamp })),
  )
  const app = await start(
    log,
    topologyOf((builder) => builder.stream(input).to(stamped)),
  )
  await app.caughtUp()
  expect((await collect(log.read(stamped))).map(({ timestamp }) => timestamp)).toEqual([7_000, 7_000, 7_000])
  const place = { topic: 'stamped', topicId: embedded.describeTopic('stamped').id, partition: 0 }
  expect((embedded.batchAt(place, 0)?.bytes[attributesAt + 1] ?? 0) & 7).toBe(compressionCodes.zstd)
})

test.each([
  ['a smaller limit refuses', 1_000, 2_000, 'bad_record'],
  ['a larger limit takes', 3_000_000, 2_000_000, 'written'],
])('%s what the topic says a record may have', async (_, maxMessageBytes, bytes, expected) => {
  const limited = topic('limited', { key: string(), value: string(), maxMessageBytes })
  const embedded = new EmbeddedLog(openEnvironment())
  const log = new DirectoryLog(embedded)
  await log.producer().send(input, { key: 'a', value: 'b', timestamp: 1 })
  const app = await start(
    log,
    topologyOf((builder) =>
      builder
        .stream(input)
        .mapValues(() => 'x'.repeat(bytes))
        .to(limited),
    ),
  )
  const outcome = await app.caughtUp().then(
    () => 'written',
    (error: unknown) => (error instanceof MillraceError ? error.code : error),
  )
  expect(outcome).toBe(expected)
  expect(await log.admin.endOffsets(limited)).toEqual([expected === 'written' ? 1 : 0])
})
