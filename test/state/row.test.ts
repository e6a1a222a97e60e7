// A row is what was set last, or what it was before the turn; what a reader got stays as it was, whatever is set later.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { int64, json, string } from 'millrace'
import { ByteWriter } from '../../src/core/bytes.ts'
import { type Codec, codecOf, type Serde } from '../../src/core/serde.ts'
import { bytesAsText, isTextOf } from '../../src/core/text.ts'
import { type KeyedHome, KeyedStateRow, type StateRow } from '../../src/state/row.ts'

type Act = { readonly kind: 'set'; readonly text: string } | { readonly kind: 'clear' | 'revert' | 'turn' | 'store' }

const act: fc.Arbitrary<Act> = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), text: fc.string({ maxLength: 40 }) }),
  fc.record({ kind: fc.constantFrom('clear' as const, 'revert' as const, 'turn' as const, 'store' as const) }),
)

const homeOf = <V>(codec: Codec<V>, hasTimes = false): KeyedHome<V> => ({
  store: 'rows',
  partition: 0,
  codec,
  hasTimes,
})

/** Does the acts to a row, and looks after each at the row and at every value that was read of it before. */
function live<V>(codec: Codec<V>, valueOf: (text: string) => V, acts: readonly Act[]): void {
  const newRow = (): StateRow<V> => new KeyedStateRow(0, 'key', 'key', homeOf(codec))
  let row = newRow()
  let now: string | undefined
  let before: string | undefined
  let turn = 0
  row.save(turn)
  const seen: { readonly value: V; readonly text: string }[] = []
  for (const [at, next] of acts.entries()) {
    if (next.kind === 'set') {
      row.set(valueOf(next.text), at)
      now = next.text
    } else if (next.kind === 'clear') {
      row.clear()
      now = undefined
    } else if (next.kind === 'revert') {
      row.revert()
      now = before
    } else {
      if (next.kind === 'store' && now !== undefined) {
        const stored = Buffer.from(row.encode())
        row = newRow()
        row.load(stored)
      }
      row.save(++turn)
      before = now
    }
    expect(row.exists).toBe(now !== undefined)
    if (now !== undefined) seen.push({ value: row.value, text: now })
    for (const { value, text } of seen) expect(value).toEqual(valueOf(text))
  }
}

test.each([
  ['objects', json<{ readonly text: string }>(), (text: string) => ({ text })],
  ['strings', string(), (text: string) => text],
])('of %s', (_, serde, valueOf) => {
  const codec = codecOf(serde as Serde<unknown>)
  fc.assert(fc.property(fc.array(act, { maxLength: 30 }), (acts) => live(codec, valueOf as never, acts)))
})

test('a row holds what it would read from the disk, whether or not it has been there', () => {
  const row = new KeyedStateRow(0, 'key', 'key', homeOf(codecOf(int64())))
  row.set(-0, 1)
  const kept = row.value
  row.load(Buffer.from(row.encode()))
  expect(Object.is(kept, row.value)).toBe(true)
})

test('a key that is kept as a text is the same bytes, with the time after it where there is one', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 50 }), fc.maxSafeNat(), (bytes, time) => {
      const key = Buffer.from(bytes)
      const timeBytes = Buffer.alloc(8)
      timeBytes.writeBigInt64BE(BigInt(time))
      const text = bytesAsText(key, 0, key.length)
      for (const [hasTimes, inTopic] of [
        [false, key],
        [true, Buffer.concat([key, timeBytes])],
      ] as const) {
        const row = new KeyedStateRow(time, text, text, homeOf(codecOf(int64()), hasTimes))
        const [inOutput, alone] = [new ByteWriter(1), new ByteWriter(1)]
        row.appendKey(inOutput)
        row.appendKeyAlone(alone)
        expect([row.keyBytes, inOutput.written, alone.written]).toEqual([inTopic, inTopic, key])
      }
      expect(isTextOf(text, key, key.length)).toBe(true)
      expect(isTextOf(text + 'a', key, key.length)).toBe(false)
      if (text !== '') expect(isTextOf(text.slice(0, -1) + '\u0100', key, key.length)).toBe(false)
    }),
  )
})
