/**
 * Figures over time, in memory: rates of counts that only rise, how much was added to them lately, and the last 15
 * minutes of each figure.
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
const slotsMax = 90

/** What was added to a count in the last 15 minutes. */
export interface Addition {
  readonly count: number
  /** How long ago something was added last; 0 where nothing was. */
  readonly agoMs: number
}

/** Tells what was added lately to counts that only say how much there is in total. */
export class Additions {
  readonly #counts = new Map<string, { count: number; atMs: number; slots: { count: number; atMs: number }[] }>()
  #hasLooked = false

  /** @param isWhole whether a count that appears later than the first ones has begun at 0 since then */
  of(name: string, count: number, atMs: number, isWhole: boolean): Addition {
    const known = this.#counts.get(name) ?? { count: isWhole && this.#hasLooked ? 0 : count, atMs, slots: [] }
    const added = count < known.count ? count : count - known.count // one that has fallen began at 0 again
    const slots = known.slots.filter((slot) => atMs - slot.atMs < slotMs * slotsMax)
    const last = slots.at(-1)
    if (added > 0 && last !== undefined && Math.floor(last.atMs / slotMs) === Math.floor(atMs / slotMs)) {
      slots[slots.length - 1] = { count: last.count + added, atMs }
    } else if (added > 0) {
      slots.push({ count: added, atMs })
    }
    this.#counts.set(name, { count, atMs, slots })
    const all = slots.reduce((sum, slot) => sum + slot.count, 0)
    return { count: all, agoMs: atMs - (slots.at(-1)?.atMs ?? atMs) }
  }

  /** All counts were given; forgets those that were last given before this time. */
  looked(sinceMs: number): void {
    this.#hasLooked = true
    for (const [name, { atMs }] of this.#counts) if (atMs < sinceMs) this.#counts.delete(name)
  }
}

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
    const passed = this.#slot < 0 ? slotsMax : Math.min(slotsMax, slot - this.#slot)
    for (const [name, figures] of this.#figures) {
      for (let ahead = 0; ahead < passed; ahead++) figures[(slot - ahead) % slotsMax] = Number.NaN
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
      this.#figures.set(name, (figures = new Float64Array(slotsMax).fill(Number.NaN)))
    }
    figures[this.#slot % slotsMax] = figure
  }

  /** Up to the slot that goes on. */
  series(name: string): Series {
    const figures = this.#figures.get(name)
    if (figures === undefined) return []
    return Array.from(figures, (_, at) => {
      const figure = figures[(this.#slot + 1 + at) % slotsMax] ?? Number.NaN
      return Number.isNaN(figure) ? null : Math.round(figure * 10) / 10
    })
  }
}
