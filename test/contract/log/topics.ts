// Topics and their configuration.
import { days, string, topic } from 'millrace'
import { expect } from 'vitest'
import { collect } from '../../support/collect.ts'
import { lines, words } from '../../support/topics.ts'
import type { Promises } from './implementation.ts'
import { eventually, expectRefused, refusal, texts, valuesOf } from './helpers.ts'

const text = { key: string(), value: string() }
const kept = topic('kept', { ...text, retentionMs: days(30), cleanupPolicy: 'compact,delete' })
const one = { key: 'a', value: 'b' }

export const topics: Promises = {
  'a topic is created with the partitions of its constant, or with one': async ({ log }) => {
    expect(await log.admin.createTopic(words)).toMatchObject({ name: 'words', partitions: 4 })
    expect(await log.admin.createTopic({ name: 'plain' })).toMatchObject({ name: 'plain', partitions: 1 })
    expect(await log.admin.describeTopic(words)).toEqual(await log.admin.describeTopic('words'))
  },

  'a topic is created once': async ({ log }) => {
    await log.admin.createTopic(words)
    const error = await refusal(() => log.admin.createTopic({ name: 'words' }))
    expect(error).toMatchObject({ code: 'topic_exists', topic: 'words' })
    expect(await log.admin.describeTopic('words')).toMatchObject({ partitions: 4 })
  },

  'a name or a number of partitions that is not valid is refused': async ({ log }) => {
    for (const request of [
      { name: 'a/b' },
      { name: '' },
      { name: 'a', partitions: 0 },
      { name: 'a', partitions: 1.5 },
    ]) {
      expect((await refusal(() => log.admin.createTopic(request))).code).toBe('bad_option')
    }
    expect(await log.admin.listTopics()).toEqual([])
  },

  'every client sees the topics, by name': async ({ log, connect }) => {
    for (const name of ['b', 'c', 'a']) await log.admin.createTopic({ name })
    const other = await connect()
    const namesOf = async (): Promise<string[]> => (await other.admin.listTopics()).map(({ name }) => name)
    expect(await namesOf()).toEqual(['a', 'b', 'c'])
    await log.admin.deleteTopic('b')
    expect(await namesOf()).toEqual(['a', 'c'])
  },

  'nothing creates a topic but its typed constant in the hand of who writes or consumes': async ({ log }) => {
    expect(await collect(log.read(words))).toEqual([])
    await expectRefused('topic_unknown', [
      () => log.admin.describeTopic(words),
      () => log.admin.endOffsets(words),
      () => log.admin.alterTopic(words, { retentionMs: 1 }),
      () => log.admin.deleteTopic(words),
      () => collect(log.consumer({ topics: ['words'] })),
    ])
    expect(await log.admin.listTopics()).toEqual([])
    await log.producer().send(words, one)
    await log.consumer({ topics: [lines] }).close()
    expect(await log.admin.listTopics()).toMatchObject([
      { name: 'lines', partitions: 1 },
      { name: 'words', partitions: 4 },
    ])
  },

  'a constant with another number of partitions is refused, one that leaves it open fits': async ({ log }) => {
    await log.admin.createTopic(words)
    const other = topic('words', { ...text, partitions: 3 })
    for (const attempt of [() => log.producer().send(other, one), () => collect(log.consumer({ topics: [other] }))]) {
      expect(await refusal(attempt)).toMatchObject({ code: 'partitions_differ', topic: 'words' })
    }
    expect(await log.admin.endOffsets('words')).toEqual([0, 0, 0, 0])
    expect(await log.producer().send(topic('words', text), one)).toMatchObject({ topic: 'words', offset: 0 })
  },

  'the configuration is told whole, and what of it differs from the defaults of Kafka': async ({ log }) => {
    await log.admin.createTopic(kept)
    const { config, effectiveConfig } = await log.admin.describeTopic(kept)
    expect(config).toEqual({ retentionMs: days(30), cleanupPolicy: 'compact,delete' })
    expect(effectiveConfig).toMatchObject({
      ...config,
      retentionBytes: -1,
      deleteRetentionMs: days(1),
      minCompactionLagMs: 0,
      maxMessageBytes: 1_048_576,
      messageTimestampType: 'CreateTime',
      compressionType: 'producer',
    })
  },

  'a setting is changed by its name: what is not named stays, and null is the default': async ({ log, connect }) => {
    await log.admin.createTopic(kept)
    await log.admin.alterTopic(kept, { retentionBytes: 1_000, retentionMs: null })
    const changed = { cleanupPolicy: 'compact,delete', retentionBytes: 1_000 }
    expect((await (await connect()).admin.describeTopic(kept)).config).toEqual(changed)
  },

  'a setting that there is not, or a value that it does not take, is refused and changes nothing': async ({ log }) => {
    await log.admin.createTopic(kept)
    for (const wrong of [{ retentoinMs: 1 }, { retentionMs: -2 }, { retentionMs: '7d' }, { cleanupPolicy: 'shrink' }]) {
      const change = { retentionBytes: 5, ...(wrong as object) }
      expect((await refusal(() => log.admin.alterTopic(kept, change))).code).toBe('bad_option')
    }
    expect((await log.admin.describeTopic(kept)).config).toEqual(kept.config)
  },

  'added partitions are empty, and records stay where they were': async ({ log }) => {
    await log.producer().send(lines, one)
    expect(await log.admin.addPartitions(lines, 3)).toMatchObject({ partitions: 3 })
    expect(await log.admin.endOffsets(lines)).toEqual([1, 0, 0])
    const open = topic('lines', text)
    await log.producer().sendMany(open, texts(30))
    expect((await log.admin.endOffsets(lines)).every((end) => end > 0)).toBe(true)
    expect(await collect(log.read(open))).toHaveLength(31)
  },

  'a topic does not get fewer partitions, or as many as it has': async ({ log }) => {
    await log.admin.createTopic(words)
    for (const partitions of [1, 4, 0, 4.5]) {
      expect((await refusal(() => log.admin.addPartitions(words, partitions))).code).toBe('bad_option')
    }
    expect(await log.admin.describeTopic(words)).toMatchObject({ partitions: 4 })
  },

  'a deleted topic leaves nothing to a new one of its name': async ({ log }) => {
    await log.producer().sendMany(lines, texts(5))
    await log.admin.deleteTopic(lines)
    expect(await collect(log.read(lines))).toEqual([])
    const wider = await log.admin.createTopic({ name: 'lines', partitions: 2 })
    expect(wider).toMatchObject({ partitions: 2, config: {} })
    expect(await log.admin.endOffsets('lines')).toEqual([0, 0])
    await log.producer().send(topic('lines', text), { ...one, partition: 0, timestamp: 1 })
    expect(await valuesOf(log.read(topic('lines', text), { from: { time: 0 } }))).toEqual(['b'])
  },

  'who reads a topic that is deleted is told': async ({ log, connect }) => {
    await log.producer({ batchBytes: 1 }).sendMany(lines, texts(5))
    const other = await connect()
    const loops = [
      log.read(lines)[Symbol.asyncIterator](),
      log.read(lines, { follow: true })[Symbol.asyncIterator](),
      other.read(lines, { follow: true, from: 4 })[Symbol.asyncIterator](),
    ]
    for (const loop of loops) expect((await loop.next()).done).toBe(false)
    await log.admin.deleteTopic(lines)
    for (const loop of loops) {
      expect((await refusal(() => loop.next())).code).toMatch(/^(topic_unknown|position_lost)$/)
    }
  },

  'who writes to a topic that is deleted and made anew writes to the new one, or is told': async ({ log, connect }) => {
    const other = await connect()
    const producer = log.producer()
    await producer.send(lines, one)
    await other.admin.deleteTopic(lines)
    await other.admin.createTopic(lines)
    const outcome = await producer.send(lines, { key: 'a', value: 'new' }).catch((error: unknown) => error)
    await eventually(async () => {
      const records = await valuesOf(log.read(lines))
      if (outcome instanceof Error)
        expect({ outcome, records }).toMatchObject({ outcome: { code: 'topic_unknown' }, records: [] })
      else expect(records).toEqual(['new'])
    })
  },
}
