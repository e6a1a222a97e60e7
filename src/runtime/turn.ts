/**
 * The turn that is under way: what it changed so far, to be kept whole or undone whole.
 */
import type { Revertible, Turn } from '../plan/turn.ts'

export class TurnScope implements Turn {
  number = 0
  readonly releases = { areLater: false, areNow: false }
  /** Reused from turn to turn; only the first `#count` entries belong to this one. */
  readonly #touched: Revertible[] = []
  #count = 0

  begin(): void {
    this.number++
    this.#count = 0
    this.releases.areNow = false
  }

  touch(thing: Revertible): void {
    thing.turn = this.number
    this.#touched[this.#count++] = thing
  }

  /** Takes everything back to how it was when the turn began. */
  undo(): void {
    for (let i = this.#count - 1; i >= 0; i--) this.#touched[i]?.revert()
    this.#count = 0
  }
}
