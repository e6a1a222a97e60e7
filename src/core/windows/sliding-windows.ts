/**
 * Sliding windows: for each record, what came shortly before it.
 */
import { checkOptions, checkWhole } from '../checks.ts'
import { type Facts, windowGraceFact } from '../stored-plan.ts'
import { sumMs } from '../units.ts'
import { SizedForm, type WindowForm } from './window-form.ts'
import { Windows } from './windows.ts'

/**
 * Windows that slide along the records of a key: two records are in one when they are no more than `difference` apart.
 *
 * Both ends belong to a window. There is one that ends at each record, and one that begins right after it, where that
 * holds records; so there are windows only where there are records, and one for each set of records that are close
 * enough. A window closes when stream time is greater than its end plus the grace. As in Kafka Streams, a window never
 * starts below 0.
 *
 * @example
 * ```ts
 * SlidingWindows.of({ difference: minutes(5), grace: seconds(10) })
 * ```
 */
export class SlidingWindows extends Windows {
  /** How far apart two records of a window may be, in ms. */
  readonly differenceMs: number
  readonly graceMs: number
  readonly form: WindowForm

  private constructor(differenceMs: number, graceMs: number) {
    super()
    this.differenceMs = differenceMs
    this.graceMs = graceMs
    this.form = new SizedForm(differenceMs)
  }

  /**
   * Windows of records that are close to each other.
   *
   * @param options all in ms; `grace` defaults to 0
   * @throws MillraceError `bad_option` unless difference >= 0 and grace >= 0
   */
  static of(options: { readonly difference: number; readonly grace?: number | undefined }): SlidingWindows {
    const { difference, grace } = checkOptions('SlidingWindows.of', options, ['difference', 'grace'])
    return Object.freeze(
      new SlidingWindows(
        checkWhole('the difference of a sliding window', difference, 0),
        checkWhole('the grace of a window', grace ?? 0, 0),
      ),
    )
  }

  get facts(): Facts {
    return { 'window difference': this.differenceMs, [windowGraceFact]: this.graceMs }
  }

  get leastRetentionMs(): number {
    return sumMs(2 * this.differenceMs, this.graceMs)
  }

  /** The oldest record that some window takes looks at windows that start up to twice the difference before it. */
  get keptForMs(): number {
    return sumMs(3 * this.differenceMs, this.graceMs + 1)
  }

  closeOf(start: number): number {
    return start + this.differenceMs + this.graceMs + 1
  }
}
