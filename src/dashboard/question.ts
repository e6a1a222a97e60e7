/**
 * The parameters of a question, checked: each says what it expected.
 */
import { escaped } from '../core/escaped.ts'
import { shortened } from '../core/shown.ts'
import { BadQuestion } from './reply.ts'

/** A part of the path that the table of addresses names. */
export function pathPart(path: Readonly<Record<string, string>>, name: string): string {
  const part = path[name]
  if (part === undefined) throw new RangeError(`no address of the table has ${name}`)
  return part
}

/** Undefined where it is not given, or is empty: a form sends what was not filled in. */
export function textIn(query: URLSearchParams, name: string): string | undefined {
  const text = query.get(name)
  return text === null || text === '' ? undefined : text
}

export function wholeIn(query: URLSearchParams, name: string): number | undefined {
  const text = textIn(query, name)
  return text === undefined ? undefined : wholeOf(name, text)
}

export function wholeOf(name: string, text: string): number {
  const number = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (Number.isSafeInteger(number)) return number
  throw new BadQuestion(`${name} is ${shortened(escaped(text), 100)}; expected a whole number from 0 on`)
}

/** `1` for yes. */
export function flagIn(query: URLSearchParams, name: string): boolean {
  const text = textIn(query, name)
  if (text === undefined || text === '1') return text === '1'
  throw new BadQuestion(`${name} is ${shortened(escaped(text), 100)}; expected 1, or nothing`)
}

/** How many rows or records are wanted, up to a bound. */
export function limitIn(query: URLSearchParams, usual: number, most: number): number {
  const limit = wholeIn(query, 'limit') ?? usual
  if (limit >= 1 && limit <= most) return limit
  throw new BadQuestion(`limit is ${limit}; expected 1 to ${most}`)
}
