/**
 * What each operator has done: the records that it took, and its share of the time, from samples.
 *
 * Each run samples its first turn, with everything that it causes. So a run of thousands of turns pays for one, and an
 * instance under load has about a hundred samples a second.
 */
import type { OperatorFigures } from '../core/figures.ts'
import { profile } from '../plan/profile.ts'
import type { Taker } from '../plan/subscriber.ts'

/** Shares are those of the samples since this long ago. */
const windowMs = 60_000
/** Samples are added up no oftener. */
const stepMs = 2_000

/** What the samples add up to at a moment, in ms. */
interface Sums {
  readonly atMs: number
  readonly all: number
  readonly byOperator: ReadonlyMap<string, number>
}

export class OperatorWork {
  /** By id, in all tasks. */
  readonly #takers = new Map<string, Taker[]>()
  readonly #known = new Set<Taker>()
  #sampledMs = 0
  /** The oldest first. */
  readonly #past: Sums[] = [{ atMs: 0, all: 0, byOperator: new Map() }]

  /** What an operator passes on without a subscriber of its own is taken, and told, by the next one. */
  add(operator: string, taker: Taker): void {
    if (this.#known.has(taker)) return
    this.#known.add(taker)
    const others = this.#takers.get(operator)
    if (others === undefined) this.#takers.set(operator, [taker])
    else others.push(taker)
  }

  beginSample(): void {
    profile.begin()
  }

  endSample(): void {
    if (profile.isOn) this.#sampledMs += profile.end()
  }

  /** @param busy the share of the last minute that went into turns */
  figures(nowMs: number, busy: number): Record<string, OperatorFigures> {
    const now = this.#sums(nowMs)
    const before = this.#before(now)
    const sampledMs = now.all - before.all
    const figures = [...this.#takers].map(([id, takers]) => {
      const own = (now.byOperator.get(id) ?? 0) - (before.byOperator.get(id) ?? 0)
      const records = takers.reduce((total, { taken }) => total + taken, 0)
      return [id, { records, busy: sampledMs === 0 ? 0 : (busy * own) / sampledMs }] as const
    })
    return Object.fromEntries(figures)
  }

  #sums(atMs: number): Sums {
    const byOperator = [...this.#takers].map(([id, takers]) => {
      return [id, takers.reduce((total, { sampledMs }) => total + sampledMs, 0)] as const
    })
    return { atMs, all: this.#sampledMs, byOperator: new Map(byOperator) }
  }

  /** The sums of a minute ago. */
  #before(now: Sums): Sums {
    const past = this.#past
    while (past.length > 1 && (past[1]?.atMs ?? 0) <= now.atMs - windowMs) past.shift()
    const [before = now] = past
    if (now.atMs - (past.at(-1)?.atMs ?? 0) >= stepMs) past.push(now)
    return before
  }
}
