/**
 * Which dead letters a caller means.
 */
import { checkChoice, checkList, checkOptions, checkWhole, readField } from '../../core/checks.ts'
import { MillraceError } from '../../core/errors.ts'
import { shown } from '../../core/shown.ts'
import { nameOf } from '../kept/topic-name.ts'
import type { DeadLetter, LetterFilter, LetterPlace, LetterQuery } from './letters-face.ts'

const filterNames = ['reason', 'operator', 'topic', 'from', 'to']

/** Whether a letter is meant. */
export type LetterTest = (letter: DeadLetter) => boolean

/** A query, checked. */
export interface CheckedQuery {
  readonly fits: LetterTest
  readonly isNewestFirst: boolean
  readonly limit: number
  readonly after: LetterPlace | undefined
}

/** @throws MillraceError `bad_option` */
export function checkQuery(given: LetterQuery): CheckedQuery {
  const query = checkOptions('list', given, [...filterNames, 'order', 'limit', 'after'])
  const { order = 'oldest', limit = Number.MAX_SAFE_INTEGER, after } = query
  return {
    fits: testOf(query),
    isNewestFirst: checkChoice('order', order, ['oldest', 'newest']) === 'newest',
    limit: checkWhole('limit', limit, 0),
    after: after === undefined ? undefined : checkPlace('after', after),
  }
}

/** @throws MillraceError `bad_option` */
export function checkFilter(what: string, given: LetterFilter): LetterTest {
  return testOf(checkOptions(what, given, filterNames))
}

function testOf({ reason, operator, topic, from, to }: LetterFilter): LetterTest {
  const reasons = reason === undefined ? undefined : wordsOf('reason', reason)
  const operators = operator === undefined ? undefined : wordsOf('operator', operator)
  const source = topic === undefined ? undefined : nameOf(topic)
  const earliest = from === undefined ? 0 : checkWhole('from', from, 0)
  const end = to === undefined ? Number.POSITIVE_INFINITY : checkWhole('to', to, 0)
  return (letter) =>
    reasons?.has(letter.reason) !== false &&
    operators?.has(letter.operator ?? '') !== false &&
    (source === undefined || letter.source?.topic === source) &&
    letter.timestamp >= earliest &&
    letter.timestamp < end
}

function wordsOf(what: string, given: string | readonly string[]): ReadonlySet<string> {
  const words = typeof given === 'string' ? [given] : checkList(what, given)
  const bad = words.find((word) => typeof word !== 'string')
  if (bad === undefined) return new Set(words)
  throw new MillraceError('bad_option', `${what} is ${shown(bad)}; expected a text, or a list of them`)
}

/** Where a letter lies; whatever else it says is left alone, so a letter is a place too. */
export function checkPlace(what: string, place: LetterPlace): LetterPlace {
  if (typeof place !== 'object' || place === null) {
    throw new MillraceError('bad_option', `${what} is ${shown(place)}; expected a letter, or { partition, offset }`)
  }
  const numberOf = (field: 'partition' | 'offset'): number =>
    checkWhole(`the ${field} of ${what}`, readField(what, place, field) as number, 0)
  return { partition: numberOf('partition'), offset: numberOf('offset') }
}
