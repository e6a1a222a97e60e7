/**
 * A producer: encodes records into batches as they are sent, and writes all of them in one durable commit per flush.
 */
import { MillraceError, messageOf } from '../../core/errors.ts'
import { checkedFunction } from '../../core/checks.ts'
import type { RecordInput } from '../../core/record.ts'
import type { Topic } from '../../core/topic.ts'
import type { WriteTransaction } from '../../storage/environment.ts'
import type { Acks, Answer, KnownOffset, SendManyResult, SendResult, WrittenRange } from './delivery.ts'
import type { ProducerLog } from './producer-log.ts'
import { bufferFull, bufferLimit, transactionLimit } from './limits.ts'
import { type Appended, Outboxes } from './outboxes.ts'
import { ProducerCounters, type ProducerMetrics } from './producer-metrics.ts'
import { type CheckedOptions, checkProducerOptions, type ProducerOptions } from './producer-options.ts'
import type { ProducerIdentity } from '../kept/producers.ts'
import { recordsOf } from './record-input.ts'
import type { Outbox, Route } from './route.ts'
import type { Producer, Transaction } from './face.ts'
import { TransactionRunner } from './transaction-runner.ts'

interface Waiter {
  /** Where its records go. */
  readonly topic: string
  readonly settle: () => void
  readonly reject: (error: unknown) => void
}

/** The first failure that has not been reported to the program yet; it outlives a producer that is dropped. */
export interface Untold {
  error: Error | undefined
}

/** What a promise of a send is counted as in `bufferBytes`, so that small records do not escape the limit. */
const promiseBytes = 256

/** A producer of a directory: encodes as records are sent, and commits once per flush. */
export class EmbeddedProducer<A extends Acks = 'all'> implements Producer<A> {
  readonly untold: Untold = { error: undefined }
  readonly #log: ProducerLog
  readonly #options: CheckedOptions<A>
  readonly #outboxes: Outboxes
  readonly #counters: ProducerCounters
  readonly #transactions: TransactionRunner | undefined
  readonly #onClose: (producer: EmbeddedProducer<A>) => void
  /** Who this is to the log: allocated in the first flush. */
  #identity: ProducerIdentity | undefined
  #waiters: Waiter[] = []
  #cancelFlush: (() => void) | undefined
  #closed = false

  /** @internal made by {@link Log.producer} */
  constructor(log: ProducerLog, options: ProducerOptions<A>, onClose: (producer: EmbeddedProducer<A>) => void) {
    this.#log = log
    this.#onClose = onClose
    this.#options = checkProducerOptions(options, log.clock)
    this.#counters = new ProducerCounters(this.#options.clock.elapsed())
    const { transactionalId, bufferBytes, transactionMaxBytes } = this.#options
    this.#outboxes = new Outboxes(log, {
      ...this.#options,
      limit: transactionalId === undefined ? bufferLimit(bufferBytes) : transactionLimit(transactionMaxBytes),
    })
    if (transactionalId !== undefined) {
      const checked = { ...this.#options, acks: 'all' } as const
      this.#transactions = new TransactionRunner(log, transactionalId, checked, this.#outboxes, this.#counters)
    }
  }

  send<K, V>(topic: Topic<K, V>, record: RecordInput<NoInfer<K>, NoInfer<V>>): Promise<Answer<A, SendResult<A>>> {
    return new Promise((resolve, reject) => {
      let outbox: Outbox
      try {
        this.#checkSendable()
        outbox = this.#outboxes.append(this.#outboxes.route(topic), record)
      } catch (error) {
        this.#refused<SendResult<A>>(error, 1, resolve, reject)
        return
      }
      const index = outbox.count - 1
      const { topic: name, partition } = outbox.partition
      this.#answer<SendResult<A>>(
        name,
        (isDurable) => ({
          topic: name,
          partition,
          offset: known(isDurable, outbox.baseOffset + index),
        }),
        resolve,
        reject,
      )
    })
  }

  sendMany<K, V>(
    topic: Topic<K, V>,
    records: Iterable<RecordInput<NoInfer<K>, NoInfer<V>>>,
  ): Promise<Answer<A, SendManyResult<A>>> {
    return new Promise((resolve, reject) => {
      let list: readonly RecordInput<K, V>[] = []
      let appended: readonly Appended[]
      let route: Route
      try {
        // Read to its end first: the iterable may send records of its own.
        list = recordsOf(records)
        this.#checkSendable()
        route = this.#outboxes.route(topic)
        appended = this.#outboxes.appendAll(route, list)
      } catch (error) {
        this.#refused<SendManyResult<A>>(error, list.length, resolve, reject)
        return
      }
      const { name } = route.topic
      this.#answer<SendManyResult<A>>(
        name,
        (isDurable) => ({
          topic: name,
          count: list.length,
          partitions: appended.map(({ outbox, first, count }) => ({
            partition: outbox.partition.partition,
            baseOffset: known(isDurable, outbox.baseOffset + first),
            count,
          })),
        }),
        resolve,
        reject,
      )
    })
  }

  async transaction(work: (transaction: Transaction) => unknown): Promise<readonly WrittenRange[]> {
    this.#checkOpen()
    checkedFunction('transaction', work)
    if (this.#transactions !== undefined) return this.#transactions.run(work)
    throw new MillraceError(
      'invalid_transaction_state',
      'the producer is not transactional; give it a name of its own: log.producer({ transactionalId })',
    )
  }

  #checkOpen(): void {
    if (this.#closed) throw new MillraceError('closed', 'the producer is closed')
  }

  #checkSendable(): void {
    this.#checkOpen()
    if (this.#transactions !== undefined) {
      throw new MillraceError(
        'invalid_transaction_state',
        'a producer with a transactionalId writes in transactions only: producer.transaction((tx) => tx.send(…))',
      )
    }
    const { bufferBytes } = this.#options
    const heldBytes = this.#heldBytes
    if (heldBytes > bufferBytes) throw bufferFull(heldBytes, bufferBytes)
  }

  get #heldBytes(): number {
    return this.#outboxes.pendingBytes + this.#waiters.length * promiseBytes
  }

  #refused<Result>(
    error: unknown,
    records: number,
    resolve: (answer: Answer<A, Result>) => void,
    reject: (error: unknown) => void,
  ): void {
    this.#counters.failed(error, records)
    if (this.#options.acks !== 0) {
      reject(error)
      return
    }
    this.#tell(asError(error))
    resolve(noAnswer())
  }

  /** Never flushes on the spot: what is sent without an await in between stays together. */
  #answer<Result>(
    topic: string,
    result: (isDurable: boolean) => Result,
    resolve: (answer: Answer<A, Result>) => void,
    reject: (error: unknown) => void,
  ): void {
    const { acks } = this.#options
    if (acks === 'all') this.#waiters.push({ topic, settle: () => resolve(answerOf(result(true))), reject })
    else resolve(acks === 0 ? noAnswer() : answerOf(result(false)))
    this.#flushSoon()
  }

  #flushSoon(): void {
    if (this.#cancelFlush !== undefined) return
    const { lingerMs, clock } = this.#options
    if (lingerMs === 0) {
      const immediate = setImmediate(() => void this.#flushNow())
      this.#cancelFlush = () => clearImmediate(immediate)
    } else {
      this.#cancelFlush = clock.schedule(lingerMs, () => void this.#flushNow())
    }
  }

  /** Returns the failure, if there is one; later when another process commits right now. */
  #flushNow(): Error | undefined | Promise<Error | undefined> {
    this.#outboxes.checkIdle()
    this.#cancelFlush?.()
    this.#cancelFlush = undefined
    if (this.#outboxes.pendingCount === 0 && this.#waiters.length === 0) return undefined // no turn to wait for
    this.#cancelFlush = (): void => undefined // what is sent while it waits goes along
    let flushed: readonly Error[] | Promise<readonly Error[]>
    try {
      flushed = this.#log.environment.inTurn(() => this.#flushInTurn())
    } catch {
      flushed = this.#flushInTurn() // the log is closed, or has failed: those who wait are told so
    }
    // After the turn: others need not wait for the user's function.
    if (!(flushed instanceof Promise)) return this.#failed(flushed)
    return flushed.catch(() => this.#flushInTurn()).then((errors) => this.#failed(errors))
  }

  /** Returns the failures, one for each topic whose records were lost. */
  #flushInTurn(): readonly Error[] {
    this.#cancelFlush = undefined
    const waiters = this.#waiters
    this.#waiters = []
    const records = this.#outboxes.pendingCount
    let allocated: ProducerIdentity | undefined
    const losses = new Map<string, MillraceError>()
    try {
      this.#outboxes.flush({
        identity: (transaction) => (allocated = this.#identify(transaction)),
        isWhole: false,
        written: (outboxes, lost, times) => {
          this.#identity ??= allocated
          this.#counters.wrote(outboxes, times)
          for (const { outbox, error } of lost) {
            losses.set(outbox.partition.topic, error)
            this.#counters.failed(error, outbox.count)
          }
          for (const { topic, settle, reject } of waiters) {
            const loss = losses.get(topic)
            if (loss === undefined) settle()
            else reject(loss)
          }
        },
      })
    } catch (thrown) {
      const error = asError(thrown)
      this.#counters.failed(error, records)
      for (const waiter of waiters) waiter.reject(error)
      return [error]
    }
    return [...losses.values()]
  }

  /** Tells of failures that no promise tells of; returns the first. */
  #failed(errors: readonly Error[]): Error | undefined {
    if (this.#options.acks !== 'all') for (const error of errors) this.#tell(error)
    return errors[0]
  }

  #identify(transaction: WriteTransaction): ProducerIdentity | undefined {
    if (!this.#options.idempotent) return undefined
    return this.#identity ?? this.#log.producers.allocate(transaction)
  }

  #tell(error: Error): void {
    const { onError } = this.#options
    if (onError !== undefined) onError(error)
    else if (this.untold.error === undefined) this.untold.error = withoutFrames(error)
  }

  async ready(): Promise<void> {
    this.#checkOpen()
    if (this.#transactions !== undefined) await this.#transactions.claimed()
    if (this.#heldBytes * 2 >= this.#options.bufferBytes) await this.flush()
    else this.#throwUntold()
  }

  async flush(): Promise<void> {
    let failure: Error | undefined
    if (this.#transactions === undefined) failure = await this.#flushNow()
    else await this.#transactions.claimed() // a transaction under way writes by itself
    if (failure === undefined) {
      this.#throwUntold()
      return
    }
    this.untold.error = undefined
    throw failure
  }

  #throwUntold(): void {
    const { error } = this.untold
    this.untold.error = undefined
    if (error !== undefined) throw error
  }

  metrics(): ProducerMetrics {
    const { pendingCount, pendingBytes } = this.#outboxes
    return this.#counters.snapshot(pendingCount, pendingBytes, this.#options.clock.elapsed())
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#onClose(this)
    this.#transactions?.abort(new MillraceError('closed', 'the producer was closed during the transaction'))
    await this.flush()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

function known<A extends Acks>(isDurable: boolean, offset: number): KnownOffset<A> {
  return (isDurable ? offset : null) as KnownOffset<A>
}

function answerOf<A extends Acks, Result>(result: Result): Answer<A, Result> {
  return result as Answer<A, Result>
}

function noAnswer<A extends Acks, Result>(): Answer<A, Result> {
  return undefined as Answer<A, Result>
}

/** An error holds whatever its calls were made on, this producer too, until its stack is read. */
function withoutFrames(error: Error): Error {
  let depth = 0
  for (let one: unknown = error; one instanceof Error && depth < 10; one = one.cause, depth++) void one.stack
  return error
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(messageOf(thrown), { cause: thrown })
}
