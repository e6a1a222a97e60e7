// What versions beside the live one write is there to be read by its name, and in nobody's way.
import fc from 'fast-check'
import { StreamsBuilder, string, topic } from 'millrace'
import { describe, expect, test } from 'vitest'
import { applicationOf, besideName, besideTopic, checkKeptName } from '../../../src/log/kept/version-name.ts'
import { start } from '../../support/applications.ts'
import { buildBatch } from '../../support/batches.ts'
import { collect } from '../../support/collect.ts'
import { openTestLog, type OpenedLog } from '../../support/open.ts'
import { errorOf, rejectionOf } from '../../support/thrown.ts'
import { lines } from '../../support/topics.ts'

const v2 = { applicationId: 'app', version: 'v2' }
const hidden = besideTopic('lines', v2)

/** A log with `lines`, and what version v2 of an application writes instead. */
async function openWithVersion(): Promise<OpenedLog> {
  const opened = openTestLog()
  await opened.log.producer().send(lines, { key: 'a', value: 'b' })
  const begin = () => ({ plan: '{}', positions: [], progress: [], stores: [] })
  await opened.embedded.open({ ...v2, isBeside: true }, [{ name: hidden }], begin)
  return opened
}

test('the names of versions and of their topics are no names of users, and name their application', () => {
  const name = fc.stringMatching(/^[\w.-]{1,249}$/).filter((text) => text !== '.' && text !== '..')
  fc.assert(
    fc.property(name, name, name, (applicationId, version, written) => {
      for (const kept of [besideName({ applicationId, version }), besideTopic(written, { applicationId, version })]) {
        expect(errorOf(() => topic(kept, { key: string(), value: string() }))).toMatchObject({ code: 'bad_option' })
        expect(checkKeptName('a name', kept)).toBe(kept)
      }
      expect(applicationOf(besideName({ applicationId, version }))).toBe(applicationId)
      expect(applicationOf(applicationId)).toBe(applicationId)
    }),
  )
  for (const bad of ['@', 'a@', '@b', 'a@b@c@d', 'a@@b@c', 'a@b c', 'a\0@b'])
    expect(errorOf(() => checkKeptName('a name', bad))).toMatchObject({ code: 'bad_option' })
})

describe('a hidden topic', () => {
  test('is listed only on demand', async () => {
    const { log } = await openWithVersion()
    const names = async (options?: { hidden?: boolean }) =>
      (await log.admin.listTopics(options)).map(({ name }) => name)
    expect(await names()).toEqual(['lines'])
    expect(await names({ hidden: false })).toEqual(['lines'])
    expect(await names({ hidden: true })).toEqual(['lines', hidden])
    expect(await rejectionOf(log.admin.listTopics({ hidden: 1 as never }))).toMatchObject({ code: 'bad_option' })
  })

  test('is created by nobody but the engine', async () => {
    const { log } = openTestLog()
    const constant = { ...lines, name: hidden }
    for (const attempt of [
      () => log.admin.createTopic({ name: hidden }),
      () => log.producer().send(constant, { key: 'a', value: 'b' }),
      async () => collect(log.consumer({ group: 'g', topics: [constant] }), 1),
      async () => collect(log.read(constant)),
    ])
      expect(await rejectionOf(attempt())).toMatchObject({ code: 'bad_option' })
    expect(await log.admin.listTopics({ hidden: true })).toEqual([])
    expect(errorOf(() => log.consumer({ group: 'g', topics: [hidden] }))).toMatchObject({ code: 'topic_unknown' })
  })

  test('is read by its name', async () => {
    const { log, embedded } = await openWithVersion()
    const { id: topicId } = embedded.topics.describe(hidden)
    const batch = buildBatch([{ timestamp: 1, key: null, value: Buffer.from('x').toString('hex'), headers: [] }])
    embedded.environment.write((transaction) => {
      embedded.partitions.append(transaction, { topic: hidden, topicId, partition: 0 }, [batch], { nowMs: 0 })
    })
    expect(await log.admin.describeTopic(hidden)).toMatchObject({ name: hidden, partitions: 1 })
    await using consumer = log.consumer({ group: 'g', topics: [hidden], reset: 'earliest' })
    expect(await collect(consumer, 1)).toMatchObject([{ topic: hidden, value: new Uint8Array(Buffer.from('x')) }])
  })

  test('matches no pattern of a consumer or a source', async () => {
    const { log } = await openWithVersion()
    const builder = new StreamsBuilder()
    builder.stream(/lines/, { key: string(), value: string() }).to(topic('all', { key: string(), value: string() }))
    const app = await start(log, builder.build(), { applicationId: 'patterns' })
    await app.caughtUp()
    expect(app.metrics().consumed).toEqual({ lines: 1 })
    await using consumer = log.consumer({ group: 'g', pattern: /lines/, reset: 'earliest' })
    await collect(consumer, 1)
    expect(consumer.assignment().map(({ topic: name }) => name)).toEqual(['lines'])
  })
})

test('the positions of a version beside the live one are its own', async () => {
  const { log, embedded } = await openWithVersion()
  const name = besideName(v2)
  const { id: topicId } = embedded.topics.describe('lines')
  const begin = () => ({
    plan: '{}',
    positions: [{ partition: { topic: 'lines', topicId, partition: 0 }, offset: 1 }],
    progress: [],
    stores: [],
  })
  await embedded.open({ ...v2, isBeside: true }, [lines], begin)
  expect(await log.admin.groups()).toEqual([{ name, kind: 'application', state: 'empty', members: 0 }])
  expect(await log.admin.lag(name)).toMatchObject([{ topic: 'lines', offset: 1 }])
  expect(await log.admin.describeGroup(name)).toMatchObject({ kind: 'application' })
  const reset = log.admin.resetOffsets(name, { to: 'earliest' })
  expect(await rejectionOf(reset)).toMatchObject({ code: 'owned_by_application' })
  expect(await rejectionOf(log.admin.deleteGroup(name))).toMatchObject({ code: 'owned_by_application' })
  expect(embedded.find(name)?.plan).toBe('{}')
  expect(embedded.find('app')).toBeUndefined()
})
