// A read that follows sees whatever comes later, from any process, until it is told to stop.
import { describe, expect, test } from 'vitest'
import type { LogRecord } from '../../../src/core/record.ts'
import { collect } from '../../support/collect.ts'
import { openTestLog, type OpenedLog } from '../../support/open.ts'
import { startProgram } from '../../support/program.ts'
import { lines, words } from '../../support/topics.ts'

async function openWithTopics(): Promise<OpenedLog> {
  const opened = openTestLog()
  opened.embedded.ensureTopics([lines, words])
  return opened
}

const turn = (): Promise<unknown> => new Promise(setImmediate)

/** What a promise settles with within a few turns of the event loop, long before the slow poll of the log. */
async function soon<T>(promise: Promise<T>): Promise<T | string> {
  const turns = async (): Promise<string> => {
    for (let i = 0; i < 5; i++) await turn()
    return 'still waits'
  }
  return Promise.race([promise, turns()])
}

describe('a read that follows', () => {
  test('gives what is there, then each record as it comes', async () => {
    const { log } = await openWithTopics()
    const producer = log.producer()
    await producer.sendMany(lines, [
      { key: 'a', value: '0' },
      { key: 'a', value: '1' },
    ])
    const reading = log.read(lines, { follow: true })[Symbol.asyncIterator]()
    for (let i = 0; i < 100; i++) {
      const next = reading.next()
      if (i >= 2) await producer.send(lines, { key: 'a', value: String(i) })
      expect((await next).value).toMatchObject({ value: String(i), offset: i })
    }
    await reading.return(undefined)
  })

  test('misses nothing that comes while its reader is busy', async () => {
    const { log } = await openWithTopics()
    const producer = log.producer()
    const stop = new AbortController()
    const seen: string[] = []
    const sent: string[] = []
    const send = async (): Promise<void> => {
      const value = String(sent.length)
      sent.push(value)
      await producer.send(words, { key: value, value })
    }
    await send()
    for await (const { value } of log.read(words, { follow: true, signal: stop.signal })) {
      seen.push(value)
      if (sent.length < 60) await Promise.all([send(), send()])
      await turn()
      if (seen.length === 61) stop.abort()
    }
    expect(seen.sort()).toEqual(sent.sort())
  })

  test('begins where it is told', async () => {
    const { log } = await openWithTopics()
    const producer = log.producer()
    for (const value of ['0', '1', '2']) await producer.send(lines, { key: 'a', value, timestamp: Number(value) })
    const later = async (from: number | { readonly time: number }): Promise<readonly LogRecord<string, string>[]> =>
      collect(log.read(lines, { follow: true, from }), 1)
    expect(await later(2)).toMatchObject([{ value: '2' }])
    expect(await later({ time: 1 })).toMatchObject([{ value: '1' }])
    const atEnd = later(3)
    const afterTime = later({ time: 50 })
    await producer.send(lines, { key: 'a', value: '3', timestamp: 3 })
    expect(await atEnd).toMatchObject([{ value: '3' }])
    expect(await afterTime).toMatchObject([{ value: '3' }])
  })

  test('reads one partition on request', async () => {
    const { log } = await openWithTopics()
    const producer = log.producer()
    const partition = (await producer.send(words, { key: 'a', value: '0' })).partition
    const reading = collect(log.read(words, { follow: true, partition }), 2)
    for (let i = 0; i < 20; i++) await producer.send(words, { key: `other ${i}`, value: 'other' })
    await producer.send(words, { key: 'a', value: '1' })
    expect((await reading).every((record) => record.partition === partition)).toBe(true)
  })

  test('reads partitions that are added meanwhile, each from its start and once', async () => {
    const { log } = await openWithTopics()
    const added = [4, 5, 6, 7]
    const reading = log.read(words, { follow: true, from: 'end' })[Symbol.asyncIterator]()
    const next = added.map(() => reading.next())
    await turn()
    await log.admin.addPartitions(words, 8)
    const grown = { ...words, partitions: 8 }
    for (const partition of added) await log.producer().send(grown, { key: 'a', value: 'b', partition })
    expect(await soon(Promise.all(next))).toMatchObject(added.map((partition) => ({ value: { partition, offset: 0 } })))
    const more = reading.next()
    expect(await soon(more)).toBe('still waits')
    await log.close()
    await expect(more).rejects.toMatchObject({ code: 'closed' })
  })

  test('reads one partition on request, also when more are added', async () => {
    const { log } = await openWithTopics()
    const stop = new AbortController()
    const next = log.read(words, { follow: true, partition: 0, signal: stop.signal })[Symbol.asyncIterator]().next()
    await turn()
    await log.admin.addPartitions(words, 8)
    await log.producer().send({ ...words, partitions: 8 }, { key: 'a', value: 'b', partition: 7 })
    expect(await soon(next)).toBe('still waits')
    stop.abort()
    expect(await next).toMatchObject({ done: true })
  })

  test('sees the records of another process, in order', async () => {
    const { log, dir } = await openWithTopics()
    const other = startProgram('send-on-request', [dir])
    expect(await other.line()).toBe('open')
    const reading = log.read(words, { follow: true })[Symbol.asyncIterator]()
    for (let i = 0; i < 10; i++) {
      const next = reading.next()
      other.say(`word ${i}`)
      const { value: record } = await next
      expect(record).toMatchObject({ key: `word ${i}`, value: `word ${i}`, timestamp: 0 })
      const { partition, offset } = record as LogRecord<string, string>
      expect(await other.line()).toBe(`${partition} ${offset}`)
    }
    await reading.return(undefined)
  })
})

describe('a read that waits ends', () => {
  test('when its signal is aborted', async () => {
    const { log } = await openWithTopics()
    const stop = new AbortController()
    const reading = log.read(lines, { follow: true, signal: stop.signal })[Symbol.asyncIterator]()
    const next = reading.next()
    await turn()
    stop.abort()
    expect(await soon(next)).toEqual({ done: true, value: undefined })
  })

  test('when its signal is aborted in the body of the loop', async () => {
    const { log } = await openWithTopics()
    await log.producer().send(lines, { key: 'a', value: 'b' })
    const stop = new AbortController()
    const seen: string[] = []
    for await (const { value } of log.read(lines, { follow: true, signal: stop.signal })) {
      seen.push(value)
      stop.abort()
    }
    expect(seen).toEqual(['b'])
  })

  test('when its log is closed', async () => {
    const { log } = await openWithTopics()
    const reading = log.read(lines, { follow: true })[Symbol.asyncIterator]()
    const next = reading.next().catch((error: unknown) => error)
    await turn()
    await log.close()
    expect(await soon(next)).toMatchObject({ code: 'closed' })
  })
})

test('a read leaves nothing behind that keeps the process alive or listens on', async () => {
  const { log, environment } = await openWithTopics()
  const producer = log.producer()
  const stop = new AbortController()
  let listening = 0
  const onCommit = environment.onCommit.bind(environment)
  environment.onCommit = (listener) => {
    listening++
    const end = onCommit(listener)
    return () => {
      listening--
      end()
    }
  }
  await producer.send(lines, { key: 'a', value: 'b' })
  await collect(log.read(lines, { follow: true, signal: stop.signal }), 1)
  expect(listening).toBe(0)
  const failing = log.read(lines, { follow: true, from: 9 })
  await expect(collect(failing)).rejects.toMatchObject({ code: 'position_lost' })
  expect(listening).toBe(0)
})
