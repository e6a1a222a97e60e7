/**
 * Key layouts: how a kind of store lays its rows out over the one ordered store. Plain data, which the stored plan
 * holds: existing rows can only be read with the layout that they were written with.
 */
import { seconds } from '../core/duration.ts'

/** The order of a store's rows, and what else depends on it. */
export interface StoreLayout {
  /**
   * `key`: by key, one row for each. `time`: by time, then key. For windows on a grid: the open ones lie together, and
   * a key is found in each by one lookup. `segment`: by segment of time, then key, then time. For times without a grid:
   * the rows of one key lie together in each segment, and expiry is still a range at the front.
   */
  readonly order: 'key' | 'time' | 'segment'
  /** The length of a segment; undefined in other orders. */
  readonly segmentMs: number | undefined
  /** Whether a number tells rows of one key and time apart: the start of a session, the place in a join buffer. */
  readonly isNumbered: boolean
  /** How long a row is kept after stream time has passed its time; undefined: until it is removed. */
  readonly retentionMs: number | undefined
  /**
   * Whether rows that are due are kept until they are released: rows expire by the released time of the owner, which is
   * stream time except while a release is under way.
   */
  readonly awaitsRelease: boolean
  /** Whether ranges are read. A store that is not ordered is faster, and has `row` alone. */
  readonly isOrdered: boolean
  /** Whether rows may have a due time, by which they are found too. Only in an ordered store. */
  readonly hasDueTimes: boolean
}

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

/** What rows on disk depend on of a layout, in words: how long they are kept and whether ranges are read may change. */
export function orderOf({ order, segmentMs, isNumbered, hasDueTimes }: StoreLayout): string {
  const words = [
    order === 'segment' ? `segment of ${segmentMs} ms` : order,
    ...(isNumbered ? ['numbered'] : []),
    ...(hasDueTimes ? ['with due times'] : []),
  ]
  return words.join(', ')
}
