// The configuration of a topic is what its constant said when it was created; it changes on request and never silently.
import { describe, expect, onTestFinished, test } from 'vitest'
import { days } from '../../../src/core/duration.ts'
import { string } from '../../../src/core/serdes.ts'
import { topic } from '../../../src/core/topic.ts'
import { defaultTopicConfig, topicConfigNames } from '../../../src/core/topic-config.ts'
import { topicConfigWarning } from '../../../src/log/kept/topics.ts'
import { start } from '../../support/applications.ts'
import { openTestLog } from '../../support/open.ts'
import { topologyOf } from '../../support/topology.ts'

const text = { key: string(), value: string() }
const kept = topic('kept', { ...text, retentionMs: days(30), cleanupPolicy: 'compact,delete' })

/** Warnings about configurations, from here to the end of the test. */
function warnings(): Error[] {
  const seen: Error[] = []
  const listen = (warning: Error & { code?: string }): void => {
    if (warning.code === topicConfigWarning) seen.push(warning)
  }
  process.on('warning', listen)
  onTestFinished(() => void process.off('warning', listen))
  return seen
}

/** Warnings are told in a turn of their own. */
const nextTurn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve)
  })

describe('the configuration of a topic', () => {
  test('is told whole, and what of it differs from the defaults', async () => {
    const { log } = openTestLog()
    await log.admin.createTopic(kept)
    const { config, effectiveConfig } = await log.admin.describeTopic(kept)
    expect(config).toEqual({ retentionMs: days(30), cleanupPolicy: 'compact,delete' })
    expect(effectiveConfig).toEqual({ ...defaultTopicConfig, ...config })
  })

  test('is that of the constant also where an application creates the topic', async () => {
    const { log } = openTestLog()
    const output = topic('output', { ...text, retentionBytes: 1_000 })
    await start(
      log,
      topologyOf((builder) => builder.stream(kept).to(output)),
    )
    expect((await log.admin.describeTopic(kept)).config).toEqual(kept.config)
    expect((await log.admin.describeTopic(output)).config).toEqual({ retentionBytes: 1_000 })
  })

  test('is changed by name; what is not named stays, and null is the default', async () => {
    const { log, dir } = openTestLog()
    await log.admin.createTopic(kept)
    await log.admin.alterTopic(kept, { retentionBytes: 1_000, retentionMs: null })
    const expected = { cleanupPolicy: 'compact,delete', retentionBytes: 1_000 }
    expect((await log.admin.describeTopic(kept)).config).toEqual(expected)
    expect((await openTestLog(dir).log.admin.describeTopic(kept)).config).toEqual(expected)
    expect((await log.admin.alterTopic(kept, { retentionBytes: -1 })).config).toEqual({
      cleanupPolicy: 'compact,delete',
    })
  })

  test.each([
    [{ retentoinMs: 1 }, /no option "retentoinMs".* Did you mean "retentionMs"\?/],
    [{ 'retention.ms': 1 }, /no option "retention\.ms".* Did you mean "retentionMs"\?/],
    [{ frob: 1 }, /no option "frob".*compressionType$/],
    [{ retentionMs: -2 }, /retentionMs is -2/],
    [{ retentionMs: '7d' }, /retentionMs is "7d"/],
    [{ cleanupPolicy: 'shrink' }, /cleanupPolicy is "shrink"; expected delete, compact/],
  ])('is not changed by %j, and the message says why', async (change, message) => {
    const { log } = openTestLog()
    await log.admin.createTopic(kept)
    const altering = log.admin.alterTopic(kept, { retentionBytes: 5, ...(change as object) })
    await expect(altering).rejects.toMatchObject({ code: 'bad_option', message: expect.stringMatching(message) })
    expect((await log.admin.describeTopic(kept)).config).toEqual(kept.config)
  })

  test('of a topic that does not exist is an error', async () => {
    const { log } = openTestLog()
    await expect(log.admin.alterTopic('nothing', { retentionMs: 1 })).rejects.toMatchObject({ code: 'topic_unknown' })
  })
})

describe('a constant that asks for another configuration', () => {
  test('is reported once with both values, and nothing is changed', async () => {
    const { log } = openTestLog()
    await log.admin.createTopic({ name: 'kept', config: { retentionMs: 1_000 } })
    const seen = warnings()
    for (let round = 0; round < 2; round++) await log.producer().send(kept, { key: 'a', value: 'b' })
    await nextTurn()
    expect(seen.map(({ message }) => message)).toEqual([
      expect.stringMatching(/"kept".*retentionMs is 1000, not 2592000000; cleanupPolicy is delete, not compact,delete/),
    ])
    expect((await log.admin.describeTopic(kept)).config).toEqual({ retentionMs: 1_000 })
  })

  test('is not reported where it leaves open what differs, or says the default', async () => {
    const { log } = openTestLog()
    await log.admin.createTopic({ name: 'kept', config: { retentionBytes: 1_000 } })
    const seen = warnings()
    const agreeing = topic('kept', { ...text, retentionMs: defaultTopicConfig.retentionMs })
    await log.producer().send(agreeing, { key: 'a', value: 'b' })
    await nextTurn()
    expect(seen).toEqual([])
  })
})

test('every change of the catalogue raises its version, for all who have the log open', async () => {
  const { log, embedded, dir } = openTestLog()
  const other = openTestLog(dir).embedded
  const versions: number[] = []
  const note = (): void => {
    other.refresh()
    versions.push(other.topics.version())
  }
  note()
  await log.admin.createTopic(kept)
  note()
  await log.admin.alterTopic(kept, { retentionMs: 5 })
  note()
  await log.admin.addPartitions(kept, 2)
  note()
  embedded.ensureTopics([{ name: 'another' }])
  note()
  await log.admin.deleteTopic(kept)
  note()
  expect(versions).toEqual([...new Set(versions)].toSorted((a, b) => a - b))
  embedded.ensureTopics([{ name: 'another' }])
  note()
  expect(versions.at(-1)).toBe(versions.at(-2))
})

test('every setting of a topic can be altered', async () => {
  const { log } = openTestLog()
  await log.admin.createTopic(kept)
  const cleared = Object.fromEntries(topicConfigNames.map((name) => [name, null]))
  expect((await log.admin.alterTopic(kept, cleared)).config).toEqual({})
})
