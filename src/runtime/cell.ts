/**
 * Numbers that a task keeps: undone with the turn, part of the commit.
 */
import { assert } from '../core/assert.ts'
import type { PersistentNumber } from '../plan/operator.ts'
import type { Revertible, Turn } from '../plan/turn.ts'

/** What learns that it has something for the next commit. */
export interface Changing {
  hasChanged: boolean
}

export class Cell implements Revertible, PersistentNumber {
  value: number
  turn = -1
  #saved = 0
  readonly #turn: Turn
  readonly #owner: Changing

  constructor(turn: Turn, owner: Changing, value: number) {
    this.#turn = turn
    this.#owner = owner
    this.value = value
  }

  set(value: number): void {
    if (this.turn !== this.#turn.number) {
      this.#saved = this.value
      this.#owner.hasChanged = true
      this.#turn.touch(this)
    }
    this.value = value
  }

  revert(): void {
    this.value = this.#saved
  }
}

/** The cell of an operator, which is not trusted to know what can be written down. */
export function checked(cell: Cell): PersistentNumber {
  return {
    get value() {
      return cell.value
    },
    set(value) {
      assert(Number.isFinite(value), 'a number that is kept can be written')
      cell.set(value)
    },
  }
}
