/**
 * Whether a version beside the live one is to rest: what its row says, looked up once for each commit of anyone. So it
 * does not matter which process has said it, and a replay that begins after a kill rests as the one before did.
 */
import type { ApplicationLog, Session, StoredApplication } from '../log/contract.ts'

export class PauseMark {
  readonly #log: ApplicationLog
  readonly #session: Pick<Session, 'newestCommit' | 'refresh'>
  readonly #keptName: string
  #stored: StoredApplication | undefined
  #isSet = false
  /** The newest commit when it was looked up. */
  #seenCommit = -1

  constructor(log: ApplicationLog, session: Pick<Session, 'newestCommit' | 'refresh'>, keptName: string) {
    this.#log = log
    this.#session = session
    this.#keptName = keptName
  }

  isSet(): boolean {
    const newest = this.#session.newestCommit()
    if (newest === this.#seenCommit) return this.#isSet
    this.#session.refresh()
    this.#seenCommit = newest
    this.#stored ??= this.#log.find(this.#keptName)
    this.#isSet = this.#stored?.isPaused() === true
    return this.#isSet
  }
}
