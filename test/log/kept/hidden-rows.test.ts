// A row that cannot be found, or is older than the newest, is damage: it is not taken for one that was never written.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { int64, keyValueStore, openLog, startStreams, string, StreamsBuilder, topic } from 'millrace'
import type { Environment } from '../../../src/storage/environment.ts'
import { namedKey, partitionKey, partitionNumberKey } from '../../../src/storage/keys.ts'
import { pageBytes, pagesOf } from '../../rot/pages.ts'
import { collectUntilError } from '../../support/collect.ts'
import { openTestLog } from '../../support/open.ts'
import { openStored, type Stored } from '../../support/stored.ts'
import { openSession } from '../../support/sessions.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { errorOf, rejectionOf } from '../../support/thrown.ts'
import { lines, words } from '../../support/topics.ts'

const damaged = (what: string): object => ({ code: 'damaged', message: expect.stringContaining(what) })
const counts = keyValueStore('counts', { key: string(), value: int64() })

function countLines(): ReturnType<StreamsBuilder['build']> {
  const builder = new StreamsBuilder()
  builder.stream(lines).groupByKey().count({ store: counts })
  return builder.build()
}

/** A closed log of two topics, a group that has read and an application that has counted. */
async function writtenLog(): Promise<string> {
  const dir = temporaryDirectory()
  await using log = await openLog(dir, { maintenance: false })
  const producer = log.producer()
  for (let i = 0; i < 4; i++) {
    await producer.sendMany(lines, [{ key: 'a', value: `line ${i}`, timestamp: i }])
    await producer.sendMany(words, [{ key: 'a', value: `word ${i}`, timestamp: i }])
  }
  const application = await startStreams(countLines(), { log, applicationId: 'counting' })
  await application.caughtUp()
  await application.close()
  await using consumer = log.consumer({ group: 'readers', topics: [lines], autoCommitMs: false })
  for await (const batch of consumer.batches()) {
    await consumer.commit(batch)
    if (consumer.lag(lines, 0) === 0) break
  }
  return dir
}

/** Damages the closed log of {@link writtenLog}; what is changed keeps its right checksum. */
async function damagedLog(damage: (stored: Stored) => void): Promise<string> {
  const dir = await writtenLog()
  damage(openStored(dir))
  return dir
}

const catalogueKey = Buffer.from('catalogue')
const lineKey = Buffer.from('lines')

test('a topic whose row went after all rows were found does not read as one that does not exist', async () => {
  const { log, environment } = openTestLog()
  await log.producer().send(lines, { key: 'a', value: 'line' })
  await log.admin.verify()
  environment.write((transaction) => transaction.remove('topics', lineKey))
  expect(await collectUntilError(log.read(lines))).toMatchObject({ items: [], error: damaged('but 0 can be found') })
})

describe('a log is not opened', () => {
  test.each<[string, (stored: Stored) => void, string]>([
    [
      'without the row of a topic',
      (stored) => stored.remove('topics', lineKey),
      'it has 2 rows of "topics", but 1 can be found',
    ],
    [
      'without the row that counts',
      (stored) => stored.remove('meta', catalogueKey),
      'the row that counts it is missing',
    ],
    [
      'without the row of a store',
      (stored) => stored.remove('stores', namedKey('counting', 'counts')),
      '"stores", but 0 can be found',
    ],
    ['without a database', (stored) => stored.drop('state'), 'no longer has the database "state"'],
  ])('%s', async (_, damage, what) => {
    const dir = await damagedLog(damage)
    expect(await rejectionOf(openLog(dir))).toMatchObject(damaged(what))
    // It is the same the next time: nothing was created in between.
    expect(await rejectionOf(openLog(dir))).toMatchObject(damaged(what))
  })

  test('with a row of a topic that is not the newest', async () => {
    const dir = await writtenLog()
    const stored = openStored(dir)
    const before = stored.rows('topics').find(({ key }) => key.equals(lineKey))?.value ?? Buffer.of()
    const log = await openLog(dir, { maintenance: false })
    await log.admin.alterTopic('lines', { retentionMs: 5_000 })
    await log.close()
    stored.put('topics', lineKey, before)
    expect(await rejectionOf(openLog(dir))).toMatchObject(damaged('are out of date'))
  })
})

test('a log whose names of databases are hidden is not taken for a new one', async () => {
  const dir = await writtenLog()
  const path = join(dir, 'data.mdb')
  const file = readFileSync(path)
  const number = pagesOf(file).findIndex(({ kind, database }) => kind === 'leaf' && database === 'names')
  file.fill(0, (number + 1) * pageBytes - 4_096, (number + 1) * pageBytes)
  writeFileSync(path, file)
  expect(await rejectionOf(openLog(dir))).toMatchObject(damaged('the names of only 0 can be found'))
  expect(readFileSync(path).equals(file)).toBe(true)
})

test('a topic that is hidden while the log is open is not created anew', async () => {
  const { dir, log, embedded } = openTestLog()
  await log.producer().send(lines, { key: 'a', value: 'b' })
  openStored(dir).remove('topics', lineKey)
  const other = openTestLog(dir)
  const sent = other.log.producer().send(lines, { key: 'a', value: 'b' })
  expect(await rejectionOf(sent)).toMatchObject(damaged('"topics"'))
  expect(errorOf(() => other.embedded.ensureTopics([{ name: 'lines' }]))).toMatchObject(damaged('"topics"'))
  embedded.refresh()
  expect(errorOf(() => embedded.topics.list())).toMatchObject(damaged('"topics"'))
})

test('a topic and a store are told from those that never were', async () => {
  const { embedded } = openTestLog(await writtenLog())
  expect(embedded.topics.find('nothing')).toBeUndefined()
  const session = openSession(embedded, 'counting', { stores: ['counts', 'others'] })
  const counts = embedded.environment.get('stores', namedKey('counting', 'counts'))
  expect(session.storeId('counts')).toBe(counts?.readUInt32BE(0))
  expect(session.storeId('others')).not.toBe(session.storeId('counts'))
  expect(session.storeId('nothing')).toBeUndefined()
  embedded.catalogue.check()
})

describe('the row of a partition', () => {
  const partition = { topic: 'lines', partition: 0 }

  test('that is hidden is not taken for a topic that was deleted', async () => {
    const { dir, log, embedded } = openTestLog()
    await log.producer().send(lines, { key: 'a', value: 'b' })
    const { id } = embedded.describeTopic('lines')
    openStored(dir).remove('partitions', partitionKey(id, 0))
    const { error } = await collectUntilError(log.read(lines))
    expect(error).toMatchObject({ ...damaged('its row cannot be found'), ...partition })
  })

  test('that is older than its batches ends neither a read nor gets an append', async () => {
    const { dir, log, embedded } = openTestLog()
    const producer = log.producer()
    await producer.send(lines, { key: 'a', value: 'first' })
    const { id } = embedded.describeTopic('lines')
    const stored = openStored(dir)
    const before = stored.rows('partitions').find(({ key }) => key.equals(partitionKey(id, 0)))?.value ?? Buffer.of()
    await producer.send(lines, { key: 'a', value: 'second' })
    stored.put('partitions', partitionKey(id, 0), before)
    expect((await collectUntilError(log.read(lines))).error).toMatchObject({
      ...damaged('there is a batch at 1'),
      ...partition,
    })
    expect(await rejectionOf(producer.send(lines, { key: 'a', value: 'third' }))).toMatchObject(
      damaged('there is a batch at 1'),
    )
    expect(stored.rows('batches')).toHaveLength(2)
  })
})

test('a segment that is hidden is not passed over when a time is looked for', async () => {
  const { dir, log, embedded } = openTestLog()
  const producer = log.producer()
  for (let i = 0; i < 3; i++) await producer.sendMany(lines, [{ key: 'a', value: 'b', timestamp: 100 - i }])
  const { id } = embedded.describeTopic('lines')
  const partition = { topic: 'lines', topicId: id, partition: 0 }
  embedded.environment.write((tx) => embedded.partitions.closeActive(tx, partition, embedded.partitions.row(partition)))
  await producer.sendMany(lines, [{ key: 'a', value: 'b', timestamp: 200 }])
  expect(embedded.offsetAtTime(partition, 100)).toBe(0)
  openStored(dir).remove('segments', partitionNumberKey(id, 0, 0))
  embedded.refresh()
  expect(errorOf(() => embedded.offsetAtTime(partition, 100))).toMatchObject(
    damaged('the segments that can be found have'),
  )
})

describe('a batch', () => {
  test('that stands under the key of another partition is none of its records, although its checksum is right', async () => {
    const { dir, log, embedded } = openTestLog()
    await log.producer().send(lines, { key: 'a', value: 'a line' })
    await log.producer().send(words, { key: 'a', value: 'a word', partition: 0 })
    const stored = openStored(dir)
    const keyIn = (name: string): Buffer => partitionNumberKey(embedded.describeTopic(name).id, 0, 0)
    const word = stored.rows('batches').find(({ key }) => key.equals(keyIn('words')))?.value ?? Buffer.of()
    stored.put('batches', keyIn('lines'), word)
    const { items, error } = await collectUntilError(log.read(lines))
    expect(items).toEqual([])
    expect(error).toMatchObject({
      ...damaged('it belongs to another partition'),
      topic: 'lines',
      partition: 0,
      offset: 0,
    })
  })

  test('that is hidden where compaction has left gaps is damage all the same', async () => {
    const compacted = topic('compacted', {
      key: string(),
      value: string(),
      cleanupPolicy: 'compact',
      minCompactionLagMs: 0,
    })
    const { dir, log, embedded } = openTestLog()
    const producer = log.producer()
    for (const key of ['a', 'b', 'c', 'c', 'a', 'd'])
      await producer.sendMany(compacted, [{ key, value: key, timestamp: 1 }])
    await log.admin.runMaintenance()
    expect((await collectUntilError(log.read(compacted))).items).toHaveLength(4)
    openStored(dir).remove('batches', partitionNumberKey(embedded.describeTopic('compacted').id, 0, 1))
    const { log: other } = openTestLog(dir)
    expect((await collectUntilError(other.read(compacted))).error).toMatchObject(damaged('batches, but'))
  })
})

describe('a position', () => {
  const keyOf = (environment: Environment, name: string): Buffer => {
    const [entry] = environment.range('positions', namedKey(name, ''), namedKey(name, Buffer.of(255)), 1)
    return entry?.key ?? Buffer.of()
  }

  test('of a group that is hidden does not let it read again from the beginning', async () => {
    const { dir, log, environment } = openTestLog(await writtenLog())
    openStored(dir).remove('positions', keyOf(environment, 'readers'))
    const consumer = log.consumer({ group: 'readers', topics: [lines], autoCommitMs: false })
    const { items, error } = await collectUntilError(consumer)
    expect(items).toEqual([])
    expect(error).toMatchObject(damaged('"readers" has 1 positions, but 0 can be found'))
  })

  test.each<[string, boolean]>([
    ['hidden', false],
    ['older than the newest', true],
  ])('of an application that is %s does not let it count again', async (_, isOlder) => {
    const { dir, log, environment } = openTestLog(await writtenLog())
    const stored = openStored(dir)
    const key = keyOf(environment, 'counting')
    const before = stored.rows('positions').find((row) => row.key.equals(key))?.value ?? Buffer.of()
    await log.producer().send(lines, { key: 'a', value: 'one more' })
    const application = await startStreams(countLines(), { log, applicationId: 'counting' })
    await application.caughtUp()
    await application.close()
    if (isOlder) stored.put('positions', key, before)
    else stored.remove('positions', key)
    const started = startStreams(countLines(), { log, applicationId: 'counting' })
    expect(await rejectionOf(started)).toMatchObject(damaged('"counting" has 1 positions'))
  })
})

test('a row of a store whose value has changed is an error, not another value', async () => {
  const { dir, log } = openTestLog(await writtenLog())
  const stored = openStored(dir)
  const [row] = stored.rows('state')
  if (row === undefined) throw new Error('there is no row')
  const value = Buffer.from(row.value)
  value[15] = (value[15] ?? 0) ^ 1
  stored.put('state', row.key, value)
  const application = await startStreams(countLines(), { log, applicationId: 'counting' })
  expect(errorOf(() => application.store(counts).get('a'))).toMatchObject(damaged('of "state"'))
  await application.close()
})

test('what is shown of a stored key holds no control character', async () => {
  const { dir, environment } = openTestLog()
  const key = Buffer.from('a\u001B[2J\u0085\u009B\nb', 'latin1')
  openStored(dir).put('groups', key, Buffer.from('no checksum'))
  environment.refresh()
  const { message } = errorOf(() => environment.get('groups', key))
  expect(message).toContain(String.raw`"a\u001b[2J\u0085\u009b\nb"`)
})
