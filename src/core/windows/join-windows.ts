/**
 * The window of a join of two streams: which records of the other side belong to a record.
 */
import { checkOptions, checkWhole } from '../checks.ts'
import { MillraceError } from '../errors.ts'

/** What `JoinWindows.of` takes, all in ms. */
interface JoinWindowOptions {
  /** The same distance before and after. */
  readonly difference?: number | undefined
  /** How far a right record may lie before the left one; below 0: it lies after it, by at least that much. */
  readonly before?: number | undefined
  /** How far a right record may lie after the left one; below 0: it lies before it, by at least that much. */
  readonly after?: number | undefined
  /** How long a window waits for records that come out of order, in ms of stream time. */
  readonly grace?: number | undefined
}

/**
 * The span of event time in which the records of two streams belong together: a right record from `before` ms before
 * the left one to `after` ms after it, both inclusive.
 *
 * A record's window closes when stream time has passed the last record that may belong to it, plus the grace. A record
 * that comes after that is late.
 *
 * @example
 * ```ts
 * JoinWindows.of({ difference: seconds(30), grace: seconds(5) })
 * JoinWindows.of({ before: 0, after: minutes(10) })
 * ```
 */
export class JoinWindows {
  /** How far a right record may lie before the left one, in ms. */
  readonly beforeMs: number
  /** How far a right record may lie after the left one, in ms. */
  readonly afterMs: number
  /** How long a window waits for records that come out of order, in ms of stream time. */
  readonly graceMs: number

  private constructor(beforeMs: number, afterMs: number, graceMs: number) {
    this.beforeMs = beforeMs
    this.afterMs = afterMs
    this.graceMs = graceMs
  }

  /**
   * A window of the same length to both sides, `{ difference }`, or of two lengths, `{ before, after }`.
   *
   * @param options all in ms; `grace` defaults to 0
   * @throws MillraceError `bad_option` when the window would end before it begins
   */
  static of(
    options:
      | (JoinWindowOptions & { readonly difference: number; readonly before?: undefined; readonly after?: undefined })
      | (JoinWindowOptions & { readonly difference?: undefined; readonly before: number; readonly after: number }),
  ): JoinWindows {
    const checked: JoinWindowOptions = checkOptions('JoinWindows.of', options, [
      'difference',
      'before',
      'after',
      'grace',
    ])
    const grace = checkWhole('the grace of a join window', checked.grace ?? 0, 0)
    const { difference } = checked
    if (difference !== undefined) {
      if (checked.before !== undefined || checked.after !== undefined) {
        throw new MillraceError('bad_option', 'JoinWindows.of takes either difference, or before and after')
      }
      checkWhole('the difference of a join window', difference, 0)
      return Object.freeze(new JoinWindows(difference, difference, grace))
    }
    const before = checkBound('before', checked.before)
    const after = checkBound('after', checked.after)
    if (before + after < 0) {
      throw new MillraceError(
        'bad_option',
        `a join window from ${before} ms before a record to ${after} ms after it ends before it begins`,
      )
    }
    return Object.freeze(new JoinWindows(before, after, grace))
  }
}

function checkBound(name: string, bound: number | undefined): number {
  if (bound === undefined) {
    throw new MillraceError('bad_option', 'JoinWindows.of takes { difference }, or both { before, after }')
  }
  return checkWhole(`the bound "${name}" of a join window`, bound, Number.MIN_SAFE_INTEGER)
}
