// A dead letter is the record as it came, with headers that say why and where, in the commit that passed over it.
import { bytes, int64, keyValueStore, MillraceError, nullable, string, topic } from 'millrace'
import { describe, expect, test } from 'vitest'
import { start } from '../support/applications.ts'
import { collect } from '../support/collect.ts'
import { engineOn } from '../support/engine.ts'
import { openTestLog } from '../support/open.ts'
import { errorOf } from '../support/thrown.ts'
import { drive, input, output, topologyOf } from '../support/topology.ts'

const raw = topic('numbers', { key: nullable(bytes()), value: nullable(bytes()), partitions: 4 })
const numbers = topic('numbers', { key: string(), value: int64(), partitions: 4 })
const letters = topic('test-driver.dead-letters', { key: nullable(bytes()), value: nullable(bytes()) })
const doubled = topic('doubled', { key: string(), value: int64() })

const text = (from: Uint8Array | null | undefined): string | null | undefined =>
  from instanceof Uint8Array ? Buffer.from(from).toString() : from

const headersOf = (record: { readonly headers: readonly { key: string; value: Uint8Array | null }[] } | undefined) =>
  (record?.headers ?? []).map(({ key, value }) => [key, text(value)])

describe('a dead letter', () => {
  const doubling = () =>
    drive(
      (builder) =>
        builder
          .stream(numbers)
          .mapValues(({ value }) => value * 2, { name: 'double' })
          .to(doubled),
      {
        onError: 'deadLetter',
      },
    )

  test('has the bytes, the timestamp and the headers of its record', () => {
    const driver = doubling()
    const own = [
      { key: 'trace', value: Buffer.from('t-1') },
      { key: 'empty', value: null },
    ]
    driver
      .inputTopic(raw)
      .pipeInput({ key: Buffer.from('k'), value: Buffer.from('not 8'), timestamp: 77, headers: own })
    const [letter, ...more] = driver.outputTopic(letters).readRecords()
    expect(more).toEqual([])
    expect([text(letter?.key), text(letter?.value), letter?.timestamp]).toEqual(['k', 'not 8', 77])
    expect(headersOf(letter).slice(0, 2)).toEqual([
      ['trace', 't-1'],
      ['empty', null],
    ])
  })

  test('says reason, message, operator, topic, partition and offset', () => {
    const driver = doubling()
    const pipe = driver.inputTopic(raw)
    pipe.pipeInput({ key: Buffer.from('k'), value: int64().encode(5), timestamp: 1 })
    pipe.pipeInput({ key: Buffer.from('k'), value: Buffer.from('not 8'), timestamp: 2 })
    const { partition } = driver.outputTopic(raw).readRecords()[0] ?? {}
    const [letter] = driver.outputTopic(letters).readRecords()
    expect(headersOf(letter)).toEqual([
      ['millrace.reason', 'undecodable'],
      ['millrace.message', expect.stringMatching(/^numbers\[\d\] offset 1: .*the value cannot be decoded as int64/)],
      ['millrace.operator', 'double'],
      ['millrace.topic', 'numbers'],
      ['millrace.partition', String(partition)],
      ['millrace.offset', '1'],
    ])
  })

  test('keeps a null key and a null value', () => {
    const driver = drive(
      (builder) => {
        const stream = builder.stream(numbers)
        stream.foreach(({ key }) => key)
        stream.foreach(({ value }) => value)
      },
      { onError: 'deadLetter' },
    )
    driver.inputTopic(raw).pipeInput({ key: null, value: Buffer.alloc(8), timestamp: 1 })
    driver.inputTopic(raw).pipeInput({ key: Buffer.from('k'), value: null, timestamp: 2 })
    const read = driver.outputTopic(letters).readRecords()
    expect(read.map(({ key, value }) => [text(key), text(value)])).toEqual([
      [null, '\0'.repeat(8)],
      ['k', null],
    ])
    expect(read.map((letter) => Object.fromEntries(headersOf(letter))['millrace.reason'])).toEqual([
      'unexpected_null',
      'unexpected_null',
    ])
  })

  test('of a regrouped record is the record of the log that it came from', () => {
    const driver = drive(
      (builder) =>
        builder
          .stream(input)
          .map(({ key, value }) => ({ key: value, value: `made of ${key}`, timestamp: 999, headers: [] }))
          .groupByKey({ key: string(), value: string() })
          .reduce((left) => left, { name: 'first' })
          .toStream()
          .foreach(
            () => {
              throw new Error('not this one')
            },
            { name: 'last' },
          ),
      { onError: 'deadLetter' },
    )
    driver.inputTopic(input).pipeInput({ key: 'a', value: 'b', timestamp: 5, headers: [{ key: 'own', value: '1' }] })
    const [letter] = driver.outputTopic(letters).readRecords()
    expect([text(letter?.key), text(letter?.value), letter?.timestamp]).toEqual(['a', 'b', 5])
    expect(Object.fromEntries(headersOf(letter))).toMatchObject({
      own: '1',
      'millrace.reason': 'user_function_threw',
      'millrace.operator': 'last',
      'millrace.topic': 'input',
      'millrace.offset': '0',
    })
  })

  test('of a record of the largest size is written too', () => {
    const driver = drive(
      (builder) =>
        builder.stream(input).foreach(() => {
          throw new Error('m'.repeat(10_000))
        }),
      { onError: 'deadLetter' },
    )
    const value = 'v'.repeat(1_048_576 - 30)
    driver.inputTopic(input).pipeInput({ key: 'k', value, timestamp: 1 })
    const [letter] = driver.outputTopic(letters).readRecords()
    expect(letter?.value?.length).toBe(value.length)
  })
})

describe('dead letters of an application', () => {
  const counts = keyValueStore('counts', { key: string(), value: int64() })
  const strict = topologyOf((builder) => {
    const stream = builder.stream(input)
    stream.groupByKey().count({ store: counts })
    stream
      .filter(({ value }) => {
        if (value === 'bad') throw new Error('not this one')
        return true
      })
      .to(output)
  })
  const good = { key: 'a', value: 'good', timestamp: 1 }
  const bad = { key: 'a', value: 'bad', timestamp: 1 }

  test('go to a topic that is named from its id, and is made for the first of them', async () => {
    const { log } = openTestLog()
    const producer = log.producer()
    const app = await start(log, strict, { applicationId: 'strict', onError: 'deadLetter' })
    await producer.send(input, good)
    await app.caughtUp()
    const names = async (): Promise<string[]> => (await log.admin.listTopics()).map(({ name }) => name)
    expect(await names()).toEqual(['input', 'output'])
    await producer.sendMany(input, [bad, good, bad])
    await app.caughtUp()
    expect(await names()).toEqual(['input', 'output', 'strict.dead-letters'])
    const own = topic('strict.dead-letters', { key: string(), value: string() })
    expect(await collect(log.read(own))).toMatchObject([{ value: 'bad' }, { value: 'bad' }])
    expect(app.metrics()).toMatchObject({
      produced: { output: 2, 'strict.dead-letters': 2 },
      failed: { 'filter-1': { user_function_threw: 2 } },
    })
    expect(app.store(counts).get('a')).toBe(2)
  })

  test('go to another topic where one is given, by their keys', async () => {
    const { log } = openTestLog()
    const aside = topic('aside', { key: string(), value: string(), partitions: 3 })
    await log.admin.createTopic(aside)
    const app = await start(log, strict, { onError: 'deadLetter', deadLetterTopic: 'aside' })
    await log.producer().sendMany(
      input,
      Array.from({ length: 30 }, (_, i) => ({ key: `${i}`, value: 'bad', timestamp: 1 })),
    )
    await app.caughtUp()
    const partitions = new Set((await collect(log.read(aside))).map(({ partition }) => partition))
    expect(partitions.size).toBe(3)
  })

  test('are in the commit that passed over their records, and in no other', async () => {
    const { log } = openTestLog()
    const own = topic('app.dead-letters', { key: string(), value: string() })
    await log.producer().sendMany(input, [bad, good, { key: 'a', value: 'stop', timestamp: 1 }])
    const stops = topologyOf((builder) =>
      builder.stream(input).foreach(({ value }) => {
        if (value !== 'good') throw new Error(value)
      }),
    )
    const failing = await start(log, stops, {
      onError: ({ error }) => (error.message.includes('stop') ? 'fail' : 'deadLetter'),
    })
    await expect(failing.stopped).rejects.toMatchObject({ code: 'user_function_threw', offset: 2 })
    expect((await log.admin.listTopics()).map(({ name }) => name)).not.toContain(own.name)
    const going = await start(log, stops, { onError: 'deadLetter' })
    await going.caughtUp()
    expect((await collect(log.read(own))).map(({ value }) => value)).toEqual(['bad', 'stop'])
  })
})

test('a dead letter that cannot be written ends the engine: a part of its turns is not committed', async () => {
  const { log, embedded } = openTestLog()
  const refusing = topologyOf((builder) => {
    builder.stream(input).to(output)
    builder
      .stream(input)
      .repartition()
      .foreach(() => {
        throw new Error('not this one')
      })
  })
  const { engine, commit } = engineOn(embedded, refusing, { policy: { retries: 0, answer: () => 'deadLetter' } })
  await log.producer().send(input, { key: 'a', value: 'x', timestamp: 1 })
  await log.producer().send(input, { key: 'a', value: 'y', timestamp: 2 })
  const failure = new MillraceError('partitions_differ', 'no place for letters')
  const find = embedded.topics.find.bind(embedded.topics)
  embedded.topics.find = (name) => {
    if (name === 'letters') throw failure
    return find(name)
  }
  for (let i = 0; i < 2; i++) expect(errorOf(() => engine.run(() => false))).toBe(failure)
  expect(errorOf(commit)).toBe(failure)
  expect(await log.admin.endOffsets(output)).toEqual([0])
})
