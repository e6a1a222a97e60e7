/**
 * Local time of a time zone, by the time-zone data of the runtime.
 */
import { days, hours } from '../duration.ts'

/** The times at which the local dates of a time zone begin. Local times are ms, as if they were in UTC. */
export class LocalTime {
  readonly #format: Intl.DateTimeFormat

  /** @throws RangeError when there is no such time zone */
  constructor(timeZone: string) {
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
  }

  /** The local time at a time. */
  at(time: number): number {
    const parts = new Map(this.#format.formatToParts(time).map(({ type, value }) => [type, value]))
    const part = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.get(type))
    const year = parts.get('era') === 'BC' ? 1 - part('year') : part('year')
    const local = Date.UTC(year, part('month') - 1, part('day'), part('hour'), part('minute'), part('second'))
    return local + (((time % 1_000) + 1_000) % 1_000)
  }

  /**
   * The first time at which the local clock shows a time, or a later one: where it goes back over it, the first of two;
   * where it skips it, the moment of the change.
   */
  firstAt(local: number): number {
    let before = local - days(2)
    let after = local + days(2)
    const offset = this.#offsetAt(before)
    const later = this.#offsetAt(after)
    if (offset === later) return local - offset
    while (after - before > 1) {
      const middle = Math.floor((before + after) / 2)
      if (this.#offsetAt(middle) === offset) before = middle
      else after = middle
    }
    if (local - offset < after) return local - offset
    return Math.max(after, local - later)
  }

  #offsetAt(time: number): number {
    return this.at(time) - time
  }
}

/** No day of any time zone is longer. */
export const dayMsMax: number = hours(49)
