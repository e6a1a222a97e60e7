/**
 * What the texts of options become: numbers, durations, times, pairs. Each says what it expected.
 */
import { shown } from '../core/shown.ts'
import { typedDuration, typedTime } from '../inspect/typed-times.ts'
import { UsageError } from './exit-codes.ts'
import { type Reader, suggesting } from './options.ts'

/** A whole number from `least` on. */
export function whole(least: number): Reader<number> {
  return (text) => {
    const number = /^-?\d+$/.test(text) ? Number(text) : Number.NaN
    if (Number.isSafeInteger(number) && number >= least) return number
    throw new UsageError(`Expected a whole number from ${least} on.`)
  }
}

/** `30s`, `90m`, `1d`, `1h30m`. */
export const duration: Reader<number> = (text) => {
  const ms = typedDuration(text)
  if (ms !== undefined) return ms
  throw new UsageError('Expected a duration such as 500ms, 30s, 90m, 1h30m or 7d.')
}

/** Ms since the epoch, or a date with or without a time and a zone; without a zone it is local. */
export const moment: Reader<number> = (text) => {
  const ms = typedTime(text)
  if (ms !== undefined) return ms
  throw new UsageError('Expected a time such as 2025-03-04, 2025-03-04T09:00, 2025-03-04T09:00:00Z or 1741078800000.')
}

/** `NAME=VALUE`, split at the first `=`. */
export const pair: Reader<readonly [name: string, value: string]> = (text) => {
  const at = text.indexOf('=')
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)]
  throw new UsageError('Expected NAME=VALUE.')
}

/** One of these words. */
export function oneOf<const W extends string>(...words: readonly W[]): Reader<W> {
  return suggesting(words, (text) => {
    const word = words.find((one) => one === text)
    if (word !== undefined) return word
    throw new UsageError(`Expected ${words.join(', ')}, not ${shown(text)}.`)
  })
}
