// What an application read, wrote and remembers is one commit, and only its newest instance may make it.
import { describe, expect, test } from 'vitest'
import { MillraceError } from '../../../src/core/errors.ts'
import { json, nullable, string } from '../../../src/core/serdes.ts'
import { topic } from '../../../src/core/topic.ts'
import { type Commit, type FoundApplication, newTopicId, type Session } from '../../../src/log/contract.ts'
import type { EmbeddedLog } from '../../../src/log/embedded-log.ts'
import { buildBatch } from '../../support/batches.ts'
import { collect } from '../../support/collect.ts'
import { openTestLog, type OpenedLog } from '../../support/open.ts'
import { openSession } from '../../support/sessions.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import type { PartitionId } from '../../../src/log/format/partition-id.ts'

const inputs = topic('inputs', { key: nullable(string()), value: string(), partitions: 2 })
const outputs = topic('outputs', { key: nullable(string()), value: json<number>(), partitions: 2 })
const plan = 'the plan'
const row = Buffer.from('row')
const task = { subTopology: 'inputs', partition: 0 }

interface App extends OpenedLog {
  readonly session: Session
  readonly storeId: number
  readonly input: PartitionId
  /** A commit that reads up to `offset`, writes `offset` to both outputs and remembers it. */
  readonly commit: (offset: number, changes?: Partial<Commit>) => void
}

const notNow = new MillraceError('plan_changed', 'the plan does not fit')

/** What is stored of an application, seen by an instance that then does not start. */
function seen(embedded: EmbeddedLog, applicationId: string): FoundApplication {
  let found: FoundApplication | undefined
  const look = (): unknown =>
    embedded.openNow({ applicationId }, [], (application) => {
      found = application
      throw notNow
    })
  expect(look).toThrow(notNow)
  return found as unknown as FoundApplication
}

const epochOf = ({ applications }: EmbeddedLog, applicationId: string): number | undefined =>
  applications.find(applicationId)?.epoch

const progressOf = (embedded: EmbeddedLog, applicationId: string): string[] =>
  seen(embedded, applicationId).progress.map(
    ({ task: { subTopology, partition }, progress }) => `${subTopology}/${partition} ${progress?.toString()}`,
  )

function startApp(dir: string = temporaryDirectory()): App {
  const opened = openTestLog(dir)
  const { embedded } = opened
  const { session, start } = embedded.openNow({ applicationId: 'app' }, [inputs, outputs], ({ topics }) => ({
    plan,
    positions: [],
    progress: [],
    stores: ['store', 'other'],
    topics,
  }))
  const [input, output] = start.topics.map(({ name, id }) => ({ topic: name, topicId: id }))
  if (input === undefined || output === undefined) throw new Error('no topics')
  const storeId = session.storeId('store') ?? -1
  const position = { ...input, partition: 0 }
  const commit = (offset: number, changes: Partial<Commit> = {}): void => {
    const value = Buffer.from(String(offset))
    const batch = (): Buffer => buildBatch([{ timestamp: 1, key: null, value: value.toString('hex'), headers: [] }])
    void session.commit({
      tasks: [{ task, positions: [{ partition: position, offset }], progress: value }],
      newTopics: [],
      appends: [0, 1].map((partition) => ({ partition: { ...output, partition }, batches: [batch()] })),
      writeState: (writer) => writer.put(storeId, 0, row, value),
      ...changes,
    })
  }
  return { ...opened, session, storeId, input: position, commit }
}

/** Everything that a commit of {@link startApp} writes. */
async function written({ log, embedded, storeId, input }: App): Promise<object> {
  return {
    outputs: (await collect(log.read(outputs))).map(({ partition, value }) => [partition, value]),
    position: seen(embedded, 'app').position(input),
    progress: progressOf(embedded, 'app'),
    row: embedded.state.get(storeId, 0, row)?.toString(),
  }
}

describe('a commit', () => {
  test('holds positions, outputs, state and progress together, also after a restart', async () => {
    const app = startApp()
    app.commit(7)
    const expected = {
      outputs: [
        [0, 7],
        [1, 7],
      ],
      position: 7,
      progress: ['inputs/0 7'],
      row: '7',
    }
    expect(await written(app)).toEqual(expected)
    await app.log.close()
    const again = startApp(app.dir)
    expect(await written(again)).toEqual(expected)
  })

  test('of an instance that was replaced is refused, and nothing of it is kept', async () => {
    const old = startApp()
    old.commit(1)
    const fresh = startApp(old.dir)
    expect(() => old.commit(2)).toThrow(
      expect.objectContaining({ code: 'fenced', message: expect.stringContaining('"app"') }),
    )
    expect(await written(old)).toMatchObject({ position: 1, row: '1' })
    fresh.commit(3)
    expect(() => old.commit(4)).toThrow(expect.objectContaining({ code: 'fenced' }))
    expect(await written(fresh)).toEqual({
      outputs: [
        [0, 1],
        [1, 1],
        [0, 3],
        [1, 3],
      ],
      position: 3,
      progress: ['inputs/0 3'],
      row: '3',
    })
  })

  test('of an application is not disturbed by another application', () => {
    const app = startApp()
    openSession(app.embedded, 'other')
    openSession(app.embedded, 'app-2')
    app.commit(5)
    expect(seen(app.embedded, 'app').position(app.input)).toBe(5)
    expect(seen(app.embedded, 'app').position({ ...app.input, partition: 1 })).toBeUndefined()
    expect(seen(app.embedded, 'other').position(app.input)).toBeUndefined()
    expect(seen(app.embedded, 'app-2').progress).toEqual([])
  })

  test('that storage refuses leaves nothing behind', async () => {
    const app = startApp()
    app.commit(1)
    const tooLong = Buffer.alloc(5_000, 1)
    const writeState: Commit['writeState'] = (writer) => {
      writer.remove(app.storeId, 0, row)
      writer.put(app.storeId, 0, tooLong, row)
    }
    expect(() => app.commit(2, { writeState })).toThrow(expect.objectContaining({ code: 'bad_option' }))
    await app.environment.close()
    expect(await written(startApp(app.dir))).toMatchObject({ position: 1, row: '1' })
  })

  test('to a topic that was deleted is refused, and nothing of it is kept', async () => {
    const app = startApp()
    app.commit(1)
    await app.log.admin.deleteTopic(outputs)
    expect(() => app.commit(2)).toThrow(expect.objectContaining({ code: 'topic_unknown', topic: 'outputs' }))
    expect(seen(app.embedded, 'app').position(app.input)).toBe(1)
    await app.log.admin.createTopic(outputs)
    expect(() => app.commit(3)).toThrow(expect.objectContaining({ code: 'topic_unknown' }))
    expect(await collect(app.log.read(outputs))).toEqual([])
  })

  test('appends its batches in order, behind what others appended', async () => {
    const app = startApp()
    const producer = app.log.producer()
    const sent = await producer.send(inputs, { key: null, value: 'first' })
    const description = app.embedded.describeTopic('inputs')
    const partition = { topic: 'inputs', topicId: description.id, partition: sent.partition }
    const batches = ['a', 'b', 'c'].map((value) => {
      const record = { timestamp: 1, key: null, value: Buffer.from(value).toString('hex'), headers: [] }
      return buildBatch([record, record])
    })
    app.commit(1, { appends: [{ partition, batches }] })
    const read = await collect(app.log.read(inputs, { partition: sent.partition }))
    expect(read.map(({ value }) => value)).toEqual(['first', 'a', 'a', 'b', 'b', 'c', 'c'])
    expect(read.map(({ offset }) => offset)).toEqual([0, 1, 2, 3, 4, 5, 6])
  })
})

test('a commit creates the topics that are new, and writes to them', async () => {
  const app = startApp()
  const write = (): void => {
    const batch = buildBatch([{ timestamp: 1, key: null, value: Buffer.from('8').toString('hex'), headers: [] }])
    const partition = { topic: 'letters', topicId: newTopicId, partition: 0 }
    app.commit(1, { newTopics: [{ name: 'letters' }], appends: [{ partition, batches: [batch] }] })
  }
  write()
  write()
  const letters = topic('letters', { key: nullable(string()), value: json<number>() })
  expect((await collect(app.log.read(letters))).map(({ value }) => value)).toEqual([8, 8])
  expect(app.session.findTopic('letters')).toMatchObject({ name: 'letters', partitions: 1 })
})

describe('a start', () => {
  test('gets an epoch that no start of any application had, and the plan that was stored', () => {
    const { embedded } = openTestLog()
    expect(seen(embedded, 'app')).toMatchObject({ plan: undefined, progress: [] })
    openSession(embedded, 'app', { plan: 'one' })
    expect([epochOf(embedded, 'app'), seen(embedded, 'app').plan]).toEqual([1, 'one'])
    openSession(embedded, 'app', { plan: 'two' })
    expect([epochOf(embedded, 'app'), seen(embedded, 'app').plan]).toEqual([2, 'two'])
    openSession(embedded, 'app-2')
    expect(epochOf(embedded, 'app-2')).toBe(3)
  })

  test('of an application whose rows are gone does not give its right to a frozen instance of before', () => {
    const frozen = startApp()
    frozen.environment.write((transaction) => {
      for (const key of frozen.environment.keys('applications', Buffer.of(0), Buffer.of(255), 99)) {
        transaction.remove('applications', key)
      }
    })
    const fresh = startApp(frozen.dir)
    expect(() => frozen.commit(1)).toThrow(expect.objectContaining({ code: 'fenced' }))
    frozen.session.refresh()
    expect([frozen.session.isFenced, fresh.session.isFenced]).toEqual([true, false])
    fresh.commit(2)
  })

  test('stores the positions that it begins with', () => {
    const app = startApp()
    const other = { ...app.input, partition: 1 }
    openSession(app.embedded, 'app', { positions: [{ partition: other, offset: 4 }] })
    expect(seen(app.embedded, 'app').position(other)).toBe(4)
    expect(seen(app.embedded, 'app').position(app.input)).toBeUndefined()
  })

  test('that is refused changes nothing, so that the running instance goes on', async () => {
    const app = startApp()
    const refused = (): unknown =>
      app.embedded.openNow({ applicationId: 'app' }, [{ name: 'unwanted' }], ({ topics }) => {
        expect(topics).toMatchObject([{ name: 'unwanted', partitions: 1 }])
        throw notNow
      })
    expect(refused).toThrow(notNow)
    expect(app.session.isFenced).toBe(false)
    app.commit(5)
    expect(seen(app.embedded, 'app')).toMatchObject({ plan })
    expect((await app.log.admin.listTopics()).map(({ name }) => name)).toEqual(['inputs', 'outputs'])
    expect((await app.log.admin.createTopic({ name: 'wanted' })).id).toBeGreaterThan(0)
  })
})

describe('the stores of an application', () => {
  test('keep their ids, which nothing else has', async () => {
    const { embedded, log, dir } = openTestLog()
    const idsOf = (on: EmbeddedLog, applicationId: string, stores: string[]): (number | undefined)[] => {
      const session = openSession(on, applicationId, { stores })
      return stores.map((name) => session.storeId(name))
    }
    const ids = idsOf(embedded, 'app', ['a', 'b'])
    expect(idsOf(embedded, 'app', ['b', 'a'])).toEqual([...ids].reverse())
    const others = [...idsOf(embedded, 'other', ['a']), (await log.admin.createTopic({ name: 'a' })).id]
    expect(new Set([...ids, ...others]).size).toBe(4)
    await log.close()
    expect(idsOf(openTestLog(dir).embedded, 'app', ['a', 'b'])).toEqual(ids)
  })

  test('hold rows by partition and key, in byte order', () => {
    const app = startApp()
    const other = app.session.storeId('other') ?? -1
    const keys = [[], [0], [0, 0], [1], [1, 255], [255], [255, 255]].map((bytes) => Buffer.from(bytes))
    app.commit(1, {
      writeState(writer) {
        for (const key of [...keys].reverse()) writer.put(app.storeId, 1, key, Buffer.concat([key, Buffer.of(7)]))
        for (const key of keys) {
          writer.put(app.storeId, 0, key, row)
          writer.put(app.storeId, 2, key, row)
          writer.put(other, 1, key, row)
        }
      },
    })
    app.commit(2, { writeState: (writer) => writer.remove(app.storeId, 1, Buffer.of(1)) })
    const { state } = app.embedded
    const found = (from: Buffer, to: Buffer | undefined, limit: number): string[] =>
      state.range(app.storeId, 1, from, to, limit).map(({ key, value }) => {
        expect(value.equals(Buffer.concat([key, Buffer.of(7)]))).toBe(true)
        return key.toString('hex')
      })
    expect(found(Buffer.of(), undefined, 99)).toEqual(['', '00', '0000', '01ff', 'ff', 'ffff'])
    expect(found(Buffer.of(0), Buffer.of(255), 99)).toEqual(['00', '0000', '01ff'])
    expect(found(Buffer.of(), undefined, 2)).toEqual(['', '00'])
    expect(state.get(app.storeId, 1, Buffer.of(1))).toBeUndefined()
    expect(state.get(app.storeId, 1, Buffer.of(255))?.toString('hex')).toBe('ff07')
    expect(state.get(app.storeId, 3, Buffer.of(255))).toBeUndefined()
    const last = (partition: number): string[] =>
      state.range(app.storeId, partition, Buffer.of(), undefined, 2, true).map(({ key }) => key.toString('hex'))
    expect(last(1)).toEqual(['ffff', 'ff'])
    expect(last(2)).toEqual(['ffff', 'ff'])
    expect(last(3)).toEqual([])
  })

  test('lose a range of rows in one call, and what is put beside it stays', () => {
    const app = startApp()
    const key = (number: number): Buffer => Buffer.from([number >> 8, number & 255])
    const rowsLeft = (): number[] =>
      app.embedded.state
        .range(app.storeId, 0, Buffer.of(), undefined, 9_999)
        .map(({ key: left }) => left.readUInt16BE())
    app.commit(1, {
      writeState(writer) {
        for (let i = 0; i < 3_000; i++) writer.put(app.storeId, 0, key(i), row)
      },
    })
    app.commit(2, {
      writeState(writer) {
        writer.put(app.storeId, 0, key(9), row)
        writer.removeRange(app.storeId, 0, key(10), key(2_990))
        writer.put(app.storeId, 0, key(2_990), row)
        writer.remove(app.storeId, 0, key(2_991))
      },
    })
    const expected = Array.from({ length: 3_000 }, (_, i) => i).filter((i) => (i < 10 || i >= 2_990) && i !== 2_991)
    expect(rowsLeft()).toEqual(expected)
  })
})
