// A record that does not decode ends the read behind the last good record, with its place; reading on behind it works.
import { describe, expect, test } from 'vitest'
import { bytes, json, nullable, string } from '../../../src/core/serdes.ts'
import { topic } from '../../../src/core/topic.ts'
import { collect, collectUntilError } from '../../support/collect.ts'
import { openTestLog, type OpenedLog } from '../../support/open.ts'

const text = topic('mixed', { key: string(), value: string() })
const raw = topic('mixed', { key: nullable(bytes()), value: nullable(bytes()) })
const notUtf8 = Uint8Array.of(0xff, 0xfe)

/** Ten records in two batches, with those at the given offsets replaced. */
async function openMixed(
  bad: Readonly<Record<number, { readonly key?: Uint8Array | null; readonly value?: Uint8Array | null }>>,
): Promise<OpenedLog> {
  const opened = openTestLog()
  const producer = opened.log.producer()
  const record = (offset: number): { key: Uint8Array | null; value: Uint8Array | null; timestamp: number } => ({
    key: Buffer.from('key'),
    value: Buffer.from(String(offset)),
    timestamp: offset,
    ...bad[offset],
  })
  await producer.sendMany(
    raw,
    Array.from({ length: 6 }, (_, i) => record(i)),
  )
  await producer.sendMany(
    raw,
    Array.from({ length: 4 }, (_, i) => record(6 + i)),
  )
  return opened
}

const numbers = (first: number, end: number): string[] =>
  Array.from({ length: end - first }, (_, i) => String(first + i))

describe.each([
  ['in the middle of a batch', 3],
  ['at the beginning of a batch', 6],
  ['at the end', 9],
  ['at the beginning', 0],
])('a record that does not decode %s', (_, offset) => {
  const undecodable = {
    code: 'undecodable',
    topic: 'mixed',
    partition: 0,
    offset,
    message: expect.stringContaining(`mixed[0] offset ${offset}`),
    cause: expect.any(Error),
  }

  test('ends the read behind the last good record', async () => {
    const { log } = await openMixed({ [offset]: { value: notUtf8 } })
    const { items, error } = await collectUntilError(log.read(text))
    expect(items.map(({ value }) => value)).toEqual(numbers(0, offset))
    expect(error).toMatchObject(undecodable)
  })

  test('may be the key', async () => {
    const { log } = await openMixed({ [offset]: { key: notUtf8 } })
    expect((await collectUntilError(log.read(text))).error).toMatchObject(undecodable)
  })

  test('is passed by reading on behind it', async () => {
    const { log } = await openMixed({ [offset]: { value: notUtf8 } })
    const rest = await collect(log.read(text, { from: offset + 1 }))
    expect(rest.map(({ value }) => value)).toEqual(numbers(offset + 1, 10))
  })

  test('shows its bytes to who reads bytes', async () => {
    const { log } = await openMixed({ [offset]: { value: notUtf8 } })
    const [record] = await collect(log.read(raw, { from: offset }), 1)
    expect([...(record?.value ?? [])]).toEqual([...notUtf8])
  })
})

test('batches come with what is good of them before the error', async () => {
  const { log } = await openMixed({ 8: { value: notUtf8 } })
  const { items, error } = await collectUntilError(log.read(text, { from: 2 }).batches())
  expect(items.map(({ records }) => records.map(({ offset }) => offset))).toEqual([
    [2, 3, 4, 5],
    [6, 7],
  ])
  expect(error).toMatchObject({ code: 'undecodable', offset: 8 })
})

test('every bad record is told in its turn', async () => {
  const { log } = await openMixed({
    1: { value: notUtf8 },
    4: { key: notUtf8 },
    5: { value: notUtf8 },
    9: { value: null },
  })
  const seen: string[] = []
  const told: number[] = []
  for (let from = 0; ;) {
    const { items, error } = await collectUntilError(log.read(text, { from }))
    seen.push(...items.map(({ value }) => value))
    if (error === undefined) break
    from = (error as { readonly offset: number }).offset + 1
    told.push(from - 1)
  }
  expect(seen).toEqual(['0', '2', '3', '6', '7', '8'])
  expect(told).toEqual([1, 4, 5, 9])
})

describe('a null where the topic does not say nullable', () => {
  test.each([
    ['value', { value: null }],
    ['key', { key: null }],
  ] as const)('as a %s is an error with its place', async (what, replaced) => {
    const { log } = await openMixed({ 2: replaced })
    const { items, error } = await collectUntilError(log.read(text))
    expect(items).toHaveLength(2)
    expect(error).toMatchObject({
      code: 'unexpected_null',
      topic: 'mixed',
      partition: 0,
      offset: 2,
      message: expect.stringMatching(new RegExp(`the ${what} is null.*nullable\\(string\\)`)),
    })
  })

  test('is read as null where it does', async () => {
    const { log } = await openMixed({ 2: { key: null, value: null } })
    const lenient = topic('mixed', { key: nullable(string()), value: nullable(string()) })
    expect(await collect(log.read(lenient, { from: 2 }), 1)).toMatchObject([{ key: null, value: null }])
  })

  test('can always be sent', async () => {
    const { log } = openTestLog()
    await log.producer().send(text, { key: 'a', value: null })
    expect(await collect(log.read(raw))).toMatchObject([{ value: null }])
  })
})

describe('the JSON text null', () => {
  const values = [Buffer.from('1'), Buffer.from(' null\n'), Buffer.from('2')]

  test('ends the read where the topic does not say nullable', async () => {
    const { log } = openTestLog()
    const written = topic('json', { key: string(), value: bytes() })
    await log.producer().sendMany(
      written,
      values.map((value) => ({ key: 'a', value })),
    )
    const { items, error } = await collectUntilError(log.read(topic('json', { key: string(), value: json<number>() })))
    expect(items.map(({ value }) => value)).toEqual([1])
    expect(error).toMatchObject({ code: 'unexpected_null', topic: 'json', partition: 0, offset: 1 })
    const all = await collect(log.read(topic('json', { key: string(), value: nullable(json<number>()) })))
    expect(all.map(({ value }) => value)).toEqual([1, null, 2])
  })

  test('may be the key', async () => {
    const { log } = openTestLog()
    await log
      .producer()
      .send(topic('json', { key: bytes(), value: string() }), { key: Buffer.from('null'), value: 'a' })
    const { error } = await collectUntilError(log.read(topic('json', { key: json<string>(), value: string() })))
    expect(error).toMatchObject({ code: 'unexpected_null', message: expect.stringContaining('the key is null') })
    const [record] = await collect(log.read(topic('json', { key: nullable(json<string>()), value: string() })))
    expect(record).toMatchObject({ key: null, value: 'a' })
  })
})
