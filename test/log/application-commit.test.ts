// What an application read, wrote and remembers is one commit, and only its newest instance may make it.
import { describe, expect, test } from 'vitest'
import { MillraceError } from '../../src/core/errors.ts'
import { json, nullable, string } from '../../src/core/serdes.ts'
import { topic } from '../../src/core/topic.ts'
import type { ApplicationStart, Commit, StoredApplication } from '../../src/log/contract.ts'
import type { EmbeddedLog } from '../../src/log/embedded-log.ts'
import { buildBatch } from '../support/batches.ts'
import { collect } from '../support/collect.ts'
import { openTestLog, type OpenedLog } from '../support/open.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import type { PartitionId } from '../../src/log/format/partition-id.ts'

const inputs = topic('inputs', { key: nullable(string()), value: string(), partitions: 2 })
const outputs = topic('outputs', { key: nullable(string()), value: json<number>(), partitions: 2 })
const plan = 'the plan'
const row = Buffer.from('row')

interface App extends OpenedLog {
  readonly epoch: number
  readonly storeId: number
  readonly input: PartitionId
  /** A commit that reads up to `offset`, writes `offset` to both outputs and remembers it. */
  readonly commit: (offset: number, changes?: Partial<Commit>) => void
}

/** Starts an application; what it found. */
function begin(
  embedded: EmbeddedLog,
  applicationId: string,
  start: Partial<ApplicationStart> = {},
): StoredApplication & { readonly epoch: number } {
  let found: StoredApplication | undefined
  const epoch = embedded.startApplication(applicationId, (application) => {
    found = application
    return { plan, positions: [], ...start }
  })
  return { ...(found as unknown as StoredApplication), epoch }
}

const notNow = new MillraceError('plan_changed', 'the plan does not fit')

/** What is stored of an application, seen by an instance that then does not start. */
function seen(embedded: EmbeddedLog, applicationId: string): StoredApplication {
  let found: StoredApplication | undefined
  const look = (): unknown =>
    embedded.startApplication(applicationId, (application) => {
      found = application
      throw notNow
    })
  expect(look).toThrow(notNow)
  return found as unknown as StoredApplication
}

function startApp(dir: string = temporaryDirectory()): App {
  const opened = openTestLog(dir)
  const { embedded } = opened
  const [input, output] = embedded.ensureTopics([inputs, outputs]).map(({ name, id }) => ({ topic: name, topicId: id }))
  if (input === undefined || output === undefined) throw new Error('no topics')
  const { epoch } = begin(embedded, 'app')
  const [storeId = -1] = embedded.storeIds('app', ['store'])
  const position = { ...input, partition: 0 }
  const commit = (offset: number, changes: Partial<Commit> = {}): void => {
    const value = Buffer.from(String(offset))
    const batch = (): Buffer => buildBatch([{ timestamp: 1, key: null, value: value.toString('hex'), headers: [] }])
    embedded.commit({
      applicationId: 'app',
      epoch,
      positions: [{ partition: position, offset }],
      appends: [0, 1].map((partition) => ({ partition: { ...output, partition }, batches: [batch()] })),
      progress: value,
      writeState: (writer) => writer.put(storeId, 0, row, value),
      ...changes,
    })
  }
  return { ...opened, epoch, storeId, input: position, commit }
}

/** Everything that a commit of {@link startApp} writes. */
async function written({ log, embedded, storeId, input }: App): Promise<object> {
  return {
    outputs: (await collect(log.read(outputs))).map(({ partition, value }) => [partition, value]),
    position: seen(embedded, 'app').position(input),
    progress: seen(embedded, 'app').progress?.toString(),
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
      progress: '7',
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
      progress: '3',
      row: '3',
    })
  })

  test('of an application is not disturbed by another application', () => {
    const app = startApp()
    begin(app.embedded, 'other')
    begin(app.embedded, 'app-2')
    app.commit(5)
    expect(seen(app.embedded, 'app').position(app.input)).toBe(5)
    expect(seen(app.embedded, 'app').position({ ...app.input, partition: 1 })).toBeUndefined()
    expect(seen(app.embedded, 'other').position(app.input)).toBeUndefined()
    expect(seen(app.embedded, 'app-2').progress).toBeUndefined()
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

describe('a start', () => {
  test('gets an epoch that no start of any application had, and the plan that was stored', () => {
    const { embedded } = openTestLog()
    expect(begin(embedded, 'app', { plan: 'one' })).toMatchObject({ epoch: 1, plan: undefined, progress: undefined })
    expect(begin(embedded, 'app', { plan: 'two' })).toMatchObject({ epoch: 2, plan: 'one', progress: undefined })
    expect(begin(embedded, 'app')).toMatchObject({ epoch: 3, plan: 'two' })
    expect(begin(embedded, 'app-2')).toMatchObject({ epoch: 4, plan: undefined })
  })

  test('stores the positions that it begins with', () => {
    const app = startApp()
    const other = { ...app.input, partition: 1 }
    begin(app.embedded, 'app', { positions: [{ partition: other, offset: 4 }] })
    expect(seen(app.embedded, 'app').position(other)).toBe(4)
    expect(seen(app.embedded, 'app').position(app.input)).toBeUndefined()
  })

  test('that is refused changes nothing, so that the running instance goes on', () => {
    const app = startApp()
    expect(seen(app.embedded, 'app')).toMatchObject({ plan })
    app.commit(5)
    expect(seen(app.embedded, 'app')).toMatchObject({ plan })
  })
})

describe('the stores of an application', () => {
  test('keep their ids, which nothing else has', async () => {
    const { embedded, log, dir } = openTestLog()
    const ids = embedded.storeIds('app', ['a', 'b'])
    expect(embedded.storeIds('app', ['b', 'a'])).toEqual([...ids].reverse())
    const others = [...embedded.storeIds('other', ['a']), (await log.admin.createTopic({ name: 'a' })).id]
    expect(new Set([...ids, ...others]).size).toBe(4)
    expect(embedded.storeIds('app', [])).toEqual([])
    await log.close()
    expect(openTestLog(dir).embedded.storeIds('app', ['a', 'b'])).toEqual(ids)
  })

  test('hold rows by partition and key, in byte order', () => {
    const app = startApp()
    const [other = -1] = app.embedded.storeIds('app', ['other'])
    const keys = [[], [0], [0, 0], [1], [1, 255], [255], [255, 255]].map((bytes) => Buffer.from(bytes))
    app.commit(1, {
      writeState(writer) {
        for (const key of [...keys].reverse()) writer.put(app.storeId, 1, key, Buffer.concat([key, Buffer.of(7)]))
        for (const key of keys) {
          writer.put(app.storeId, 0, key, row)
          writer.put(app.storeId, 2, key, row)
          writer.put(other, 1, key, row)
        }
        writer.remove(app.storeId, 1, Buffer.of(1))
      },
    })
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
    expect(state.last(app.storeId, 1)?.toString('hex')).toBe('ffff')
    expect(state.last(app.storeId, 2)?.toString('hex')).toBe('ffff')
    expect(state.last(app.storeId, 3)).toBeUndefined()
  })
})
