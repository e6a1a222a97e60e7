/**
 * What anyone may ask for at any rate: it is made at most once a second, and those who ask meanwhile share it.
 */
import type { Clock } from '../core/clock.ts'

const freshForMs = 1_000

export class Fresh<T> {
  readonly #clock: Clock
  readonly #make: () => Promise<T>
  #made: { readonly atMs: number; readonly what: Promise<T> } | undefined

  constructor(clock: Clock, make: () => Promise<T>) {
    this.#clock = clock
    this.#make = make
  }

  get(): Promise<T> {
    const nowMs = this.#clock.elapsed()
    if (this.#made === undefined || nowMs - this.#made.atMs >= freshForMs) {
      this.#made = { atMs: nowMs, what: this.#make() }
    }
    return this.#made.what
  }
}
