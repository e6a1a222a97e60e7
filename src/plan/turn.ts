/**
 * A turn: one job, a record for instance, with everything that it causes inside its sub-topology, kept whole or undone
 * whole.
 */

/** Something that a turn changes, and that can go back to how it was when the turn began. */
export interface Revertible {
  /** The number of the last turn that changed it. */
  turn: number
  /** Called at most once for a turn, after {@link Turn.touch}. */
  revert(): void
}

/** The turn that is under way. */
export interface Turn {
  /** Counts up with every turn. */
  readonly number: number
  /**
   * Call before the first change in a turn, when `thing.turn !== turn.number`, after saving what `revert` needs.
   */
  touch(thing: Revertible): void
  /** Rows are let go of in the turn of the record that made them due, unless that has failed already. */
  readonly releases: TurnReleases
}

/** Whether a turn lets go of rows besides what it was begun for. */
export interface TurnReleases {
  /** It has failed at them before, so now they are to follow in turns of their own. */
  readonly areLater: boolean
  /** It is at them now: what is thrown is about them. */
  areNow: boolean
}
