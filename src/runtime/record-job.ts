/**
 * The job of a record. One object serves all of them and is refilled for each, because records are what a run handles
 * most.
 */
import { present } from '../core/assert.ts'
import type { MillraceError } from '../core/errors.ts'
import type { Carrier } from '../plan/carrier.ts'
import type { Inlet } from './inlet.ts'
import type { Job, Letter } from './job.ts'
import type { Ledger } from './ledger.ts'

export class RecordJob implements Job {
  /** No carrier is kept here: to point from an object that stays to one that is new costs V8 as much as a turn. */
  #inlet: Inlet | undefined
  /** The stream time of the task before this record. */
  #timeBefore = -1

  of(inlet: Inlet): this {
    this.#inlet = inlet
    return this
  }

  get ledger(): Ledger {
    return present(this.#inlet, 'a job of a record has an inlet').agenda.ledger
  }

  run(carrier: Carrier): void {
    const inlet = this.#inlet as Inlet
    const { agenda } = inlet
    this.#timeBefore = agenda.ledger.time
    agenda.advance(carrier.timestamp)
    inlet.next(carrier)
  }

  undo(): void {
    this.ledger.time = this.#timeBefore
  }

  divide(): boolean {
    return false
  }

  passOver({ origin }: Carrier): Letter {
    const { timestamp, headers } = origin
    return { timestamp, key: origin.originalKey(), value: origin.originalValue(), headers }
  }
}

/** A record without a time: it fails before anything has seen it. */
export class UntimedRecordJob extends RecordJob {
  readonly #failure: MillraceError

  constructor(failure: MillraceError) {
    super()
    this.#failure = failure
  }

  override run(): void {
    throw this.#failure
  }

  override undo(): void {
    // Nothing has begun.
  }
}
