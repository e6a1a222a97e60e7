/**
 * Which positions do not move although there is something to read: seen from outside, whatever the reason.
 */

/** From when on it is worth telling: commits come every 100 ms, and an idle task waits for seconds at most. */
const standstillMs = 30_000

/** A place that does not move. */
export interface Standstill {
  readonly name: string
  readonly topic: string
  readonly partition: number
  readonly position: number
  readonly forMs: number
}

interface Place extends Omit<Standstill, 'forMs'> {
  readonly sinceMs: number
  readonly seenMs: number
}

export class Standstills {
  readonly #places = new Map<string, Place>()

  /** For how long the position has been here, with records to read all the time. */
  note(at: Omit<Standstill, 'forMs'>, isWaiting: boolean, nowMs: number): number {
    const key = `${at.name} ${at.topic} ${at.partition}`
    if (!isWaiting) {
      this.#places.delete(key)
      return 0
    }
    const known = this.#places.get(key)
    const sinceMs = known?.position === at.position ? known.sinceMs : nowMs
    this.#places.set(key, { ...at, sinceMs, seenMs: nowMs })
    return nowMs - sinceMs
  }

  /** Those that have stood for long enough. */
  get all(): readonly Standstill[] {
    return [...this.#places.values()]
      .map(({ seenMs, sinceMs, ...at }) => ({ ...at, forMs: seenMs - sinceMs }))
      .filter(({ forMs }) => forMs >= standstillMs)
  }

  /** Forgets those that were not seen at this time. */
  forget(nowMs: number): void {
    for (const [key, { seenMs }] of this.#places) if (seenMs < nowMs) this.#places.delete(key)
  }
}
