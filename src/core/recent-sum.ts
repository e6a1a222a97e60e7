/**
 * Sums over the last minutes: how many records, or how many ms of work. A slot for each second, of which the oldest is
 * used again.
 */

const slotMs = 1_000
const longestMs = 300_000
const slots = longestMs / slotMs

export class RecentSum {
  readonly #amounts = new Float64Array(slots)
  readonly #startedMs: number
  /** The second that was added to last. */
  #newest: number

  /** @param nowMs elapsed time, as everywhere here: it never goes back */
  constructor(nowMs: number) {
    this.#startedMs = nowMs
    this.#newest = Math.floor(nowMs / slotMs)
  }

  add(amount: number, nowMs: number): void {
    this.#goTo(nowMs)
    const at = this.#newest % slots
    this.#amounts[at] = (this.#amounts[at] ?? 0) + amount
  }

  /** Empties the seconds that have passed since. */
  #goTo(nowMs: number): void {
    const second = Math.floor(nowMs / slotMs)
    const passed = Math.min(second - this.#newest, slots)
    for (let i = 0; i < passed; i++) this.#amounts[(second - i) % slots] = 0
    this.#newest = second
  }

  /**
   * The mean for each ms of this time until now; of the time since the start where that is shorter, but of a second at
   * least.
   *
   * @param windowMs whole seconds, up to five minutes
   */
  mean(windowMs: number, nowMs: number): number {
    this.#goTo(nowMs)
    const seconds = windowMs / slotMs
    let sum = 0
    for (let i = 0; i < seconds; i++) sum += this.#amounts[(this.#newest - i + slots) % slots] ?? 0
    // The newest second is not over.
    const coveredMs = windowMs - slotMs + (nowMs - this.#newest * slotMs)
    return sum / Math.max(slotMs, Math.min(coveredMs, nowMs - this.#startedMs))
  }
}
