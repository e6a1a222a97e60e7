/**
 * What the texts of options become: numbers, durations, times, pairs. Each says what it expected.
 */
import { shown } from '../core/shown.ts'
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

const unitsMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}

/** `30s`, `90m`, `1d`, `1h30m`. */
export const duration: Reader<number> = (text) => {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d|w)/g)]
  const ms = parts.reduce((sum, [, count, unit]) => sum + Number(count) * (unitsMs[unit ?? ''] as number), 0)
  const isWhole = parts.length > 0 && parts.map(([part]) => part).join('') === text
  if (isWhole && Number.isSafeInteger(Math.round(ms))) return Math.round(ms)
  throw new UsageError('Expected a duration such as 500ms, 30s, 90m, 1h30m or 7d.')
}

/** Ms since the epoch, or a date with or without a time and a zone; without a zone it is local. */
export const moment: Reader<number> = (text) => {
  const ms = /^\d{9,}$/.test(text) ? Number(text) : dateMs(text)
  if (Number.isSafeInteger(ms) && ms >= 0) return ms
  throw new UsageError('Expected a time such as 2025-03-04, 2025-03-04T09:00, 2025-03-04T09:00:00Z or 1741078800000.')
}

function dateMs(text: string): number {
  const [, date, time = '00:00', zone = ''] =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?)(Z|[+-]\d\d:\d\d)?)?$/.exec(text) ?? []
  return date === undefined ? Number.NaN : Date.parse(`${date}T${time}${zone}`)
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
