// Bytes that do not decode belong to their record: they fail it when someone reads them, and only then.
import { bytes, int64, json, keyValueStore, nullable, string, topic } from 'millrace'
import { describe, expect, test } from 'vitest'
import { errorOf } from '../support/thrown.ts'
import { drive, type Script } from '../support/topology.ts'

interface Page {
  readonly path: string
}
const pages = topic('pages', { key: string(), value: json<Page>() })
const raw = topic('pages', { key: nullable(bytes()), value: nullable(bytes()) })
const copies = topic('copies', { key: string(), value: json<Page>() })
const rawCopies = topic('copies', { key: bytes(), value: nullable(bytes()) })
const counts = keyValueStore('counts', { key: string(), value: int64() })

const notUtf8 = Buffer.of(0xff, 0xfe)
const key = Buffer.from('a')
/** Small values are decoded when a function gets its record, large ones when it reads them. */
const notJson = [
  ['small', Buffer.from('{"path":')],
  ['large', Buffer.from(`{"path":"${'x'.repeat(5_000)}`)],
] as const

/** The first of the causes. */
const rootOf = (error: unknown): unknown =>
  error instanceof Error && error.cause !== undefined ? rootOf(error.cause) : error

describe.each(notJson)('a %s value that does not decode', (_size, value) => {
  const pipe = (script: Script, onError: 'fail' | 'skip' = 'fail') => {
    const driver = drive(script, { onError })
    driver.inputTopic(raw).pipeInput({ key, value, timestamp: 1 })
    return driver
  }

  test('fails where it is read', () => {
    const error = errorOf(() => pipe((builder) => builder.stream(pages).filter((record) => record.value.path !== '')))
    expect(error).toMatchObject({ code: 'undecodable', operator: 'filter-1', topic: 'pages', partition: 0, offset: 0 })
    expect(error.message).toMatch(/^pages\[0\] offset 0: .*the value cannot be decoded as json: .*JSON/)
    expect(rootOf(error)).toBeInstanceOf(SyntaxError)
  })

  test('passes where only other parts of the record are read', () => {
    const driver = pipe((builder) => {
      const stream = builder.stream(pages)
      stream.filter((record) => record.key === 'a' && record.timestamp === 1 && record.headers.length === 0).to(copies)
      stream.groupByKey().count({ store: counts })
    })
    const [copy] = driver.outputTopic(rawCopies).readRecords()
    expect(Buffer.from(copy?.value ?? []).equals(value)).toBe(true)
    expect(driver.store(counts).get('a')).toBe(1)
  })

  test('fails although the function that read it caught the throw', () => {
    const driver = pipe((builder) => {
      builder
        .stream(pages)
        .mapValues((record) => {
          try {
            return record.value
          } catch {
            return { path: 'instead' }
          }
        })
        .to(copies)
    }, 'skip')
    expect(driver.outputTopic(copies).readRecords()).toEqual([])
    expect(Object.values(driver.metrics().failed)).toEqual([{ undecodable: 1 }])
  })

  test('fails the turn that reads it, behind a regrouping too', () => {
    const driver = pipe((builder) => {
      const stream = builder.stream(pages)
      stream.to(copies)
      stream
        .selectKey((record) => record.key)
        .repartition({ key: string() })
        .foreach((record) => record.value.path)
    }, 'skip')
    expect(driver.outputTopic(rawCopies).readRecords()).toHaveLength(1)
    expect(driver.metrics().failed).toEqual({ 'foreach-1': { undecodable: 1 } })
  })
})

describe('a key that does not decode', () => {
  test('fails where it is read, and where a store needs it', () => {
    const scripts: readonly (readonly [Script, string])[] = [
      [(builder) => builder.stream(pages).foreach((record) => record.key), 'foreach-1'],
      [(builder) => builder.stream(pages).groupByKey().count(), 'pages.count'],
    ]
    for (const [script, operator] of scripts) {
      const driver = drive(script)
      expect(
        errorOf(() => driver.inputTopic(raw).pipeInput({ key: notUtf8, value: Buffer.from('{}'), timestamp: 1 })),
      ).toMatchObject({ code: 'undecodable', operator, message: expect.stringContaining('the key cannot be decoded') })
    }
  })

  test('passes where nobody reads it', () => {
    const driver = drive((builder) =>
      builder
        .stream(pages)
        .mapValues((record) => record.value)
        .to(copies),
    )
    driver.inputTopic(raw).pipeInput({ key: notUtf8, value: Buffer.from('{"path":"/"}'), timestamp: 1 })
    expect(driver.outputTopic(rawCopies).readRecords()).toHaveLength(1)
  })
})

test('a null that the topic does not allow fails although the throw was caught', () => {
  const driver = drive(
    (builder) =>
      builder
        .stream(pages)
        .filter((record) => {
          try {
            return record.value.path !== ''
          } catch {
            return true
          }
        })
        .to(copies),
    { onError: 'skip' },
  )
  driver.inputTopic(raw).pipeInput({ key, value: null, timestamp: 1 })
  driver.inputTopic(raw).pipeInput({ key: null, value: Buffer.from('{"path":"/"}'), timestamp: 1 })
  expect(driver.outputTopic(rawCopies).readRecords()).toEqual([])
  expect(driver.metrics().failed).toMatchObject({ 'to-1': { unexpected_null: 1 } })
  expect(Object.values(driver.metrics().failed).flatMap((codes) => Object.entries(codes))).toEqual([
    ['unexpected_null', 1],
    ['unexpected_null', 1],
  ])
})

test('a record that the user kept may be read after its turn without failing another one', () => {
  const kept: { readonly value: Page }[] = []
  const driver = drive((builder) =>
    builder
      .stream(pages)
      .peek((record) => void kept.push(record))
      .to(copies),
  )
  const value = notJson[1][1]
  driver.inputTopic(raw).pipeInput({ key, value, timestamp: 1 })
  expect(errorOf(() => kept[0]?.value)).toMatchObject({ code: 'undecodable' })
  driver.inputTopic(raw).pipeInput({ key, value, timestamp: 2 })
  expect(driver.outputTopic(rawCopies).readRecords()).toHaveLength(2)
})

test('a schema says what is wrong with a value', () => {
  const schema = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (value: unknown) =>
        typeof value === 'object'
          ? { value: value as Page }
          : { issues: [{ message: 'expected a page', path: ['a', 'b'] }] },
    },
  } as const
  const checked = topic('pages', { key: string(), value: json(schema) })
  const driver = drive((builder) => builder.stream(checked).foreach((record) => record.value))
  expect(errorOf(() => driver.inputTopic(raw).pipeInput({ key, value: Buffer.from('5'), timestamp: 1 }))).toMatchObject(
    {
      code: 'undecodable',
      message: expect.stringContaining('a.b: expected a page'),
    },
  )
})
