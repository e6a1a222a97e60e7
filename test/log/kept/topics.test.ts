// Topics are created once, by a typed constant, and found by name; what does not fit is told.
import { describe, expect, test } from 'vitest'
import { string } from '../../../src/core/serdes.ts'
import { topic } from '../../../src/core/topic.ts'
import { collect } from '../../support/collect.ts'
import { openTestLog } from '../../support/open.ts'
import { lines, words } from '../../support/topics.ts'

const text = { key: string(), value: string() }

describe('a topic', () => {
  test('is created with the partitions of its constant, or one', async () => {
    const { log } = openTestLog()
    expect(await log.admin.createTopic(words)).toMatchObject({ name: 'words', partitions: 4 })
    expect(await log.admin.createTopic({ name: 'plain' })).toMatchObject({ name: 'plain', partitions: 1 })
    expect(await log.admin.describeTopic('words')).toMatchObject({ name: 'words', partitions: 4 })
    expect(await log.admin.describeTopic(words)).toEqual(await log.admin.describeTopic('words'))
  })

  test('is there after a restart', async () => {
    const { log, dir } = openTestLog()
    const created = await log.admin.createTopic(words)
    await log.close()
    expect(await openTestLog(dir).log.admin.describeTopic('words')).toEqual(created)
  })

  test('is not created twice', async () => {
    const { log } = openTestLog()
    await log.admin.createTopic(words)
    await expect(log.admin.createTopic({ name: 'words' })).rejects.toMatchObject({
      code: 'topic_exists',
      topic: 'words',
    })
    expect(await log.admin.describeTopic('words')).toMatchObject({ partitions: 4 })
  })

  test('is not created with a name or a number of partitions that is not valid', async () => {
    const { log } = openTestLog()
    await expect(log.admin.createTopic({ name: 'a/b' })).rejects.toMatchObject({ code: 'bad_option' })
    await expect(log.admin.createTopic({ name: 'a', partitions: 0 })).rejects.toMatchObject({ code: 'bad_option' })
    expect(await log.admin.listTopics()).toEqual([])
  })

  test('has an id of its own', async () => {
    const { log } = openTestLog()
    const ids = new Set<number>()
    for (const name of ['a', 'b', 'c']) ids.add((await log.admin.createTopic({ name })).id)
    await log.admin.deleteTopic('b')
    ids.add((await log.admin.createTopic({ name: 'b' })).id)
    expect(ids.size).toBe(4)
  })
})

test('topics are listed by name, however many there are', async () => {
  const { log, embedded } = openTestLog()
  const names = Array.from({ length: 600 }, (_, index) => `topic-${(index * 7) % 600}`)
  embedded.ensureTopics(names.map((name) => ({ name, partitions: undefined })))
  expect((await log.admin.listTopics()).map(({ name }) => name)).toEqual([...names].sort())
})

describe('a topic that does not exist', () => {
  test('is told, with the name that was meant', async () => {
    const { log } = openTestLog()
    for (const name of ['clicks', 'clicks-per-minute', 'orders', 'ordersx']) await log.admin.createTopic({ name })
    const missing = (hint: string): object => ({ code: 'topic_unknown', message: expect.stringContaining(hint) })
    await expect(log.admin.describeTopic('click')).rejects.toMatchObject(missing('did you mean "clicks"?'))
    await expect(log.admin.describeTopic('order')).rejects.toMatchObject(missing('did you mean "orders"?'))
    await expect(log.admin.describeTopic('clicks-per-mniute')).rejects.toMatchObject(missing('"clicks-per-minute"?'))
    await expect(log.admin.describeTopic('zzz')).rejects.toMatchObject(missing('listTopics()'))
    await expect(log.admin.describeTopic('zzz')).rejects.toMatchObject({ topic: 'zzz' })
  })

  test('is not created by reading, describing or deleting it', async () => {
    const { log } = openTestLog()
    const unknown = { code: 'topic_unknown' }
    expect(await collect(log.read(words))).toEqual([])
    await expect(log.admin.describeTopic(words)).rejects.toMatchObject(unknown)
    await expect(log.admin.endOffsets(words)).rejects.toMatchObject(unknown)
    await expect(log.admin.deleteTopic(words)).rejects.toMatchObject(unknown)
    expect(await log.admin.listTopics()).toEqual([])
  })

  test('is created by the producer that uses its constant', async () => {
    const { log } = openTestLog()
    await log.producer().send(words, { key: 'a', value: 'b' })
    expect(await log.admin.describeTopic('words')).toMatchObject({ partitions: 4 })
  })
})

describe('a constant', () => {
  test('that leaves the partitions open fits the topic as it is', async () => {
    const { log } = openTestLog()
    await log.admin.createTopic(words)
    const open = topic('words', text)
    expect(await log.producer().send(open, { key: 'a', value: 'b' })).toMatchObject({ topic: 'words' })
  })

  test('with another number of partitions is refused, and says both numbers', async () => {
    const { log } = openTestLog()
    await log.admin.createTopic(words)
    const other = topic('words', { ...text, partitions: 3 })
    await expect(log.producer().send(other, { key: 'a', value: 'b' })).rejects.toMatchObject({
      code: 'partitions_differ',
      topic: 'words',
      message: expect.stringMatching(/4 partitions.* 3.*partitions: 4/),
    })
    expect(await log.admin.endOffsets('words')).toEqual([0, 0, 0, 0])
  })

  test('that does not fit keeps the topics beside it from being created', () => {
    const { embedded } = openTestLog()
    embedded.ensureTopics([words])
    const wrong = { name: 'words', partitions: 3 }
    expect(() => embedded.ensureTopics([{ name: 'new', partitions: 2 }, wrong])).toThrow(
      expect.objectContaining({ code: 'partitions_differ' }),
    )
    expect(embedded.topics.list().map(({ name }) => name)).toEqual(['words'])
  })
})

test('end offsets are those behind the last records', async () => {
  const { log } = openTestLog()
  const producer = log.producer()
  await producer.send(lines, { key: 'a', value: '1' })
  await producer.send(lines, { key: 'a', value: '2' })
  expect(await log.admin.endOffsets(lines)).toEqual([2])
})
