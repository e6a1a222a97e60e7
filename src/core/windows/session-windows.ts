/**
 * Sessions: windows that records of a key make themselves, by coming close to each other.
 */
import { checkOptions, checkWhole } from '../checks.ts'
import { type Facts, windowGraceFact } from '../stored-plan.ts'
import { sumMs } from '../units.ts'
import { sessionForm, type WindowForm } from './window-form.ts'
import { Windows } from './windows.ts'

/**
 * Sessions of a key: records no more than `gap` apart, in event time, are in one.
 *
 * A session reaches from its first record to its last, both inclusive. A record that is close to two joins them into
 * one. A session closes when stream time is greater than its end plus the gap and the grace. A closed session is final:
 * a record that would have joined it begins a new one, or, when that would be closed itself, is dropped and counted.
 *
 * @example
 * ```ts
 * SessionWindows.of({ gap: minutes(30), grace: minutes(1) })
 * ```
 */
export class SessionWindows extends Windows {
  /** How far apart two records may be to be in one session, in ms. */
  readonly gapMs: number
  readonly graceMs: number
  readonly form: WindowForm = sessionForm

  private constructor(gapMs: number, graceMs: number) {
    super()
    this.gapMs = gapMs
    this.graceMs = graceMs
  }

  /**
   * Sessions that end with a gap.
   *
   * @param options all in ms; `grace` defaults to 0
   * @throws MillraceError `bad_option` unless gap >= 0 and grace >= 0
   */
  static of(options: { readonly gap: number; readonly grace?: number | undefined }): SessionWindows {
    const { gap, grace } = checkOptions('SessionWindows.of', options, ['gap', 'grace'])
    return Object.freeze(
      new SessionWindows(
        checkWhole('the gap between sessions', gap, 0),
        checkWhole('the grace of a session', grace ?? 0, 0),
      ),
    )
  }

  get facts(): Facts {
    return { 'session gap': this.gapMs, [windowGraceFact]: this.graceMs }
  }

  get leastRetentionMs(): number {
    return sumMs(this.gapMs, this.graceMs)
  }

  get keptForMs(): number {
    return sumMs(this.leastRetentionMs, 1)
  }

  closeOf(end: number): number {
    return end + this.gapMs + this.graceMs + 1
  }
}
