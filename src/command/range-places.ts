/**
 * Where a range of records begins and ends, as it is typed.
 */
import { UsageError } from './exit-codes.ts'
import { type Reader, suggesting } from './options.ts'
import { duration, moment } from './read-values.ts'

/** One of these words, `@TIME` or `@-AGE`. */
export function rangeBegin<const W extends string>(
  ...words: readonly W[]
): Reader<W | { readonly ago: number } | { readonly time: number }> {
  return suggesting(words, (text) => {
    const word = words.find((one) => one === text)
    if (word !== undefined) return word
    if (text.startsWith('@-')) return { ago: duration(text.slice(2)) }
    if (text.startsWith('@')) return { time: moment(text.slice(1)) }
    throw new UsageError(`Expected ${words.join(', ')}, @TIME or @-AGE, such as @2025-03-04T09:00 or @-24h.`)
  })
}

/** `@TIME`. */
export const rangeEnd: Reader<{ readonly time: number }> = (text) => {
  if (text.startsWith('@')) return { time: moment(text.slice(1)) }
  throw new UsageError('Expected @TIME, such as @2025-03-04T09:00.')
}
