/**
 * Figures over time, in memory: rates from counts that only rise, and the last 15 minutes of each figure.
 */
import type { Series } from './views.ts'

/** A rate is taken over this long, so that it does not jump with each commit. */
const rateMs = 10_000

interface Count {
  readonly atMs: number
  readonly count: number
}

/** Makes rates of counts. */
export class Rates {
  readonly #counts = new Map<string, Count[]>()

  /**
   * How fast a count rises, a second.
   *
   * @returns null for the first look, and after a count that has fallen: it is of something new then; also after a
   *   clock that was set back
   */
  of(name: string, count: number, atMs: number): number | null {
    let known = this.#counts.get(name) ?? []
    const last = known.at(-1)
    if (last !== undefined && (last.count > count || last.atMs > atMs)) known = []
    const before = known.findLastIndex((one) => atMs - one.atMs >= rateMs)
    if (known.at(-1)?.atMs !== atMs) known = [...known.slice(Math.max(0, before)), { atMs, count }]
    this.#counts.set(name, known)
    const [first] = known
    if (first === undefined || first.atMs >= atMs) return null
    return ((count - first.count) * 1_000) / (atMs - first.atMs)
  }

  /** Forgets all that was not looked at since. */
  forget(sinceMs: number): void {
    for (const [name, counts] of this.#counts) {
      if ((counts.at(-1)?.atMs ?? 0) < sinceMs) this.#counts.delete(name)
    }
  }
}

export const slotMs = 10_000
const slots = 90
/** What has more figures than this has no charts for the rest. */
const namesMax = 4_000

/** The last 15 minutes of figures, each at every {@link slotMs}. */
export class History {
  readonly #figures = new Map<string, Float64Array>()
  #slot = -1

  /** Whether another slot begins: then the one before is complete. */
  moveTo(atMs: number): boolean {
    const slot = Math.floor(atMs / slotMs)
    if (slot === this.#slot) return false
    const passed = this.#slot < 0 ? slots : Math.min(slots, slot - this.#slot)
    for (const [name, figures] of this.#figures) {
      for (let ahead = 0; ahead < passed; ahead++) figures[(slot - ahead) % slots] = Number.NaN
      if (figures.every(Number.isNaN)) this.#figures.delete(name)
    }
    this.#slot = slot
    return true
  }

  /** Of several figures in one slot the last one stays. */
  note(name: string, figure: number | null): void {
    if (figure === null) return
    let figures = this.#figures.get(name)
    if (figures === undefined) {
      if (this.#figures.size >= namesMax) return
      this.#figures.set(name, (figures = new Float64Array(slots).fill(Number.NaN)))
    }
    figures[this.#slot % slots] = figure
  }

  /** Up to the slot that goes on. */
  series(name: string): Series {
    const figures = this.#figures.get(name)
    if (figures === undefined) return []
    return Array.from(figures, (_, at) => {
      const figure = figures[(this.#slot + 1 + at) % slots] ?? Number.NaN
      return Number.isNaN(figure) ? null : Math.round(figure * 10) / 10
    })
  }
}
