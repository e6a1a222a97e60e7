/**
 * Key layouts: how a kind of store lays its rows out over the one ordered store. Plain data, which the stored plan
 * holds: existing rows can only be read with the layout that they were written with.
 */
import { seconds } from '../core/duration.ts'
import type { StoreLayout } from '../core/store-layout.ts'

export type { StoreLayout } from '../core/store-layout.ts'

/** What an operator asks of a layout; each costs time and space. */
export interface LayoutWishes {
  readonly isOrdered?: boolean | undefined
  readonly hasDueTimes?: boolean | undefined
  readonly awaitsRelease?: boolean | undefined
}

/** One row for each key. */
export function keyLayout({ isOrdered = false, hasDueTimes = false }: LayoutWishes = {}): StoreLayout {
  return layout('key', undefined, false, undefined, isOrdered || hasDueTimes, hasDueTimes)
}

/** One row for each key and window, where windows start on a grid (docs/decisions/0003). */
export function windowLayout(
  retentionMs: number | undefined,
  { isOrdered = false, hasDueTimes = false, awaitsRelease = false }: LayoutWishes = {},
): StoreLayout {
  return layout('time', undefined, false, retentionMs, isOrdered || hasDueTimes, hasDueTimes, awaitsRelease)
}

/** A segment is no shorter than this, whatever the retention. */
const segmentMsMin = seconds(1)

/**
 * Sessions, sliding windows, versions, join buffers: always ordered, because a key is asked for over a span of time.
 */
export function segmentLayout(
  retentionMs: number,
  {
    isNumbered = false,
    hasDueTimes = false,
    awaitsRelease = false,
  }: Omit<LayoutWishes, 'isOrdered'> & { readonly isNumbered?: boolean | undefined } = {},
): StoreLayout {
  const segmentMs = Math.max(Math.floor(retentionMs / 2), segmentMsMin)
  return layout('segment', segmentMs, isNumbered, retentionMs, true, hasDueTimes, awaitsRelease)
}

/** What waits for its time: in the order of time, then of keys, then of numbers, until it is removed. */
export function queueLayout(): StoreLayout {
  return layout('segment', 1, true, undefined, true, false)
}

function layout(
  order: StoreLayout['order'],
  segmentMs: number | undefined,
  isNumbered: boolean,
  retentionMs: number | undefined,
  isOrdered: boolean,
  hasDueTimes: boolean,
  awaitsRelease = false,
): StoreLayout {
  return Object.freeze({ order, segmentMs, isNumbered, retentionMs, awaitsRelease, isOrdered, hasDueTimes })
}

/**
 * What rows on disk depend on of a layout, in words: how long they are kept and whether ranges are read may change, and
 * the length of segments stays what it was (kept-layouts.ts).
 */
export function orderOf({ order, isNumbered, hasDueTimes }: StoreLayout): string {
  const words = [order, ...(isNumbered ? ['numbered'] : []), ...(hasDueTimes ? ['with due times'] : [])]
  return words.join(', ')
}
