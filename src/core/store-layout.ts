/**
 * How the rows of a store lie, as plain data: the stored plan says it, so that anyone who opens the log can read them.
 */

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
