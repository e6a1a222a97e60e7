// A record in a user's hand is plain, immutable data that stays valid for ever.
import { bytes, type Header, json, nullable, string, type StreamRecord, topic } from 'millrace'
import { describe, expect, test } from 'vitest'
import { drive, input, output } from '../support/topology.ts'

interface Page {
  readonly path: string
}
const pages = topic('pages', { key: string(), value: json<Page>() })

/** Small values are decoded when a function gets the record, large ones when it reads them. */
const paths = [
  ['small', '/a'],
  ['large', `/${'a'.repeat(5_000)}`],
] as const

describe.each(paths)('a record with a %s value', (_size, path) => {
  const header = { key: 'h', value: Uint8Array.of(49) }

  function recordsOf(): StreamRecord<string, Page>[] {
    const records: StreamRecord<string, Page>[] = []
    const driver = drive((builder) => builder.stream(pages).foreach((record) => records.push(record)))
    for (const key of ['a', 'b', 'c']) {
      driver.inputTopic(pages).pipeInput({ key, value: { path }, timestamp: 7, headers: [header] })
    }
    return records
  }

  test('behaves as a plain object', () => {
    const [record] = recordsOf()
    const plain = { key: 'a', value: { path }, timestamp: 7, headers: [header] }
    expect(record).toEqual(plain)
    expect({ ...record }).toEqual(plain)
    expect(Object.keys(record ?? {})).toEqual(['key', 'value', 'timestamp', 'headers'])
    expect(JSON.parse(JSON.stringify(record))).toEqual(JSON.parse(JSON.stringify(plain)))
    expect(structuredClone(record)).toEqual(plain)
    const { key, value, timestamp, headers } = record ?? ({} as never)
    expect({ key, value, timestamp, headers }).toEqual(plain)
  })

  test('stays as it was after its turn', () => {
    const records = recordsOf()
    expect(records.map(({ key }) => key)).toEqual(['a', 'b', 'c'])
    for (const { value } of records) expect(value).toEqual({ path })
    for (const { value } of records) expect(value).toBe(value)
    expect(records[0]?.value).toBe(records[0]?.value)
  })

  test('cannot be changed', () => {
    const [record] = recordsOf() as unknown as { key: string; timestamp: number; value: unknown; headers: Header[] }[]
    if (record === undefined) throw new Error('no record')
    expect(() => (record.key = 'x')).toThrow(TypeError)
    expect(() => (record.value = 'x')).toThrow(TypeError)
    expect(() => (record.timestamp = 5)).toThrow(TypeError)
    expect(() => record.headers.push({ key: 'more', value: null })).toThrow(TypeError)
    expect(record).toMatchObject({ key: 'a', timestamp: 7 })
  })
})

test('a function that tries to change its record fails that record', () => {
  const driver = drive(
    (builder) =>
      builder
        .stream(input)
        .peek((record) => {
          ;(record as { value: string }).value = 'changed'
        })
        .to(output),
    { onError: 'skip' },
  )
  driver.inputTopic(input).pipeInput({ key: 'a', value: 'b', timestamp: 1 })
  expect(driver.metrics().failed).toEqual({ 'peek-1': { user_function_threw: 1 } })
  expect(driver.outputTopic(output).readRecords()).toEqual([])
})

test('headers that a function gave cannot be changed by the next one', () => {
  const driver = drive(
    (builder) =>
      builder
        .stream(input)
        .map(({ key, value }) => ({ key, value, headers: [{ key: 'a', value: '1' }] }))
        .peek(({ headers }) => void (headers as Header[]).pop())
        .to(output),
    { onError: 'skip' },
  )
  driver.inputTopic(input).pipeInput({ key: 'a', value: 'b', timestamp: 1 })
  expect(driver.metrics().failed).toEqual({ 'peek-1': { user_function_threw: 1 } })
})

test('one record is one object for all functions that get it', () => {
  const seen: object[] = []
  const driver = drive((builder) => {
    const stream = builder.stream(input)
    stream.filter((record) => seen.push(record) > 0).foreach((record) => seen.push(record))
    stream.foreach((record) => seen.push(record))
  })
  driver.inputTopic(input).pipeInput({ key: 'a', value: 'b', timestamp: 1 })
  expect(new Set(seen).size).toBe(1)
  expect(seen).toHaveLength(3)
})

describe('bytes that nobody looks at', () => {
  /** Counts what it decodes, and writes another form than it reads. */
  function countingSerde(): {
    readonly name: string
    readonly encode: (text: string) => Uint8Array
    readonly decode: (from: Uint8Array) => string
    count: number
  } {
    const serde = {
      name: 'counting',
      count: 0,
      encode: (text: string) => Buffer.from(text.toUpperCase()),
      decode(from: Uint8Array) {
        serde.count++
        return Buffer.from(from).toString()
      },
    }
    return serde
  }

  test('are written as they came, without decoding', () => {
    const serde = countingSerde()
    const raw = topic('counted', { key: string(), value: bytes() })
    const counted = topic('counted', { key: string(), value: serde })
    const copies = topic('copies', { key: string(), value: serde })
    const rawCopies = topic('copies', { key: string(), value: bytes() })
    const driver = drive((builder) => builder.stream(counted).repartition().to(copies))
    driver.inputTopic(raw).pipeInput({ key: 'a', value: Buffer.from('as it came'), timestamp: 1 })
    expect(serde.count).toBe(0)
    const [copy] = driver.outputTopic(rawCopies).readRecords()
    expect(Buffer.from(copy?.value ?? []).toString()).toBe('as it came')
  })

  test('are written by the serde of the sink where that is another one', () => {
    const loud = topic('loud', { key: string(), value: countingSerde() })
    const driver = drive((builder) => builder.stream(input).to(loud))
    driver.inputTopic(input).pipeInput({ key: 'a', value: 'b', timestamp: 1 })
    expect(driver.outputTopic(topic('loud', { key: string(), value: string() })).readRecords()).toMatchObject([
      { value: 'B' },
    ])
  })
})

test('a nullable key and value are null in the record', () => {
  const anything = topic('anything', { key: nullable(string()), value: nullable(json<Page>()) })
  const records: unknown[] = []
  const driver = drive((builder) => builder.stream(anything).foreach((record) => records.push(record)))
  driver.inputTopic(anything).pipeInput({ key: null, value: null, timestamp: 1 })
  expect(records).toEqual([{ key: null, value: null, timestamp: 1, headers: [] }])
})
