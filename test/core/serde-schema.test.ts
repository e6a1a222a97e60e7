// A Standard Schema stands in for a type: values are validated on the way in and on the way out.
import { describe, expect, test } from 'vitest'
import type { StandardSchema } from '../../src/core/schema.ts'
import { json, msgpack } from '../../src/core/serdes.ts'

interface User {
  readonly name: string
  readonly address: { readonly zip: number }
}

/** What a validator such as zod does, by hand: trims the name, and tells where something is wrong. */
const userSchema: StandardSchema<User, User> = {
  '~standard': {
    version: 1,
    vendor: 'by-hand',
    validate(value) {
      const { name, address } = value as Partial<User>
      const issues: { message: string; path?: readonly unknown[] }[] = []
      if (typeof name !== 'string') issues.push({ message: 'expected a string', path: ['name'] })
      const zip = address?.zip
      if (typeof zip !== 'number') issues.push({ message: 'expected a number', path: [{ key: 'address' }, 'zip'] })
      if (zip === 13) issues.push({ message: 'nobody lives there' })
      if (issues.length > 0) return { issues }
      return { value: { name: String(name).trim(), address: { zip: Number(zip) } } }
    },
  },
}

const asyncSchema = (answer: () => Promise<{ readonly value: string }>): StandardSchema<string, string> => ({
  '~standard': { version: 1, vendor: 'by-hand', validate: answer },
})

type TextResult = ReturnType<StandardSchema<string, string>['~standard']['validate']>

const textSchema = (validate: (given: string) => TextResult): StandardSchema<string, string> => ({
  '~standard': { version: 1, vendor: 'by-hand', validate: (given) => validate(given as string) },
})

describe.each([
  ['json', json],
  ['msgpack', msgpack],
] as const)('%s with a schema', (_, serde) => {
  const users = serde(userSchema)
  const plain = serde<unknown>()

  test('writes and reads what the schema makes of a value', () => {
    const user = { name: ' Ada ', address: { zip: 7 }, extra: 1 }
    expect(plain.decode(users.encode(user))).toEqual({ name: 'Ada', address: { zip: 7 } })
    expect(users.decode(plain.encode(user))).toEqual({ name: 'Ada', address: { zip: 7 } })
  })

  test('refuses a value with the message of the validator and the path to the place', () => {
    const wrong = { address: {} }
    const message = 'name: expected a string; address.zip: expected a number'
    expect(() => users.encode(wrong as User)).toThrow(message)
    expect(() => users.decode(plain.encode(wrong))).toThrow(message)
  })

  test('leaves the path out where the issue has none', () => {
    expect(() => users.encode({ name: 'Ada', address: { zip: 13 } })).toThrow(/: nobody lives there$/)
  })

  test('refuses a value that the schema would change again, or refuse, when it is read', () => {
    const growing = serde(textSchema((given) => ({ value: `${given}!` })))
    expect(() => growing.encode('a')).toThrow('changes its own result')
    const short = serde(
      textSchema((given) => (given.length > 3 ? { issues: [{ message: 'too long' }] } : { value: `${given}...` })),
    )
    expect(() => short.encode('abc')).toThrow('the schema rejects its own result: too long')
  })

  test('refuses what the schema returns when it is no plain data', () => {
    const dates = serde(textSchema(() => ({ value: new Map() as unknown as string })))
    expect(() => dates.encode('a')).toThrow('an object of class Map cannot be written as')
  })

  test('refuses null that the schema returns, because nothing says nullable', () => {
    const emptied = serde(textSchema(() => ({ value: null as unknown as string })))
    expect(() => emptied.encode('a')).toThrow('the schema returned null')
  })

  test('writes once, although it reads what it wrote', () => {
    expect(Buffer.from(users.encode({ name: 'Ada', address: { zip: 7 } }))).toEqual(
      Buffer.from(plain.encode({ name: 'Ada', address: { zip: 7 } })),
    )
  })

  test('refuses a validator that answers asynchronously, also one that will reject', async () => {
    const resolving = serde(asyncSchema(async () => ({ value: 'a' })))
    expect(() => resolving.encode('a')).toThrow('synchronous')
    expect(() => resolving.decode(plain.encode('a'))).toThrow('synchronous')
    const rejecting = serde(asyncSchema(() => Promise.reject(new Error('no such user'))))
    expect(() => rejecting.encode('a')).toThrow('synchronous')
    await new Promise(setImmediate) // a rejection that nobody handles would end the run here
  })
})
