// A write transaction keeps everything or nothing, and reads are what a sorted map would answer.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MillraceError } from '../../src/core/errors.ts'
import type { Environment } from '../../src/storage/environment.ts'
import type { Entry } from '../../src/storage/databases.ts'
import { openEnvironment } from '../support/open.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const key = Buffer.from('key')
const text = (value: Buffer | undefined): string | undefined => value?.toString()
const refusal = new MillraceError('bad_option', 'no')

const put = (environment: Environment, value: string): void =>
  environment.write((transaction) => transaction.put('state', key, Buffer.from(value)))

describe('a write', () => {
  test('returns what its work returns', () => {
    expect(openEnvironment().write(() => 42)).toBe(42)
  })

  test('is there at once, for the one who wrote and after a restart', async () => {
    const dir = temporaryDirectory()
    const environment = openEnvironment(dir)
    expect(environment.get('state', key)).toBeUndefined()
    put(environment, 'one')
    expect(text(environment.get('state', key))).toBe('one')
    await environment.close()
    expect(text(openEnvironment(dir).get('state', key))).toBe('one')
  })

  test('that throws changes nothing, in any database', async () => {
    const environment = openEnvironment()
    put(environment, 'before')
    const write = (): void =>
      environment.write((transaction) => {
        transaction.put('state', key, Buffer.from('after'))
        transaction.put('batches', key, Buffer.alloc(100_000))
        transaction.remove('meta', Buffer.from('format'))
        throw refusal
      })
    expect(write).toThrow(refusal)
    expect(text(environment.get('state', key))).toBe('before')
    await environment.close()
    const again = openEnvironment(environment.dir)
    expect(text(again.get('state', key))).toBe('before')
    expect(again.get('batches', key)).toBeUndefined()
    expect(again.get('meta', Buffer.from('format'))).toBeDefined()
  })

  test('that throws an error with a code leaves the environment in working order', () => {
    const environment = openEnvironment()
    const fail = (): never => {
      throw refusal
    }
    expect(() => environment.write(fail)).toThrow(refusal)
    put(environment, 'after')
    expect(text(environment.get('state', key))).toBe('after')
  })

  test('sees what it wrote itself', () => {
    const environment = openEnvironment()
    put(environment, 'one')
    environment.write((transaction) => {
      transaction.put('state', key, Buffer.from('two'))
      expect(text(environment.get('state', key))).toBe('two')
      expect(environment.range('state', Buffer.of(0), Buffer.of(255), 9)).toHaveLength(1)
      transaction.remove('state', key)
      expect(environment.get('state', key)).toBeUndefined()
    })
  })

  test('copies what it is given', () => {
    const environment = openEnvironment()
    const value = Buffer.from('one')
    environment.write((transaction) => {
      transaction.put('state', key, value)
      value.fill('x')
    })
    expect(text(environment.get('state', key))).toBe('one')
  })

  test('keeps values of every size', () => {
    const environment = openEnvironment()
    const sizes = [0, 1, 2_000, 16_384, 1_000_000]
    environment.write((transaction) => {
      for (const size of sizes) transaction.put('batches', Buffer.of(1, size % 251), Buffer.alloc(size, size % 251))
    })
    for (const size of sizes) {
      expect(environment.get('batches', Buffer.of(1, size % 251))?.equals(Buffer.alloc(size, size % 251))).toBe(true)
    }
  })
})

test('what was read is a copy that later reads and writes do not change', () => {
  const environment = openEnvironment()
  const keys = Array.from({ length: 40 }, (_, index) => Buffer.of(1, index))
  environment.write((transaction) => {
    for (const [index, one] of keys.entries()) transaction.put('state', one, Buffer.alloc(500 + index, index))
  })
  const got = keys.map((one) => environment.get('state', one))
  const ranged = environment.range('state', Buffer.of(0), Buffer.of(255), 100)
  const last = environment.lastBefore('state', Buffer.of(0), Buffer.of(255))
  environment.write((transaction) => {
    for (const one of keys) transaction.put('state', one, Buffer.alloc(500, 255))
  })
  for (const [index, one] of keys.entries()) {
    const value = Buffer.alloc(500 + index, index)
    expect(got[index]?.equals(value)).toBe(true)
    expect(ranged[index]?.value.equals(value)).toBe(true)
    expect(ranged[index]?.key.equals(one)).toBe(true)
  }
  expect(last?.value.equals(Buffer.alloc(539, 39))).toBe(true)
})

describe('as a sorted map would answer', () => {
  const byteKeys = fc.uint8Array({ minLength: 1, maxLength: 3, max: 4 }).map((bytes) => Buffer.from(bytes))
  const wideKeys = fc.uint8Array({ minLength: 1, maxLength: 20 }).map((bytes) => Buffer.from(bytes))
  const keys = fc.oneof(byteKeys, wideKeys)
  const hex = (entry: Entry | undefined): string | undefined => entry?.key.toString('hex')

  test('a range holds the keys from its beginning to before its end, from either end', () => {
    const environment = openEnvironment()
    const questions = fc.array(fc.tuple(keys, keys, fc.integer({ min: 1, max: 8 })), { minLength: 20, maxLength: 20 })
    fc.assert(
      fc.property(fc.array(keys), fc.array(keys), questions, (put, removed, asked) => {
        const everything = environment.range('state', Buffer.of(0), Buffer.alloc(30, 255), 1_000)
        environment.write((transaction) => {
          for (const entry of everything) transaction.remove('state', entry.key)
          for (const one of put) transaction.put('state', one, one)
          for (const one of removed) transaction.remove('state', one)
        })
        const model = [...new Set(put.map((one) => one.toString('hex')))]
          .filter((one) => !removed.some((other) => other.toString('hex') === one))
          .sort((a, b) => Buffer.compare(Buffer.from(a, 'hex'), Buffer.from(b, 'hex')))
        const within = (one: string, from: Buffer, to: Buffer): boolean =>
          Buffer.compare(Buffer.from(one, 'hex'), from) >= 0 && Buffer.compare(Buffer.from(one, 'hex'), to) < 0
        for (const [from, to, limit] of asked) {
          const upTo = model.filter((one) => within(one, from, to))
          expect(environment.range('state', from, to, limit).map(hex)).toEqual(upTo.slice(0, limit))
          expect(environment.reverseRange('state', from, to, limit).map(hex)).toEqual(upTo.toReversed().slice(0, limit))
          expect(hex(environment.lastBefore('state', from, to))).toBe(upTo.at(-1))
          expect(environment.get('state', from)?.toString('hex')).toBe(
            model.find((one) => one === from.toString('hex')),
          )
        }
      }),
      { numRuns: 60 },
    )
  })
})
