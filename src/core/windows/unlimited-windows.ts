/**
 * One window for all time.
 */
import { checkOptions, checkWhole } from '../checks.ts'
import type { Facts } from '../stored-plan.ts'
import { SizedForm, type WindowForm } from './window-form.ts'
import { AlignedWindows } from './windows.ts'

/**
 * One window that never ends: from `start` on, every record of a key is in it. Its rows are kept for ever.
 *
 * The end of the window is the largest timestamp there is, `Number.MAX_SAFE_INTEGER`. Records before its start are in
 * no window: they are dropped and counted (`no_window`).
 *
 * @example
 * ```ts
 * UnlimitedWindows.of({ start: Date.UTC(2026, 0, 1) })
 * ```
 */
export class UnlimitedWindows extends AlignedWindows {
  /** When the window begins, in ms since the epoch. */
  readonly startMs: number
  readonly graceMs: number = 0
  readonly form: WindowForm = new SizedForm(Number.MAX_SAFE_INTEGER)

  private constructor(startMs: number) {
    super()
    this.startMs = startMs
  }

  /**
   * The window that begins at a time and has no end.
   *
   * @param options `start` in ms since the epoch, default 0
   * @throws MillraceError `bad_option`
   */
  static of(options: { readonly start?: number | undefined } = {}): UnlimitedWindows {
    const { start } = checkOptions('UnlimitedWindows.of', options, ['start'])
    return Object.freeze(new UnlimitedWindows(checkWhole('the start of a window', start ?? 0, 0)))
  }

  get facts(): Facts {
    return { 'window start': this.startMs }
  }

  get leastRetentionMs(): number {
    return Number.POSITIVE_INFINITY
  }

  get keptForMs(): number {
    return Number.POSITIVE_INFINITY
  }

  firstStart(): number {
    return this.startMs
  }

  nextStart(): number {
    return Number.POSITIVE_INFINITY
  }

  closeOf(): number {
    return Number.POSITIVE_INFINITY
  }
}
