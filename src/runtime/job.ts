/**
 * A job: what one turn begins with. A record is one, from a source or a regrouping; so is a punctuation, and a release
 * of rows that are due.
 */
import type { Carrier } from '../plan/carrier.ts'
import type { SkippedRow } from '../plan/operator.ts'
import type { Header } from '../core/headers.ts'
import type { Ledger } from './ledger.ts'

export interface Job {
  /** Of the task that it belongs to. */
  readonly ledger: Ledger
  /**
   * All of the turn.
   *
   * @param root what it begins with; its origin says which record or job everything comes from
   */
  run(root: Carrier): void
  /** After it has failed: takes back what it changed that is no part of the turn. */
  undo(): void
  /**
   * After it has failed and was undone: splits it into smaller jobs, which come later. False when it cannot be split.
   */
  divide(): boolean
  /** In a turn of its own: takes it for done, because it failed and is passed over. Returns what it failed with. */
  passOver(root: Carrier): Letter
}

/** A job that no record has caused: it knows what its turn begins with. */
export interface OwnJob extends Job {
  readonly root: Carrier
}

/** What a dead letter holds besides the headers that say what happened. */
export interface Letter extends SkippedRow {
  readonly headers: readonly Header[]
}
