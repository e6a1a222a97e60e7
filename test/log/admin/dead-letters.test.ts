// Dead letters are found, filtered and shown from any process, whatever their order and however many there are, and an edit
// changes a copy.
import * as fc from 'fast-check'
import {
  bytes,
  type DeadLetter,
  int64,
  json,
  type LetterQuery,
  nullable,
  StreamsBuilder,
  string,
  topic,
} from 'millrace'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { letterHeader } from '../../../src/core/letter-headers.ts'
import { Partitions } from '../../../src/log/kept/partitions.ts'
import { start } from '../../support/applications.ts'
import { collect, collectUntilError } from '../../support/collect.ts'
import { openTestLog, type OpenedLog } from '../../support/open.ts'
import { errorOf, rejectionOf } from '../../support/thrown.ts'

const raw = topic('numbers', { key: nullable(bytes()), value: nullable(bytes()), partitions: 3 })
const numbers = topic('numbers', { key: string(), value: int64(), partitions: 3 })
const doubled = topic('doubled', { key: string(), value: int64() })

function doubling(): StreamsBuilder {
  const builder = new StreamsBuilder()
  const values = builder.stream(numbers).mapValues(({ value }) => value * 2, { name: 'double' })
  values.to(doubled)
  return builder
}

/** An application that has passed over one number of three; it runs no longer. */
async function withOneLetter(options: { readonly deadLetterTopic?: string } = {}): Promise<OpenedLog> {
  const opened = openTestLog()
  const { log } = opened
  const trace = { key: 'trace', value: Buffer.from('t-1') }
  await log.producer().sendMany(raw, [
    { key: Buffer.from('a'), value: int64().encode(1), timestamp: 1, partition: 2 },
    { key: Buffer.from('b'), value: Buffer.from('not 8'), timestamp: 7, headers: [trace], partition: 2 },
    { key: Buffer.from('c'), value: int64().encode(3), timestamp: 3, partition: 2 },
  ])
  const app = await start(log, doubling().build(), { onError: 'deadLetter', ...options })
  await app.caughtUp()
  await app.close()
  return opened
}

const textOf = (part: Uint8Array | null | undefined): string => Buffer.from(part ?? []).toString()

async function onlyLetter({ log }: OpenedLog): Promise<DeadLetter> {
  const [letter, ...more] = await collect(log.admin.deadLetters('app').list())
  expect(more).toEqual([])
  if (letter === undefined) throw new Error('there is no letter')
  return letter
}

describe('a listed letter', () => {
  test('is the record as it was read, with what failed, where, and why', async () => {
    const letter = await onlyLetter(await withOneLetter())
    expect(letter).toMatchObject({
      topic: 'app.dead-letters',
      partition: 0,
      offset: 0,
      reason: 'undecodable',
      message: expect.stringContaining('the value cannot be decoded as int64'),
      operator: 'double',
      kind: 'record',
      source: { topic: 'numbers', partition: 2, offset: 1 },
      timestamp: 7,
    })
    expect([textOf(letter.key), textOf(letter.value)]).toEqual(['b', 'not 8'])
    expect(letter.headers.map(({ key, value }) => [key, textOf(value)])).toEqual([['trace', 't-1']])
  })

  test('is found in the topic that the application was started with last', async () => {
    const opened = await withOneLetter({ deadLetterTopic: 'rejected' })
    expect(await onlyLetter(opened)).toMatchObject({ topic: 'rejected' })
    expect(await opened.log.admin.deadLetters('app').topic()).toBe('rejected')
    const app = await start(opened.log, doubling().build(), { onError: 'deadLetter' })
    await app.close()
    expect(await collect(opened.log.admin.deadLetters('app').list())).toEqual([])
    expect(await opened.log.admin.deadLetters('app').topic()).toBe('app.dead-letters')
    const elsewhere = opened.log.admin.deadLetters('app', { topic: 'rejected' })
    expect(await collect(elsewhere.list())).toHaveLength(1)
  })

  test('of a record that was a letter itself keeps the headers of the first', async () => {
    const opened = openTestLog()
    const { log } = opened
    const first = [letterHeader('reason', 'late'), letterHeader('topic', 'far'), letterHeader('partition', '1')]
    await log.producer().send(raw, { key: Buffer.from('a'), value: Buffer.from('x'), timestamp: 1, headers: first })
    const app = await start(log, doubling().build(), { onError: 'deadLetter' })
    await app.caughtUp()
    const { headers, reason, source } = await onlyLetter(opened)
    expect(reason).toBe('undecodable')
    expect(source?.topic).toBe('numbers')
    expect(headers.map(({ key }) => key)).toEqual(['millrace.reason', 'millrace.topic', 'millrace.partition'])
  })

  test('that no application has written has an unknown reason', async () => {
    const { log } = await withOneLetter()
    await log.producer().send(topic('app.dead-letters', { key: string(), value: string() }), { key: 'a', value: 'b' })
    const [, stranger] = await collect(log.admin.deadLetters('app').list())
    expect(stranger).toMatchObject({ reason: 'unknown', operator: null, message: null, source: null, kind: 'record' })
  })
})

describe('letters are not there', () => {
  test('of an application that has written none', async () => {
    const { log } = openTestLog()
    const app = await start(log, doubling().build())
    await app.close()
    const letters = log.admin.deadLetters('app')
    expect(await collect(letters.list())).toEqual([])
    expect(await rejectionOf(letters.show({ partition: 0, offset: 0 }))).toMatchObject({ code: 'letter_unknown' })
  })

  test('of an application that is unknown, or in a topic that is', async () => {
    const { log } = openTestLog()
    const letters = log.admin.deadLetters('nobody')
    expect((await collectUntilError(letters.list())).error).toMatchObject({ code: 'application_unknown' })
    expect(await rejectionOf(letters.topic())).toMatchObject({ code: 'application_unknown' })
    const elsewhere = log.admin.deadLetters('nobody', { topic: 'nowhere' })
    expect((await collectUntilError(elsewhere.list())).error).toMatchObject({ code: 'topic_unknown' })
  })
})

describe('a letter that is shown', () => {
  test('has its record as the serdes of a topic read it, and says which part they do not', async () => {
    const opened = await withOneLetter()
    const letter = await onlyLetter(opened)
    const letters = opened.log.admin.deadLetters('app')
    expect(await letters.show(letter)).toEqual(letter)
    const { record } = await letters.show({ partition: 0, offset: 0 }, numbers)
    expect(record.key).toEqual({ ok: true, value: 'b' })
    expect(record.value).toMatchObject({ ok: false, error: expect.stringContaining('int64') })
  })

  test.each([
    ['past the end', { partition: 0, offset: 1 }],
    ['in a partition that is not there', { partition: 5, offset: 0 }],
  ])('is unknown %s', async (_, place) => {
    const { log } = await withOneLetter()
    expect(await rejectionOf(log.admin.deadLetters('app').show(place))).toMatchObject({ code: 'letter_unknown' })
  })

  test('is unknown once it is deleted', async () => {
    const { log } = await withOneLetter()
    await log.admin.deleteRecords('app.dead-letters', [{ partition: 0, beforeOffset: 1 }])
    const letters = log.admin.deadLetters('app')
    expect(await rejectionOf(letters.show({ partition: 0, offset: 0 }))).toMatchObject({ code: 'letter_unknown' })
    expect(await collect(letters.list())).toEqual([])
    expect(await collect(letters.list({ order: 'newest' }))).toEqual([])
  })
})

describe('an edit', () => {
  test('changes what it names, as bytes or through the serdes of a topic, and leaves the letter alone', async () => {
    const opened = await withOneLetter()
    const letter = await onlyLetter(opened)
    const before = structuredClone(letter)
    const letters = opened.log.admin.deadLetters('app')
    const mended = letters.edit(letter, numbers, { value: 12, timestamp: 99 })
    expect(mended).toMatchObject({ ...letter, value: int64().encode(12), timestamp: 99, edited: true })
    const raised = letters.edit(mended, { key: Buffer.from('z'), headers: [{ key: 'by', value: 'me' }] })
    expect(textOf(raised.key)).toBe('z')
    expect(raised.headers.map(({ key, value }) => [key, textOf(value)])).toEqual([['by', 'me']])
    expect(raised.value).toEqual(int64().encode(12))
    expect(letters.edit(letter, { value: null, key: null })).toMatchObject({ key: null, value: null })
    expect(structuredClone(letter)).toEqual(before)
  })

  test('keeps the partition while the bytes of the key stay', async () => {
    const opened = await withOneLetter()
    const letter = await onlyLetter(opened)
    const letters = opened.log.admin.deadLetters('app')
    expect(letters.edit(letter, numbers, { key: 'b' }).partitionBytes).toBeNull()
    const moved = letters.edit(letter, numbers, { key: 'other' })
    expect(textOf(moved.partitionBytes)).toBe('other')
    expect(textOf(letters.edit(moved, { timestamp: 1 }).partitionBytes)).toBe('other')
  })

  test('that a serde refuses is refused', async () => {
    const opened = await withOneLetter()
    const letter = await onlyLetter(opened)
    const letters = opened.log.admin.deadLetters('app')
    const texts = topic('texts', { key: string(), value: json<unknown>() })
    expect(errorOf(() => letters.edit(letter, texts, { value: Number.NaN }))).toMatchObject({ code: 'encode_failed' })
  })
})

describe('a list', () => {
  interface Written {
    readonly reason: string
    readonly operator: string
    readonly topic: string
    readonly timestamp: number
    readonly partition: number
  }
  const written: fc.Arbitrary<Written> = fc.record({
    reason: fc.constantFrom('late', 'undecodable', 'null_key'),
    operator: fc.constantFrom('double', 'count'),
    topic: fc.constantFrom('numbers', 'others'),
    timestamp: fc.nat(20),
    partition: fc.nat(1),
  })
  const some = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined })
  const filters: fc.Arbitrary<LetterQuery> = fc.record({
    reason: some(fc.constantFrom<string | string[]>('late', ['late', 'null_key'], [])),
    operator: some(fc.constantFrom('double', 'nobody')),
    topic: some(fc.constantFrom('numbers', 'others')),
    from: some(fc.nat(20)),
    to: some(fc.nat(20)),
  })

  const fits = (one: Written, { reason, operator, topic: source, from = 0, to = 99 }: LetterQuery): boolean =>
    (reason === undefined || [reason].flat().includes(one.reason)) &&
    (operator === undefined || one.operator === operator) &&
    (source === undefined || one.topic === source) &&
    one.timestamp >= from &&
    one.timestamp < to

  test('has what fits, in order, page by page as in one go, however the batches lie', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(written, { minLength: 1, maxLength: 5 }), { maxLength: 6 }),
        filters,
        fc.constantFrom('oldest', 'newest'),
        fc.integer({ min: 1, max: 4 }),
        fc.nat(3),
        async (batches, filter, order, limit, deletedBefore) => {
          const { log } = openTestLog()
          const letters = topic('letters', { key: nullable(string()), value: string(), partitions: 2 })
          await log.admin.createTopic(letters)
          const placed: { one: Written; offset: number }[] = []
          for (const batch of batches) {
            const records = batch.map((one) => ({
              key: null,
              value: 'v',
              timestamp: one.timestamp,
              partition: one.partition,
              headers: [
                letterHeader('reason', one.reason),
                letterHeader('operator', one.operator),
                letterHeader('topic', one.topic),
                letterHeader('partition', '0'),
                letterHeader('offset', '5'),
              ],
            }))
            for (const one of batch) {
              placed.push({ one, offset: placed.filter((other) => other.one.partition === one.partition).length })
            }
            await log.producer().sendMany(letters, records)
          }
          const ends = await log.admin.endOffsets(letters)
          const beforeOffset = Math.min(deletedBefore, ends[1] ?? 0)
          await log.admin.deleteRecords(letters, [{ partition: 1, beforeOffset }])

          const expected = [0, 1].flatMap((partition) => {
            const here = placed.filter(({ one }) => one.partition === partition)
            return order === 'oldest' ? here : here.toReversed()
          })
          const wanted = expected
            .filter(({ one, offset }) => fits(one, filter) && (one.partition === 0 || offset >= beforeOffset))
            .map(({ one, offset }) => [one.partition, offset])

          const admin = log.admin.deadLetters('nobody', { topic: letters })
          const places = (found: readonly DeadLetter[]): number[][] =>
            found.map(({ partition, offset }) => [partition, offset])
          expect(places(await collect(admin.list({ ...filter, order })))).toEqual(wanted)
          const paged: number[][] = []
          for (let after: DeadLetter | undefined; ;) {
            const page = await collect(admin.list({ ...filter, order, limit, after }))
            paged.push(...places(page))
            after = page.at(-1)
            if (after === undefined) break
          }
          expect(paged).toEqual(wanted)
          await log.close()
        },
      ),
      { numRuns: 25 },
    )
  })

  test('of a topic that a batch is lost from fails, forward and back', async () => {
    const { log, environment, embedded } = openTestLog()
    const letters = topic('letters', { key: nullable(string()), value: string() })
    for (let i = 0; i < 3; i++) await log.producer().send(letters, { key: null, value: 'v' })
    const { id } = embedded.describeTopic('letters')
    const [, middle] = environment.keys('batches', Buffer.alloc(0), Buffer.of(255), 3)
    expect(id).toBeGreaterThan(0)
    environment.write((transaction) => transaction.remove('batches', middle as Buffer))
    for (const order of ['oldest', 'newest'] as const) {
      const { items, error } = await collectUntilError(
        log.admin.deadLetters('nobody', { topic: letters }).list({ order }),
      )
      expect(items.map(({ offset }) => offset)).toEqual([order === 'oldest' ? 0 : 2])
      expect(error).toMatchObject({ code: 'damaged' })
    }
  })
})

describe('letters that are named by their places', () => {
  const letters = topic('app.dead-letters', { key: nullable(bytes()), value: nullable(bytes()), partitions: 2 })

  /** Each partition is one stored batch. */
  async function inTwoBatches(): Promise<OpenedLog> {
    const opened = openTestLog()
    await opened.log.admin.createTopic({ name: letters.name, partitions: 2 })
    await (await start(opened.log, doubling().build(), { onError: 'deadLetter' })).close()
    for (const partition of [0, 1]) {
      const records = Array.from({ length: 700 }, (_, at) => ({
        key: null,
        value: Buffer.from(`${partition}/${at}`),
        headers: [
          letterHeader('reason', 'undecodable'),
          letterHeader('topic', 'numbers'),
          letterHeader('partition', '0'),
          letterHeader('offset', String(at)),
        ],
        timestamp: at,
        partition,
      }))
      await opened.log.producer().sendMany(letters, records)
    }
    return opened
  }

  test('are read with their batch once, in the order of the places, whatever that is', async () => {
    const { log } = await inTwoBatches()
    const dead = log.admin.deadLetters('app')
    const places = Array.from({ length: 500 }, (_, at) => ({ partition: at % 2, offset: (at * 311) % 700 }))
    const reads = vi.spyOn(Partitions.prototype, 'batchAt')
    onTestFinished(() => reads.mockRestore())
    const { letters: planned } = await dead.redrive(places, { dryRun: true, samples: 500 })
    expect(reads).toHaveBeenCalledTimes(2)
    const found = planned.map(({ letter }) => [textOf(letter.value), letter.partition, letter.offset])
    expect(found).toEqual(places.map(({ partition, offset }) => [`${partition}/${offset}`, partition, offset]))
  })

  test('are not sent where one never was, also where they go into several commits', async () => {
    const { log } = await inTwoBatches()
    const dead = log.admin.deadLetters('app')
    const all = Array.from({ length: 700 }, (_, offset) => ({ partition: 1, offset }))
    for (const missing of [
      { partition: 1, offset: 700 },
      { partition: 2, offset: 0 },
    ]) {
      expect(await rejectionOf(dead.redrive([...all, missing]))).toMatchObject({ code: 'letter_unknown', ...missing })
    }
    const twice = { partition: 0, offset: 3 }
    expect(await dead.redrive([...all, twice, twice])).toMatchObject({ sent: 701, alreadySent: 1 })
  })
})
