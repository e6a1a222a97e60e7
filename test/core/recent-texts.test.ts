// A key is read as its bytes say, whatever was read before it.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RecentTexts } from '../../src/core/recent-texts.ts'
import { codecOf } from '../../src/core/serde.ts'
import { string } from '../../src/core/serdes.ts'
import { bytesAsText } from '../../src/core/text.ts'

const around = Buffer.from('around')

/** Reads a text out of the middle of a buffer, which is overwritten afterwards. */
function readBack(texts: RecentTexts, text: string): string {
  const encoded = Buffer.from(text)
  const bytes = Buffer.concat([around, encoded, around])
  const read = texts.read(bytes, around.length, around.length + encoded.length)
  bytes.fill('x')
  return read
}

/** Those that do not come back as they are. */
function wrong(texts: RecentTexts, list: Iterable<string>): string[] {
  return [...list].filter((text) => readBack(texts, text) !== text)
}

const few = fc.nat({ max: 40 }).map((number) => `key ${number}`)
const many = fc.nat().map((number) => `key ${number}`)
const all = fc.oneof(fc.string({ unit: 'binary', maxLength: 40 }), few, many)

test.each([
  ['of a few', few],
  ['of very many', many],
  ['of all kinds', all],
])('keys %s come back as they are', (_, keys) => {
  fc.assert(
    fc.property(fc.array(keys, { minLength: 1, maxLength: 50 }), (list) => {
      const texts = new RecentTexts()
      for (let i = 0; i < 3; i++) expect(wrong(texts, list)).toEqual([])
    }),
  )
})

test('keys come back as they are while it rests, and after it', () => {
  const texts = new RecentTexts()
  const numbers = Array.from({ length: 40_000 }, (_, number) => number)
  expect(
    wrong(
      texts,
      numbers.map((number) => `once ${number}`),
    ),
  ).toEqual([])
  expect(
    wrong(
      texts,
      numbers.map((number) => `often ${number % 7}`),
    ),
  ).toEqual([])
})

test('letters that look like the bytes of another text are not taken for it', () => {
  const asLetters = Buffer.from('é').toString('latin1')
  expect(wrong(new RecentTexts(), [asLetters, 'é', asLetters, 'é'])).toEqual([])
})

test('bytes that are no text are refused every time', () => {
  const codec = codecOf(string())
  for (let i = 0; i < 3; i++) expect(() => codec.readKey(Buffer.of(0x61, 0xff), 0, 2)).toThrow('not UTF-8')
})

test('bytes of any kind come back as one character each, where they are read so', () => {
  const texts = new RecentTexts(bytesAsText)
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 50 }), (list) => {
      const read = [...list, ...list].map((bytes) => texts.read(Buffer.from(bytes), 0, bytes.length))
      expect(read).toEqual([...list, ...list].map((bytes) => Buffer.from(bytes).toString('latin1')))
    }),
  )
})
