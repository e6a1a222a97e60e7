/**
 * Durations in ms with a name: `minutes(1)` reads better than 60_000 and cannot be off by a zero.
 */

import { MillraceError } from './errors.ts'
import { shown } from './shown.ts'

function times(unit: string, count: number, unitMs: number): number {
  if (typeof count === 'number') return count * unitMs
  throw new MillraceError('bad_option', `${unit} takes a number, not ${shown(count)}`)
}

/**
 * Milliseconds in `count` seconds.
 * @example driver.advanceWallClockTime(seconds(5))
 */
export const seconds = (count: number): number => times('seconds', count, 1_000)

/**
 * Milliseconds in `count` minutes.
 * @example TimeWindows.of({ size: minutes(1) })
 */
export const minutes = (count: number): number => times('minutes', count, 60_000)

/**
 * Milliseconds in `count` hours.
 * @example TimeWindows.of({ size: hours(1), advance: minutes(5) })
 */
export const hours = (count: number): number => times('hours', count, 3_600_000)

/**
 * Milliseconds in `count` days of 24 hours.
 * @example grouped.windowedBy(TimeWindows.of({ size: hours(1) })).count({ retentionMs: days(7) })
 */
export const days = (count: number): number => times('days', count, 86_400_000)
