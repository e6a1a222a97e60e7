/**
 * What a verification finds: how much it has looked at, and everything that is wrong.
 */

import { MillraceError } from '../../core/errors.ts'
import { damageOf } from '../../storage/read-failure.ts'

/**
 * What is wrong: a batch that fails its checksum or does not parse; offsets without a batch where there must be one; a
 * batch where there must be none; a record, batch or segment whose largest timestamp differs from the one stored above
 * it; a segment, a partition, the index by time or a row of another database that is damaged or contradicts what it
 * describes; rows of a store that are missing or not those of the last commit; a position outside its partition; rows
 * that belong to nothing; a part of the file that cannot be read at all.
 */
export type ProblemKind =
  | 'damaged_batch'
  | 'missing_batch'
  | 'misplaced_batch'
  | 'wrong_timestamp'
  | 'wrong_segment'
  | 'wrong_partition'
  | 'wrong_time_index'
  | 'damaged_row'
  | 'wrong_state'
  | 'wrong_position'
  | 'orphan'
  | 'unreadable'

/** One thing that is wrong, with its place as far as it has one. */
export interface VerifyProblem {
  /** What kind of thing, for programs. */
  readonly kind: ProblemKind
  /** What exactly, for people. */
  readonly message: string
  /** The topic, where it is known. */
  readonly topic?: string | undefined
  /** The partition of the topic. */
  readonly partition?: number | undefined
  /** The first offset affected. */
  readonly offset?: number | undefined
}

/** What `log.admin.verify()` has looked at, and what is wrong. */
export interface VerifyReport {
  /** Everything that is wrong, up to 1,000 problems. Empty for a sound log. */
  readonly problems: readonly VerifyProblem[]
  /** How many problems there are. */
  readonly problemCount: number
  /** Topics that were looked at. */
  readonly topics: number
  /** Their partitions. */
  readonly partitions: number
  /** Segments with batches. */
  readonly segments: number
  /** Batches whose checksum and header were checked. */
  readonly batches: number
  /** Records in them, as their headers say; with `deep` each was checked. */
  readonly records: number
  /** Of the batches as they are stored. */
  readonly bytes: number
  /** Rows of all other kinds. */
  readonly rows: number
  /**
   * Positions before the beginning of their partition: their readers have lost records to retention. This is not
   * damage.
   */
  readonly positionsBeforeStart: number
}

type ProblemPlace = Pick<VerifyProblem, 'topic' | 'partition' | 'offset'>

const problemsMax = 1_000

export type Counts = Omit<VerifyReport, 'problems' | 'problemCount'>

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] }

export class Findings {
  readonly counts: Mutable<Counts> = {
    topics: 0,
    partitions: 0,
    segments: 0,
    batches: 0,
    records: 0,
    bytes: 0,
    rows: 0,
    positionsBeforeStart: 0,
  }
  readonly #problems: VerifyProblem[] = []
  #problemCount = 0

  get isSound(): boolean {
    return this.#problemCount === 0
  }

  add(kind: ProblemKind, message: string, place: ProblemPlace = {}): void {
    this.#problemCount++
    if (this.#problems.length < problemsMax) this.#problems.push({ kind, message, ...place })
  }

  /** Does a part of the work. Damage that prevents it becomes a finding, and the rest goes on. */
  *guarded<T>(place: ProblemPlace, work: Iterable<T>): Generator<T> {
    try {
      yield* work
    } catch (error) {
      if (!(error instanceof MillraceError) || error.code !== 'damaged') throw error
      this.add('unreadable', damageOf(error), place)
    }
  }

  /** Takes over what another one has found. */
  merge(other: Findings): void {
    for (const name of Object.keys(this.counts) as (keyof Counts)[]) this.counts[name] += other.counts[name]
    this.#problemCount += other.#problemCount
    this.#problems.push(...other.#problems.slice(0, problemsMax - this.#problems.length))
  }

  report(): VerifyReport {
    return { problems: this.#problems, problemCount: this.#problemCount, ...this.counts }
  }
}
