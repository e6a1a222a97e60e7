/**
 * Runs the transactions of one producer, one at a time: staged while the user's function works, committed or dropped
 * after it.
 */
import { MillraceError } from '../../core/errors.ts'
import type { Offset } from '../../core/units.ts'
import type { WrittenRange } from './delivery.ts'
import type { ProducerLog } from './producer-log.ts'
import type { Outboxes } from './outboxes.ts'
import type { ProducerCounters } from './producer-metrics.ts'
import type { CheckedOptions } from './producer-options.ts'
import type { ProducerIdentity } from '../kept/producers.ts'
import type { Transaction } from './face.ts'
import { StagedTransaction, type Staging } from './transaction.ts'

export class TransactionRunner {
  readonly #log: ProducerLog
  readonly #transactionalId: string
  readonly #options: CheckedOptions<'all'>
  readonly #outboxes: Outboxes
  readonly #counters: ProducerCounters
  /** A promise while the claim to the id waits for the commits of others. */
  #identity: ProducerIdentity | Promise<ProducerIdentity>
  #abort: ((why: MillraceError) => void) | undefined

  /** Claims the id, in turn: every producer that was opened with it before is fenced then. */
  constructor(
    log: ProducerLog,
    transactionalId: string,
    options: CheckedOptions<'all'>,
    outboxes: Outboxes,
    counters: ProducerCounters,
  ) {
    this.#log = log
    this.#transactionalId = transactionalId
    this.#options = options
    this.#outboxes = outboxes
    this.#counters = counters
    const nowMs = log.clock.now()
    const claim = log.outstanding.inTurn(() => log.producers.own(transactionalId, nowMs))
    this.#identity = claim
    if (!(claim instanceof Promise)) return
    claim.then(
      (identity) => (this.#identity = identity),
      () => undefined, // told to all who await the claim
    )
  }

  /**
   * Settles when the id is this producer's.
   *
   * @throws MillraceError `storage_failed`, `damaged`, `closed`
   */
  async claimed(): Promise<void> {
    await this.#identity
  }

  /** @throws MillraceError as {@link Producer.transaction} says */
  async run(work: (transaction: Transaction) => unknown): Promise<readonly WrittenRange[]> {
    if (this.#abort !== undefined) {
      throw new MillraceError(
        'invalid_transaction_state',
        `a transaction of "${this.#transactionalId}" is under way; await it before the next, or use another producer`,
      )
    }
    const staging: Staging = { outboxes: this.#outboxes, offsets: [], ended: undefined }
    let stopped: MillraceError | undefined
    let isWritten = false
    const checkGoesOn = (): void => {
      if (stopped !== undefined) throw stopped
    }
    const aborted = new Promise<never>((_, reject) => {
      this.#abort = (why) => {
        if (isWritten) return
        stopped ??= why
        staging.ended ??= why
        reject(why)
      }
    })
    let identity: ProducerIdentity
    try {
      const claim = this.#identity
      identity = claim instanceof Promise ? await Promise.race([claim, aborted]) : claim
      checkGoesOn()
      this.#log.environment.refresh()
      this.#log.producers.checkOwner(this.#transactionalId, identity)
    } catch (error) {
      this.#abort = undefined
      throw error
    }
    const { clock, transactionTimeoutMs } = this.#options
    const cancelTimeout = clock.schedule(transactionTimeoutMs, () => this.abort(this.#timedOut()))
    let ranges: readonly WrittenRange[]
    try {
      await Promise.race([call(work, new StagedTransaction(staging)), aborted])
      checkGoesOn()
      staging.ended = over() // also while the commit waits for those of others
      const committed = this.#log.environment.inTurn(() => {
        checkGoesOn()
        const written = this.#commit(staging, identity)
        isWritten = true
        return written
      })
      // What ends it while others commit ends it at once: its turn writes nothing then.
      ranges = committed instanceof Promise ? await Promise.race([committed, aborted]) : committed
    } catch (error) {
      this.#outboxes.discard()
      this.#counters.transactionsAborted++
      throw error
    } finally {
      cancelTimeout()
      this.#abort = undefined
      staging.ended ??= over()
    }
    for (const stage of staging.offsets) stage.committed()
    return ranges
  }

  /** Ends the transaction that is under way, if any, with this error. */
  abort(why: MillraceError): void {
    this.#abort?.(why)
  }

  #timedOut(): MillraceError {
    return new MillraceError(
      'transaction_timed_out',
      `a transaction of "${this.#transactionalId}" was aborted after ${this.#options.transactionTimeoutMs} ms ` +
        '(transactionTimeoutMs); nothing of it is written',
    )
  }

  #commit({ offsets }: Staging, identity: ProducerIdentity): readonly WrittenRange[] {
    let ranges: readonly WrittenRange[] = []
    this.#outboxes.flush({
      identity: (write) => {
        this.#log.producers.claim(write, this.#transactionalId, identity, this.#log.clock.now())
        return identity
      },
      also: (write) => {
        for (const stage of offsets) stage.write(write)
      },
      isWhole: true,
      written: (outboxes, _, times) => {
        this.#counters.wrote(outboxes, times)
        this.#counters.transactionsCommitted++
        ranges = outboxes.map(({ partition, baseOffset, count }) => ({
          topic: partition.topic,
          partition: partition.partition,
          baseOffset: baseOffset as Offset,
          count,
        }))
      },
    })
    return ranges
  }
}

function over(): MillraceError {
  return new MillraceError('invalid_transaction_state', 'the transaction is over; begin another one')
}

/** Begins at once, and turns a throw into a rejection. */
async function call(work: (transaction: Transaction) => unknown, transaction: Transaction): Promise<void> {
  await work(transaction)
}
