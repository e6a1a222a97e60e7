// A row of a small database is what was written, or an error: LMDB has no checksums, so the rows carry their own.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sealedDatabases } from '../../src/storage/sealed-rows.ts'
import { openEnvironment } from '../support/open.ts'
import { openStored, withBitFlipped } from '../support/stored.ts'
import { errorOf } from '../support/thrown.ts'

const names = [...sealedDatabases]

describe.each(names)('a row of %s', (database) => {
  test('with any bit flipped is an error, by key and in a range', () => {
    const environment = openEnvironment()
    const stored = openStored(environment.dir)
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 20 }), fc.uint8Array({ maxLength: 40 }), (bytes, value) => {
        const key = Buffer.concat([Buffer.from('a row '), bytes])
        environment.write((transaction) => transaction.put(database, key, value))
        expect(environment.get(database, key)?.equals(value)).toBe(true)
        const sealed = stored.rows(database).find((row) => row.key.equals(key))?.value ?? Buffer.of()
        const bits = sealed.length * 8
        for (let bit = 0; bit < bits; bit += Math.max(1, Math.floor(bits / 8))) {
          stored.put(database, key, withBitFlipped(sealed, bit))
          environment.refresh()
          expect(errorOf(() => environment.get(database, key))).toMatchObject({ code: 'damaged' })
          const after = Buffer.concat([key, Buffer.of(0)])
          expect(errorOf(() => environment.range(database, key, after, 1)).message).toContain(`"${database}"`)
          expect(errorOf(() => environment.lastBefore(database, key, after)).code).toBe('damaged')
        }
        environment.write((transaction) => transaction.remove(database, key))
      }),
      { numRuns: 15 },
    )
  })

  test('that stands under the key of another is an error', () => {
    const environment = openEnvironment()
    const stored = openStored(environment.dir)
    const [one, other] = [Buffer.from('row one'), Buffer.from('row two')]
    environment.write((transaction) => transaction.put(database, one, Buffer.from('value')))
    const row = stored.rows(database).find(({ key }) => key.equals(one))
    stored.put(database, other, row?.value ?? Buffer.of())
    environment.refresh()
    expect(errorOf(() => environment.get(database, other))).toMatchObject({ code: 'damaged' })
  })
})
