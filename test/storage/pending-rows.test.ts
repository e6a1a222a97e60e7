// Inside of a write, reads are what a sorted map would answer that has everything: what is stored, and what the write has changed
// so far. The file has it when the write is over, and nothing of it when the write throws.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Environment } from '../../src/storage/environment.ts'
import { PackedRows } from '../../src/storage/packed-rows.ts'
import type { WriteTransaction } from '../../src/storage/write-transaction.ts'
import { openEnvironment } from '../support/open.ts'

const bytes = fc.uint8Array({ minLength: 1, maxLength: 2 }).map((key) => Buffer.from(key.map((byte) => byte % 6)))
const change = fc.record({ key: bytes, value: fc.option(fc.uint8Array({ maxLength: 3 }), { nil: undefined }) })
const question = fc.record({ from: bytes, to: bytes, limit: fc.integer({ min: 1, max: 5 }) })
const packed = fc.array(change, { maxLength: 5 })
const step = fc.oneof(fc.record({ change }), fc.record({ packed }), fc.record({ question }))

/** The rows as hexadecimal keys to hexadecimal values. */
type Model = Map<string, string>

function apply(model: Model, { key, value }: { key: Buffer; value: Uint8Array | undefined }): void {
  if (value === undefined) model.delete(key.toString('hex'))
  else model.set(key.toString('hex'), Buffer.from(value).toString('hex'))
}

function write(transaction: WriteTransaction, { key, value }: { key: Buffer; value: Uint8Array | undefined }): void {
  if (value === undefined) transaction.remove('state', key)
  else transaction.put('state', key, value)
}

function writeAll(transaction: WriteTransaction, changes: readonly Parameters<typeof write>[1][]): void {
  const rows = new PackedRows()
  for (const { key, value } of changes) {
    if (value === undefined) rows.remove(key)
    else rows.put(key, Buffer.concat([Buffer.from('ab'), value, Buffer.from('c')]), 2, 2 + value.length)
  }
  transaction.writeAll('state', rows)
}

const shown = ({ key, value }: { key: Buffer; value: Buffer }): string =>
  `${key.toString('hex')} ${value.toString('hex')}`

function answersOf(environment: Environment, from: Buffer, to: Buffer, limit: number): readonly unknown[] {
  const last = environment.lastBefore('state', from, to)
  return [
    environment.get('state', from)?.toString('hex'),
    environment.range('state', from, to, limit).map(shown),
    environment.keys('state', from, to, limit).map((key) => key.toString('hex')),
    [...environment.pages('state', from, to, limit)].flat().map(shown),
    last && shown(last),
  ]
}

function expectedOf(model: Model, from: Buffer, to: Buffer, limit: number): readonly unknown[] {
  const [start, end] = [from.toString('hex'), to.toString('hex')]
  const within = [...model].filter(([key]) => key >= start && key < end).toSorted(([a], [b]) => (a < b ? -1 : 1))
  const rows = within.map(([key, value]) => `${key} ${value}`)
  return [model.get(start), rows.slice(0, limit), within.slice(0, limit).map(([key]) => key), rows, rows.at(-1)]
}

describe('a write', () => {
  test('reads what it has written, over what is stored', () => {
    const environment = openEnvironment()
    const model: Model = new Map()
    const steps = fc.array(step, { maxLength: 20 })
    fc.assert(
      fc.property(fc.array(change, { maxLength: 10 }), steps, fc.boolean(), (stored, steps, throws) => {
        environment.write((transaction) => {
          for (const key of environment.keys('state', Buffer.of(0), Buffer.of(255), 1_000))
            transaction.remove('state', key)
          for (const one of stored) write(transaction, one)
        })
        model.clear()
        for (const one of stored) apply(model, one)
        const before = new Map(model)
        const work = (transaction: WriteTransaction): void => {
          for (const one of steps) {
            if ('change' in one) {
              write(transaction, one.change)
              apply(model, one.change)
            } else if ('packed' in one) {
              writeAll(transaction, one.packed)
              for (const each of one.packed) apply(model, each)
            } else {
              const { from, to, limit } = one.question
              expect(answersOf(environment, from, to, limit)).toEqual(expectedOf(model, from, to, limit))
            }
          }
          if (throws) throw new Error('no')
        }
        if (throws) expect(() => environment.write(work)).toThrow('no')
        else environment.write(work)
        const all = [Buffer.of(0), Buffer.of(255), 1_000] as const
        expect(answersOf(environment, ...all)).toEqual(expectedOf(throws ? before : model, ...all))
      }),
      { numRuns: 150 },
    )
  })

  test('may not begin inside of another one, nor a transaction be used after its write', () => {
    const environment = openEnvironment()
    const key = Buffer.from('key')
    let leaked: WriteTransaction | undefined
    environment.write((transaction) => {
      leaked = transaction
      expect(() => environment.write(() => undefined)).toThrow(expect.objectContaining({ code: 'defect' }))
      expect(() => environment.writeInTurn(() => undefined)).toThrow(expect.objectContaining({ code: 'defect' }))
      transaction.put('state', key, Buffer.from('value'))
    })
    expect(() => leaked?.put('state', key, key)).toThrow(expect.objectContaining({ code: 'defect' }))
    expect(() => leaked?.remove('state', key)).toThrow(expect.objectContaining({ code: 'defect' }))
    expect(() => leaked?.onDurable(() => undefined)).toThrow(expect.objectContaining({ code: 'defect' }))
    // Neither harms the writes that follow.
    environment.write(() => {
      expect(() => leaked?.put('state', key, key)).toThrow(expect.objectContaining({ code: 'defect' }))
    })
    expect(environment.get('state', key)?.toString()).toBe('value')
  })
})
