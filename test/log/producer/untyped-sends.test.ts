// A program without types is told at the call what is wrong with it, and nothing of the call is written.
import { describe, expect, test } from 'vitest'
import { string } from '../../../src/core/serdes.ts'
import { topic } from '../../../src/core/topic.ts'
import { collect } from '../../support/collect.ts'
import { openTestLog } from '../../support/open.ts'
import { errorOf, rejectionOf } from '../../support/thrown.ts'
import { lines } from '../../support/topics.ts'
import { call } from '../../support/untyped.ts'

const record = { key: 'a', value: 'b' }

/** A method, its arguments, and the error. */
type Case = readonly [verb: string, args: readonly unknown[], code: string, message: string]

const wrongSends: readonly Case[] = [
  ['send', [], 'bad_option', 'takes the constant of a topic'],
  ['send', [undefined, record], 'bad_option', 'not undefined'],
  ['send', ['lines', record], 'bad_option', 'not "lines"'],
  ['send', [{ name: 'lines' }, record], 'bad_option', "not { name: 'lines' }"],
  ['send', [lines], 'bad_record', 'a record is { key, value }, not undefined'],
  ['send', [lines, null], 'bad_record', 'not null'],
  ['send', [lines, 'a'], 'bad_record', 'not "a"'],
  ['send', [lines, { ...record, timestamp: null }], 'bad_record', 'null is not a timestamp'],
  ['send', [lines, { ...record, timestmp: 5 }], 'bad_record', 'did you mean "timestamp"?'],
  ['send', [lines, { ...record, header: [] }], 'bad_record', 'did you mean "headers"?'],
  ['send', [lines, { key: 'a', vale: 'b' }], 'bad_record', 'did you mean "value"?'],
  ['send', [lines, { ...record, headers: null }], 'bad_record', 'headers are a list'],
  ['send', [lines, { ...record, headers: [{ key: 'a', vale: 'b' }] }], 'bad_record', 'the value of header "a"'],
  ['send', [lines, { ...record, partition: null }], 'bad_record', 'partition null'],
  ['sendMany', [], 'bad_option', 'an iterable of records'],
  ['sendMany', [undefined, [record]], 'bad_option', 'not undefined'],
  ['sendMany', [lines], 'bad_option', 'not undefined'],
  ['sendMany', [lines, record], 'bad_option', "not { key: 'a', value: 'b' }"],
  ['sendMany', [lines, 'ab'], 'bad_option', 'not "ab"'],
  ['sendMany', [lines, [null]], 'bad_record', 'not null'],
  ['sendMany', [lines, [record, 7]], 'bad_record', 'not 7'],
  ['sendMany', [lines, [{ ...record, timestmp: 5 }]], 'bad_record', 'did you mean "timestamp"?'],
]

describe('a producer refuses', () => {
  test.each([...wrongSends, ['transaction', [], 'bad_option', 'transaction takes a function'] as const])(
    '%s(%j) is refused',
    async (verb, args, code, message) => {
      const { log } = openTestLog()
      await log.admin.createTopic(lines)
      const sent = call(log.producer(), verb, ...args) as Promise<unknown>
      expect(await rejectionOf(sent)).toMatchObject({ code, message: expect.stringContaining(message) })
      expect(await log.admin.endOffsets(lines)).toEqual([0])
    },
  )
})

describe('a transaction refuses', () => {
  test.each<Case>([
    ...wrongSends,
    ['sendOffsets', [], 'bad_option', 'sendOffsets takes a consumer'],
    ['sendOffsets', [null], 'bad_option', 'sendOffsets takes a consumer'],
    ['sendOffsets', [{}], 'bad_option', 'sendOffsets takes a consumer'],
  ])('%s(%j) is refused', async (verb, args, code, message) => {
    const { log } = openTestLog()
    const producer = log.producer({ transactionalId: 'importer-1' })
    await producer.transaction((tx) => {
      const error = errorOf(() => call(tx, verb, ...args))
      expect(error).toMatchObject({ code, message: expect.stringContaining(message) })
      tx.send(lines, record)
    })
    expect(await log.admin.endOffsets(lines)).toEqual([1])
  })
})

test.each<readonly [object, string]>([
  [{ acks: null }, 'acks is null'],
  [{ lingerMs: null }, 'lingerMs is null'],
  [{ batchBytes: null }, 'batchBytes is null'],
  [{ compression: null }, 'compression is null'],
  [{ transactionTimeoutMs: null }, 'transactionTimeoutMs is null'],
  [{ clock: null }, 'clock.now takes a function'],
  [{ clock: 3 }, 'clock.now takes a function'],
  [{ clock: { now: () => 3 } }, 'clock.elapsed takes a function'],
])('a producer is not made with %j', (options, message) => {
  const { log } = openTestLog()
  expect(errorOf(() => log.producer(options))).toMatchObject({
    code: 'bad_option',
    message: expect.stringContaining(message),
  })
})

test('a record that was read is sent on as it is, and fields of the program are left alone', async () => {
  const { log } = openTestLog()
  const producer = log.producer()
  const copies = topic('copies', { key: string(), value: string() })
  await producer.send(lines, { ...record, timestamp: 5, headers: [{ key: 'h', value: null }] })
  const [read] = await collect(log.read(lines))
  if (read === undefined) return expect.unreachable()
  await producer.send(copies, read)
  const extended = { ...record, id: 7, values: ['c'], keys: 1 }
  await producer.send(copies, extended)
  expect(await collect(log.read(copies))).toMatchObject([
    { key: 'a', value: 'b', timestamp: 5, headers: [{ key: 'h', value: null }] },
    record,
  ])
})
