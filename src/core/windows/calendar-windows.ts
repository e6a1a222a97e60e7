/**
 * Days, weeks and months of a time zone.
 */
import { checkChoice, checkOptions, checkWhole } from '../checks.ts'
import { days } from '../duration.ts'
import { MillraceError } from '../errors.ts'
import { shown } from '../shown.ts'
import { type Facts, windowGraceFact } from '../stored-plan.ts'
import { sumMs } from '../units.ts'
import { dayMsMax, LocalTime } from './local-time.ts'
import type { WindowForm } from './window-form.ts'
import { AlignedWindows } from './windows.ts'

const units = ['day', 'week', 'month'] as const
const weekdays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const

/** The length of the windows: a {@link CalendarWindows} has one of these. */
export type CalendarUnit = (typeof units)[number]
/** The day with which a week begins. */
export type Weekday = (typeof weekdays)[number]

/** Ends that are remembered; with more, all are forgotten. */
const endsMax = 1_000

/** Dates end at 8.64e15 ms. The end of a window that begins before this is one. */
const lastTime = 8.64e15 - days(100)

/**
 * Days, weeks or months of a time zone, as its calendar has them: a day with a change to or from daylight saving time
 * has 23 or 25 hours.
 *
 * A window begins at the first moment of its local date: where clocks go back over midnight, at the first midnight;
 * where they skip it, at the change. A date that the time zone skipped has no window. The first window begins at 0.
 * With `dayStart` a day begins at that time of the local clock in place of midnight, and weeks and months begin with
 * such a day.
 *
 * The rules of time zones come with Node, and change: a later version may cut later days differently. A start with
 * other rules than the last is a process warning, `MILLRACE_TIME_ZONES_CHANGED`.
 *
 * @example
 * ```ts
 * CalendarWindows.of({ unit: 'day', timeZone: 'Europe/Berlin', grace: minutes(5) })
 * CalendarWindows.of({ unit: 'day', timeZone: 'Europe/Zurich', dayStart: hours(18) }) // from six to six in the evening
 * ```
 */
export class CalendarWindows extends AlignedWindows {
  /** What a window is. */
  readonly unit: CalendarUnit
  /** The name of the time zone in the IANA database. */
  readonly timeZone: string
  /** The day with which weeks begin. */
  readonly weekStart: Weekday
  /** When days begin: ms after midnight, by the local clock. */
  readonly dayStartMs: number
  readonly graceMs: number
  readonly form: WindowForm
  readonly #local: LocalTime
  /** By start. */
  readonly #ends = new Map<number, number>()
  #lastStart = 0
  #lastEnd = 0

  private constructor(unit: CalendarUnit, timeZone: string, weekStart: Weekday, dayStartMs: number, graceMs: number) {
    super()
    this.unit = unit
    this.timeZone = timeZone
    this.weekStart = weekStart
    this.dayStartMs = dayStartMs
    this.graceMs = graceMs
    this.#local = localTime(timeZone)
    const dayStart = dayStartMs === 0 ? '' : `, dayStart: ${dayStartMs}`
    this.form = {
      name: formName(this),
      serde: `windowed(…, CalendarWindows.of({ unit: '${unit}', timeZone: '${timeZone}'${dayStart} }))`,
      isNumbered: false,
      timeZone,
      windowOf: (start) => ({ start, end: this.#endOf(start) }),
      atOf: ({ start, end }) => {
        if (this.#endOf(start) === end) return start
        throw new RangeError(`the window [${start}, ${end}) is no ${unit} of ${timeZone}`)
      },
      numberOf: () => 0,
    }
  }

  /**
   * The days, weeks or months of a time zone.
   *
   * @param options `weekStart` defaults to `monday`; `dayStart`, the time of the local clock at which days begin, in ms
   *   after midnight and less than a day, to 0; `grace`, in ms, to 0
   * @throws MillraceError `bad_option`
   */
  static of(options: {
    readonly unit: CalendarUnit
    readonly timeZone: string
    readonly weekStart?: Weekday | undefined
    readonly dayStart?: number | undefined
    readonly grace?: number | undefined
  }): CalendarWindows {
    const names = ['unit', 'timeZone', 'weekStart', 'dayStart', 'grace'] as const
    const {
      unit,
      timeZone,
      weekStart = 'monday',
      dayStart = 0,
      grace = 0,
    } = checkOptions('CalendarWindows.of', options, names)
    checkChoice('unit', unit, units)
    checkChoice('weekStart', weekStart, weekdays)
    checkWhole('dayStart', dayStart, 0, days(1) - 1)
    checkWhole('the grace of a window', grace, 0)
    const windows = new CalendarWindows(unit, timeZone, weekStart, dayStart, grace)
    Object.freeze(windows)
    return windows
  }

  get facts(): Facts {
    return {
      'window unit': this.unit,
      'time zone': this.timeZone,
      'week start': this.weekStart,
      // Only where it is not midnight: plans that were stored before there was a choice do not have it.
      ...(this.dayStartMs === 0 ? {} : { 'day start': this.dayStartMs }),
      [windowGraceFact]: this.graceMs,
    }
  }

  get leastRetentionMs(): number {
    return sumMs(days({ day: 1, week: 7, month: 31 }[this.unit]), this.graceMs)
  }

  get keptForMs(): number {
    return sumMs(dayMsMax + days({ day: 0, week: 7, month: 31 }[this.unit]), this.graceMs)
  }

  /** A time that no calendar reaches is in no window. */
  firstStart(timestamp: number): number {
    if (timestamp > lastTime) return Number.POSITIVE_INFINITY
    if (timestamp >= this.#lastStart && timestamp < this.#lastEnd) return this.#lastStart
    let index = this.#indexAt(timestamp)
    let start = this.#startOf(index)
    let end = this.#startOf(index + 1)
    // After clocks went back over midnight it is the day before once more, but its window is over.
    while (end <= timestamp) {
      start = end
      end = this.#startOf(++index + 1)
    }
    this.#lastStart = Math.max(0, start)
    this.#lastEnd = end
    return this.#lastStart
  }

  nextStart(start: number): number {
    return this.#endOf(start)
  }

  closeOf(start: number): number {
    return this.#endOf(start) + this.graceMs
  }

  /** @throws RangeError when no window starts there */
  #endOf(start: number): number {
    if (start === this.#lastStart && this.#lastEnd > 0) return this.#lastEnd
    const known = this.#ends.get(start)
    if (known !== undefined) return known
    if (!Number.isSafeInteger(start) || this.firstStart(start) !== start) {
      throw new RangeError(`no ${this.unit} of ${this.timeZone} starts at ${start}`)
    }
    if (this.#ends.size === endsMax) this.#ends.clear()
    this.#ends.set(start, this.#lastEnd)
    return this.#lastEnd
  }

  /** Days, weeks and months are numbered. */
  #indexAt(time: number): number {
    const local = this.#local.at(time) - this.dayStartMs
    if (this.unit === 'month') {
      const date = new Date(local)
      return date.getUTCFullYear() * 12 + date.getUTCMonth()
    }
    const day = Math.floor(local / days(1))
    return this.unit === 'day' ? day : Math.floor((day - this.#firstWeekDay) / 7)
  }

  #startOf(index: number): number {
    const midnight =
      this.unit === 'month'
        ? Date.UTC(Math.floor(index / 12), index % 12, 1)
        : days(this.unit === 'day' ? index : index * 7 + this.#firstWeekDay)
    return this.#local.firstAt(midnight + this.dayStartMs)
  }

  /** The number of the first day of week 0: day 0 was a Thursday. */
  get #firstWeekDay(): number {
    return weekdays.indexOf(this.weekStart) - weekdays.indexOf('thursday')
  }
}

function formName({ unit, weekStart, dayStartMs, timeZone }: CalendarWindows): string {
  const from = unit === 'week' ? ` from ${weekStart}` : ''
  return `${unit}${from}${dayStartMs === 0 ? '' : ` at ${dayStartMs}`} ${timeZone}`
}

function localTime(timeZone: string): LocalTime {
  if (typeof timeZone === 'string' && timeZone !== '') {
    try {
      return new LocalTime(timeZone)
    } catch (cause) {
      if (!(cause instanceof RangeError)) throw cause
    }
  }
  throw new MillraceError('bad_option', `${shown(timeZone)} is no time zone; expected a name such as 'Europe/Berlin'`)
}
