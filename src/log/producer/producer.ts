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
import { topicDeleted } from '../kept/partitions.ts'
import { type CheckedOptions, checkProducerOptions, type ProducerOptions } from './producer-options.ts'
import type { ProducerIdentity } from '../kept/producers.ts'
import { recordsOf } from './record-input.ts'
import type { Outbox, Route } from './route.ts'
import type { Transaction } from './transaction.ts'
import { TransactionRunner } from './transaction-runner.ts'

interface Waiter {
  /** Where its records go. */
  readonly topic: string
  readonly settle: () => void
  readonly reject: (error: unknown) => void
}

/** What a promise of a send is counted as in `bufferBytes`, so that small records do not escape the limit. */
const promiseBytes = 256

/**
 * Writes records to topics. Made by {@link Log.producer}.
 *
 * Whatever is sent without an `await` in between is written in one commit, over all partitions and topics: after a crash
 * all of it is there or nothing. A promise resolves when its records are durable. A call that is refused (a record that
 * cannot be encoded, say) is left out of that commit, and does not hold back the others in it.
 *
 * @example
 * ```ts
 * const producer = log.producer()
 * const sent = ['/', '/cart'].map((page) => producer.send(clicks, { key: 'a', value: { page, status: 200, bytes: 0 } }))
 * for (const { partition, offset } of await Promise.all(sent)) console.log(partition, offset)
 * ```
 */
export class Producer<A extends Acks = 'all'> implements AsyncDisposable {
  readonly #log: ProducerLog
  readonly #options: CheckedOptions<A>
  readonly #outboxes: Outboxes
  readonly #counters = new ProducerCounters()
  readonly #transactions: TransactionRunner | undefined
  readonly #onClose: (producer: Producer<A>) => void
  /** Who this is to the log: allocated in the first flush. */
  #identity: ProducerIdentity | undefined
  #waiters: Waiter[] = []
  #cancelFlush: (() => void) | undefined
  /** The first failure that has not been reported to the program yet. */
  #untold: Error | undefined
  #closed = false

  /** @internal made by {@link Log.producer} */
  constructor(log: ProducerLog, options: ProducerOptions<A>, onClose: (producer: Producer<A>) => void) {
    this.#log = log
    this.#onClose = onClose
    this.#options = checkProducerOptions(options, log.clock)
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

  /**
   * Sends one record; resolves with its place when it is durable, or as `acks` says.
   *
   * A topic that does not exist is created. Records of one key keep their order. Awaiting each send costs a commit each: for
   * speed send many, then await all, or use {@link sendMany}.
   *
   * @throws MillraceError `bad_record`, `encode_failed`, `partitions_differ`, `buffer_full`, `closed`, `storage_failed`,
   *   `user_function_threw` of the partitioner, `invalid_transaction_state` on a transactional producer. With `acks: 0`
   *   it never rejects.
   */
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

  /**
   * Sends many records in one commit: all of them are written or none, also when one of them cannot be encoded.
   *
   * @example
   * ```ts
   * const producer = log.producer()
   * const { count } = await producer.sendMany(clicks, [
   *   { key: 'a', value: { page: '/', status: 200, bytes: 512 }, timestamp: 0 },
   *   { key: 'b', value: { page: '/cart', status: 404, bytes: 0 }, headers: [{ key: 'agent', value: 'curl' }] },
   * ])
   * ```
   * @throws MillraceError as {@link send}
   */
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

  /**
   * Runs a function whose sends are written in one commit, with the positions of consumers that it adds: all or nothing, and
   * never visible in part. Resolves with where the records are.
   *
   * A throw of the function aborts, and this rejects with it. One transaction at a time: a second one, also from inside of
   * the function, is refused. It is written while other writers wait; {@link ProducerOptions.transactionMaxBytes} bounds that.
   *
   * @example
   * ```ts
   * const importer = log.producer({ transactionalId: 'importer-1' })
   * const ranges = await importer.transaction((tx) => {
   *   tx.send(clicks, { key: 'a', value: { page: '/', status: 200, bytes: 0 } })
   *   tx.send(perAddress, { key: 'a', value: 1 })
   * })
   * for (const { topic, partition, baseOffset, count } of ranges) console.log(topic, partition, baseOffset, count)
   * ```
   * @throws MillraceError `fenced` when another producer was opened with the id, `transaction_timed_out`, `closed`,
   *   `invalid_transaction_state`, `storage_failed`
   */
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
      const immediate = setImmediate(() => this.#flushNow())
      this.#cancelFlush = () => clearImmediate(immediate)
    } else {
      this.#cancelFlush = clock.schedule(lingerMs, () => this.#flushNow())
    }
  }

  /** Returns the failure, if there is one. */
  #flushNow(): Error | undefined {
    this.#outboxes.checkIdle()
    this.#cancelFlush?.()
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
        written: (outboxes, lost) => {
          this.#identity ??= allocated
          this.#counters.wrote(outboxes)
          for (const { partition, count } of lost) {
            const error = losses.get(partition.topic) ?? topicDeleted(partition.topic)
            losses.set(partition.topic, error)
            this.#counters.failed(error, count)
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
      return this.#failed([error])
    }
    return this.#failed([...losses.values()])
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
    if (onError === undefined) this.#untold ??= error
    else onError(error)
  }

  /**
   * Resolves when there is room for more records, and writes what waits when the buffer is half full: the way to send more
   * than fits in memory.
   *
   * @example
   * ```ts
   * const producer = log.producer({ acks: 1 })
   * for (let bytes = 0; bytes < 10_000; bytes++) {
   *   await producer.ready()
   *   void producer.send(clicks, { key: 'a', value: { page: '/', status: 200, bytes } })
   * }
   * await producer.flush()
   * ```
   * @throws MillraceError as {@link flush}, and `closed`
   */
  async ready(): Promise<void> {
    this.#checkOpen()
    if (this.#heldBytes * 2 >= this.#options.bufferBytes) await this.flush()
    else this.#throwUntold()
  }

  /**
   * Writes what waits, now; resolves when it is durable. With `acks` 1 or 0, and without `onError`, it rejects with the first
   * failure since the last call.
   *
   * @throws MillraceError `storage_failed`, and whatever kept records from being written
   */
  async flush(): Promise<void> {
    // A transaction under way writes by itself.
    const failure = this.#transactions === undefined ? this.#flushNow() : undefined
    if (failure === undefined) {
      this.#throwUntold()
      return
    }
    this.#untold = undefined
    throw failure
  }

  #throwUntold(): void {
    const untold = this.#untold
    this.#untold = undefined
    if (untold !== undefined) throw untold
  }

  /** What it has done so far, and what waits. */
  metrics(): ProducerMetrics {
    return this.#counters.snapshot(this.#outboxes.pendingCount, this.#outboxes.pendingBytes)
  }

  /**
   * Writes what waits, aborts a transaction that is under way, and refuses further records with `closed`. Closing the log
   * does it too.
   *
   * @throws MillraceError as {@link flush}
   */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#onClose(this)
    this.#transactions?.abort(new MillraceError('closed', 'the producer was closed during the transaction'))
    await this.flush()
  }

  /** {@link close}, for `await using`. */
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

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(messageOf(thrown), { cause: thrown })
}
