/**
 * The releases of one operator: jobs of a bounded number of rows, one after the other, until nothing is left.
 *
 * A release that fails is repeated row by row, so that one bad row fails alone, and those before it are kept.
 */
import { Carrier } from '../plan/carrier.ts'
import type { JobPlace } from '../plan/origin.ts'
import { operatorError, type Release } from '../plan/operator.ts'
import { dueRowsMax } from '../plan/store.ts'
import { noHeaders } from '../core/headers.ts'
import type { Cell } from './cell.ts'
import type { Letter, OwnJob } from './job.ts'
import type { Ledger } from './ledger.ts'
import type { TurnReleases } from '../plan/turn.ts'

export class Releases {
  readonly place: JobPlace
  readonly #ledger: Ledger
  readonly #release: Release
  /**
   * What there is to do: 0 nothing; -1 releases of as many rows as may be; n > 0 the next n rows one by one, then as
   * before. It is kept, so that a crash changes no turn.
   */
  readonly #state: Cell

  constructor(ledger: Ledger, place: JobPlace, state: Cell, release: Release) {
    this.#ledger = ledger
    this.place = place
    this.#state = state
    this.#release = release
  }

  get isPending(): boolean {
    return this.#state.value !== 0
  }

  post(): void {
    if (!this.isPending) this.#state.set(-1)
  }

  /** Lets go of rows in the turn of a record; true when jobs are to go on with it. */
  now(carrier: Carrier, turn: TurnReleases): boolean {
    if (turn.areLater || this.isPending) return true
    const { areNow } = turn
    turn.areNow = true
    const hasMore = this.#run(() => this.#release.next(dueRowsMax, carrier))
    // Also when the user's code has caught it: the carriers of these rows have the root of the record.
    const { failure } = carrier.root
    if (failure !== undefined) throw failure
    turn.areNow = areNow
    return hasMore
  }

  job(): OwnJob {
    return new RowsJob(this, this.#ledger)
  }

  next(job: Carrier): void {
    const left = this.#state.value
    const hasMore = this.#run(() => this.#release.next(left > 0 ? 1 : dueRowsMax, job))
    this.#state.set(!hasMore ? 0 : left > 1 ? left - 1 : -1)
  }

  divide(): boolean {
    if (this.#state.value > 0) return false
    this.#state.set(dueRowsMax)
    return true
  }

  skip(): Letter {
    const row = this.#run(() => this.#release.skip())
    this.#state.set(-1)
    return { ...row, headers: noHeaders }
  }

  #run<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      throw operatorError(this.place.operator, error)
    }
  }
}

class RowsJob implements OwnJob {
  readonly root: Carrier
  readonly ledger: Ledger
  readonly #releases: Releases

  constructor(releases: Releases, ledger: Ledger) {
    // Stream time before the first record is -1, and no record has that.
    this.root = Carrier.ofJob(releases.place, Math.max(0, ledger.time))
    this.ledger = ledger
    this.#releases = releases
  }

  run(): void {
    this.#releases.next(this.root)
  }

  undo(): void {
    // All that it changes is part of the turn.
  }

  divide(): boolean {
    return this.#releases.divide()
  }

  passOver(): Letter {
    return this.#releases.skip()
  }
}
