// A message shows whatever it is about, and nothing in it reaches a terminal as a command.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MillraceError, messageOf } from '../../src/core/errors.ts'
import { escaped } from '../../src/core/escaped.ts'
import { shown } from '../../src/core/shown.ts'
import { hostileValues } from '../support/hostile.ts'

const unseen = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u

test.each(Object.entries(hostileValues))('%s is shown on one short line', (_, make) => {
  expect(shown(make())).toMatch(/^[^\n]{1,101}$/)
  expect(shown(make())).not.toMatch(unseen)
  expect(messageOf(make())).not.toMatch(unseen)
})

test('what is shown says what was given', () => {
  expect([5n, Symbol('a'), '5', 5, { a: 1 }, null, -0].map(shown)).toEqual([
    '5n',
    'Symbol(a)',
    '"5"',
    '5',
    '{ a: 1 }',
    'null',
    '-0',
  ])
  expect(shown(new RangeError('too far'))).toBe('RangeError: too far')
})

test('any text is escaped one to one: it can be read back, and holds nothing unseen', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 20 }), (text) => {
      const shownText = escaped(text)
      expect(shownText).not.toMatch(unseen)
      const read = shownText.replaceAll(/\\(?:u\{(\w+)\}|u(\w{4})|([nrt]))/g, (_, long, short, letter) =>
        letter === undefined
          ? String.fromCodePoint(Number.parseInt(long ?? short, 16))
          : { n: '\n', r: '\r', t: '\t' }[letter as 'n'],
      )
      // What looks like an escape already, reads as one.
      if (!text.includes('\\')) expect(read).toBe(text)
    }),
  )
})

test.each([
  ['an escape of a terminal', '\u001b[31m', '\\u001b[31m'],
  ['its form of one byte', '\u009b31m', '\\u009b31m'],
  ['a line break', 'a\r\nb', 'a\\r\\nb'],
  ['the separators of lines and paragraphs', '\u2028\u2029\u0085', '\\u2028\\u2029\\u0085'],
  ['a change of direction', '\u202eabc', '\\u202eabc'],
  ['half of a surrogate pair', '\ud800', '\\ud800'],
  ['a tag beyond 16 bits', '\u{e0041}', '\\udb40\\udc41'],
])('%s is escaped', (_, text, shownText) => {
  expect(escaped(text)).toBe(shownText)
  expect(messageOf(new Error(text))).toBe(shownText)
  expect(shown(text)).toBe(`"${shownText}"`)
})

test('an error holds nothing unseen but line breaks, whoever wrote its message', () => {
  expect(new MillraceError('bad_option', 'two\nlines of \u001b\u009b\u0000').message).toBe(
    'two\nlines of \\u001b\\u009b\\u0000',
  )
})

test('the message of a large error is cut', () => {
  expect(messageOf(new Error('x'.repeat(9_999)))).toHaveLength(2_001)
})
