// Topics that are deleted under an application: it says so, and never goes on with another topic of the same name.
import { int64, keyValueStore, string } from 'millrace'
import { describe, expect, test } from 'vitest'
import { start } from '../support/applications.ts'
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

describe('a source topic that is deleted and created again', () => {
  test('stops the application that reads it', async () => {
    const { log } = openTestLog()
    const app = await start(log, counting)
    await log.producer().send(input, record)
    await app.caughtUp()
    await log.admin.deleteTopic(input)
    await log.admin.createTopic(input)
    expect(await rejectionOf(app.stopped)).toMatchObject({
      code: expect.stringMatching(/^(position_lost|topic_unknown)$/),
      topic: 'input',
    })
  })

  test('is refused at the next start, whether it has records or not', async () => {
    const { log } = openTestLog()
    const app = await start(log, counting)
    await log.producer().send(input, record)
    await app.caughtUp()
    await app.close()
    await log.admin.deleteTopic(input)
    await log.producer().send(input, record)
    expect(await rejectionOf(start(log, counting))).toMatchObject({
      code: 'position_lost',
      topic: 'input',
      message: expect.stringContaining('resetApplication'),
    })
  })

  test('is refused also when nothing had been read of it', async () => {
    const { log } = openTestLog()
    await (await start(log, counting)).close()
    await log.admin.deleteTopic(input)
    expect(await rejectionOf(start(log, counting))).toMatchObject({ code: 'position_lost' })
  })

  test('is read from the beginning under a new application id', async () => {
    const { log } = openTestLog()
    await (await start(log, counting)).close()
    await log.admin.deleteTopic(input)
    await log.producer().send(input, record)
    const app = await start(log, counting, { applicationId: 'new' })
    await app.caughtUp()
    expect(app.store(counts).get('a')).toBe(1)
  })
})

test('a sink topic that is deleted stops the application that writes to it', async () => {
  const { log } = openTestLog()
  const app = await start(log, counting)
  await log.producer().send(input, record)
  await app.caughtUp()
  await log.admin.deleteTopic(output)
  await log.producer().send(input, record)
  expect(await rejectionOf(app.stopped)).toMatchObject({ code: 'topic_unknown', topic: 'output' })
  const again = await start(log, counting)
  await again.caughtUp()
  expect(again.store(counts).get('a')).toBe(2)
  expect(await log.admin.endOffsets(output)).toEqual([1])
})
