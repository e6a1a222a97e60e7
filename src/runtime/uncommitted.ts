/**
 * What an engine has done since its last commit: when that is enough for another one, and what it holds.
 */
import { assert, present } from '../core/assert.ts'
import { encodeEntries } from '../core/stored-progress.ts'
import type { Commit } from '../log/contract.ts'
import type { Calls } from './calls.ts'
import type { ChangeFeed } from './change-feed.ts'
import type { EngineOptions } from './engine-options.ts'
import type { Inlet } from './inlet.ts'
import type { Ledger } from './ledger.ts'
import { settlePositions } from './moved-positions.ts'
import type { OutputTopics } from './output-topics.ts'
import type { SourceLane, SourceSequence } from './sequence.ts'
import type { Shuffle } from './shuffle.ts'
import { journalBytesOf, type Stores } from './stores.ts'

/**
 * Jobs that no record has caused may let go of very many rows in a row. Beyond this many that have changed they leave
 * the rest to another commit: one that is much larger than the others folds most of the journal at once.
 */
const changedRowsMax = 50_000

/** What a commit takes from. */
export interface Work {
  readonly sequence: SourceSequence
  readonly shuffle: Shuffle
  readonly calls: Pick<Calls, 'keep'>
  readonly inlets: readonly Inlet[]
  readonly ledgers: readonly Ledger[]
  readonly outputs: OutputTopics
  readonly stores: Stores
  readonly changes: ChangeFeed
}

/** What a commit that is under way holds. */
interface Prepared {
  readonly lanes: readonly SourceLane[]
  readonly ledgers: readonly Ledger[]
  readonly appends: Commit['appends']
}

export class Uncommitted {
  /** Source records, and jobs that no record has caused. */
  jobs = 0
  /** Whether an operator has asked for a commit. */
  isWanted = false
  /** Commits of this instance. */
  commitCount = 0
  readonly #work: Work
  readonly #limits: Pick<EngineOptions, 'commitRecords' | 'stateCacheBytes'>
  /** Whether there is more for a commit than jobs have done: a schedule that has begun. */
  #hasBegun: boolean
  /** Such a job may change many rows, so the stores are looked at after each. */
  #isStateLarge = false
  #prepared: Prepared | undefined

  constructor(work: Work, limits: Pick<EngineOptions, 'commitRecords' | 'stateCacheBytes'>) {
    this.#work = work
    this.#limits = limits
    this.#hasBegun = work.ledgers.some(({ hasChanged }) => hasChanged)
  }

  get isEmpty(): boolean {
    return this.jobs === 0 && !this.#hasBegun
  }

  /** While a commit is under way no turn is taken. */
  get isUnderWay(): boolean {
    return this.#prepared !== undefined
  }

  /** Whether it is as much as one commit should hold. */
  get isEnough(): boolean {
    if (this.jobs >= this.#limits.commitRecords) return true
    if (this.#work.outputs.isFull || this.#isStateLarge || this.isWanted) return true
    return (this.jobs & 63) === 63 && this.#takesTooMuch
  }

  lookAtState(): void {
    this.#isStateLarge = this.#takesTooMuch || this.#work.stores.changedRows > changedRowsMax
  }

  get #takesTooMuch(): boolean {
    return this.#work.stores.cacheBytes > 2 * this.#limits.stateCacheBytes
  }

  /** Positions, outputs, state, stream times and counters. */
  prepare(): Commit {
    const { sequence, shuffle, calls, inlets, ledgers, outputs, stores } = this.#work
    assert(shuffle.next() === undefined, 'a commit is made while no regrouped records wait')
    calls.keep()
    const moved = sequence.lanes.filter((lane) => lane.position !== lane.committedPosition)
    const topics = [...outputs.all]
    const appends = topics.flatMap((output) => output.take())
    const positions = settlePositions(moved, inlets)
    const changed = ledgers.filter(({ hasChanged }) => hasChanged)
    this.#prepared = { lanes: moved, ledgers: changed, appends }
    sequence.beginCommit()
    return {
      tasks: changed.map((ledger) => ({
        task: ledger.task,
        positions: positions.get(ledger) ?? [],
        progress: encodeEntries(ledger.prepare()),
      })),
      newTopics: topics.filter(({ isNew }) => isNew).map(({ topic }) => ({ name: topic })),
      appends,
      writeState: (writer) => stores.write(writer),
      journalBytes: journalBytesOf(this.#limits.stateCacheBytes),
    }
  }

  /** What was prepared is durable; tells when each of the records that it has read was first seen. */
  committed(tellSeen: (seenMs: number) => void): void {
    const { sequence, outputs, stores, changes } = this.#work
    const { lanes, ledgers, appends } = present(this.#prepared, 'what is durable was prepared')
    sequence.endCommit(appends)
    this.#prepared = undefined
    for (const lane of lanes) lane.wasCommitted(tellSeen)
    for (const ledger of ledgers) ledger.wasCommitted()
    changes.committed((spec) => stores.changed(spec))
    outputs.committed()
    stores.committed()
    this.jobs = 0
    this.#hasBegun = false
    this.isWanted = false
    this.#isStateLarge = false
    this.commitCount++
  }
}
