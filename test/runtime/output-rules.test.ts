// What an application writes follows the configuration of its output topics.
import { string, topic } from 'millrace'
import { expect, test } from 'vitest'
import { ManualClock } from '../../src/core/clock.ts'
import { attributesAt } from '../../src/log/batch.ts'
import { compressionCodes } from '../../src/log/compression.ts'
import { EmbeddedLog } from '../../src/log/embedded-log.ts'
import { Log } from '../../src/log/log.ts'
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
  const log = new Log(embedded)
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
