/**
 * Offsets and timestamps as types of their own, so that one is never taken for the other in a result.
 */
import { MillraceError } from './errors.ts'
import { shown } from './shown.ts'

declare const unit: unique symbol

/** The place of a record in its partition: 0, 1, 2 …; a safe integer, 64 bits on disk. */
export type Offset = number & { readonly [unit]: 'offset' }

/** Event time: ms since the epoch, a safe integer of at least 0. */
export type Timestamp = number & { readonly [unit]: 'timestamp' }

/**
 * A time and a duration, or two durations, added up, in ms: at most the largest safe integer, because a larger sum
 * would not be exact. No clock gets that far, so such a time means never.
 */
export function sumMs(left: number, right: number): number {
  return Math.min(left + right, Number.MAX_SAFE_INTEGER)
}

/** @throws MillraceError `bad_option` when the number is not an offset */
export function toOffset(value: number): Offset {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new MillraceError('bad_option', `${shown(value)} is not an offset; expected a whole number from 0`)
  }
  return value as Offset
}

/** @throws MillraceError `bad_record` when the number is not a timestamp */
export function toTimestamp(value: number): Timestamp {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new MillraceError(
      'bad_record',
      `${shown(value)} is not a timestamp; expected whole milliseconds since the epoch, from 0`,
    )
  }
  return value as Timestamp
}
