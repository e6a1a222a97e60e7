/**
 * Windows of fixed size on a grid: tumbling and hopping.
 */
import { checkOptions, checkWhole } from '../checks.ts'
import { MillraceError } from '../errors.ts'
import { type Facts, windowGraceFact } from '../stored-plan.ts'
import { sumMs } from '../units.ts'
import { SizedForm, type WindowForm } from './window-form.ts'
import { AlignedWindows } from './windows.ts'

/**
 * A record is counted in each of its windows, one after another: with more windows than this, the program would seem to
 * hang.
 */
const windowsMax = 100_000

/**
 * Windows of fixed size, aligned to the epoch or to an `offset` from it: tumbling, or hopping when `advance` is smaller
 * than `size`.
 *
 * A record belongs to every window that holds its timestamp. A window closes when stream time reaches its end plus the
 * grace; records that come later are dropped and counted (`late`). As in Kafka Streams, a window never starts below 0;
 * a record before the first window is dropped and counted too (`no_window`).
 *
 * @example
 * ```ts
 * TimeWindows.of({ size: minutes(5), advance: minutes(1), grace: seconds(10) })
 * ```
 */
export class TimeWindows extends AlignedWindows {
  /** How long a window is, in ms. */
  readonly sizeMs: number
  /** From the start of a window to the start of the next, in ms. */
  readonly advanceMs: number
  /** When the first window starts, in ms since the epoch; all others lie whole advances after it. */
  readonly offsetMs: number
  /** How long a window waits for late records after its end, in ms of stream time. */
  readonly graceMs: number

  readonly form: WindowForm
  /** What {@link firstStart} gave last: most records follow one of the same window. */
  #lastStart: number

  private constructor(sizeMs: number, advanceMs: number, offsetMs: number, graceMs: number) {
    super()
    this.sizeMs = sizeMs
    this.advanceMs = advanceMs
    this.offsetMs = offsetMs
    this.graceMs = graceMs
    this.form = new SizedForm(sizeMs)
    this.#lastStart = offsetMs
  }

  /**
   * Windows of one size: tumbling, or hopping with an `advance`.
   *
   * @param options all in ms; `advance` defaults to `size` (tumbling), `offset` and `grace` to 0
   * @throws MillraceError `bad_option` unless 0 < advance <= size, 0 <= offset < advance and grace >= 0, or for more
   *   than 100,000 windows per record
   */
  static of(options: {
    readonly size: number
    readonly advance?: number | undefined
    readonly offset?: number | undefined
    readonly grace?: number | undefined
  }): TimeWindows {
    const checked = checkOptions('TimeWindows.of', options, ['size', 'advance', 'offset', 'grace'])
    const size = checkWhole('the size of a window', checked.size, 1)
    const advance = checkWhole('the advance of a window', checked.advance ?? size, 1)
    if (advance > size) {
      throw new MillraceError(
        'bad_option',
        `the advance of a window, ${advance} ms, is larger than its size, ${size} ms`,
      )
    }
    if (size / advance > windowsMax) {
      throw new MillraceError(
        'bad_option',
        `with a size of ${size} ms and an advance of ${advance} ms a record would belong to more than ${windowsMax} windows; ` +
          'choose a larger advance',
      )
    }
    const offset = checkWhole('the offset of windows', checked.offset ?? 0, 0)
    if (offset >= advance) {
      throw new MillraceError(
        'bad_option',
        `the offset of windows, ${offset} ms, is not smaller than their advance, ${advance} ms`,
      )
    }
    const grace = checkWhole('the grace of a window', checked.grace ?? 0, 0)
    const windows = new TimeWindows(size, advance, offset, grace)
    Object.freeze(windows)
    return windows
  }

  get facts(): Facts {
    return {
      'window size': this.sizeMs,
      'window advance': this.advanceMs,
      ...(this.offsetMs === 0 ? {} : { 'window offset': this.offsetMs }),
      [windowGraceFact]: this.graceMs,
    }
  }

  get leastRetentionMs(): number {
    return sumMs(this.sizeMs, this.graceMs)
  }

  get keptForMs(): number {
    return this.leastRetentionMs
  }

  firstStart(timestamp: number): number {
    const sinceMs = timestamp - this.#lastStart
    if (sinceMs >= this.sizeMs - this.advanceMs && sinceMs < this.sizeMs) return this.#lastStart
    const earliest = timestamp - this.sizeMs + this.advanceMs - this.offsetMs
    return (this.#lastStart = (earliest <= 0 ? 0 : earliest - (earliest % this.advanceMs)) + this.offsetMs)
  }

  nextStart(start: number): number {
    return start + this.advanceMs
  }

  closeOf(start: number): number {
    return start + this.sizeMs + this.graceMs
  }
}
