/**
 * What users see of a producer, and what every log has to offer.
 */
import type { RecordInput } from '../../core/record.ts'
import type { Topic } from '../../core/topic.ts'
import type { Acks, Answer, SendManyResult, SendResult, WrittenRange } from './delivery.ts'
import type { OffsetSource } from './offset-source.ts'
import type { ProducerMetrics } from './producer-metrics.ts'

/**
 * Writes records to topics. Made by {@link Log.producer}.
 *
 * Whatever is sent without an `await` in between is written in one commit, over all partitions and topics: after a
 * crash all of it is there or nothing. A promise resolves when its records are durable. A call that is refused (a
 * record that cannot be encoded, say) is left out of that commit, and does not hold back the others in it.
 *
 * @example
 * ```ts
 * const producer = log.producer()
 * const visits = ['/', '/cart'].map((page) => ({ page, status: 200, bytes: 0 }))
 * const sent = visits.map((value) => producer.send(clicks, { key: 'a', value }))
 * for (const { partition, offset } of await Promise.all(sent)) console.log(partition, offset)
 * ```
 */
export interface Producer<A extends Acks = 'all'> extends AsyncDisposable {
  /**
   * Sends one record; resolves with its place when it is durable, or as `acks` says.
   *
   * A topic that does not exist is created. Records of one key keep their order. Awaiting each send costs a commit
   * each: for speed send many, then await all, or use {@link sendMany}.
   *
   * @throws MillraceError `bad_record`, `encode_failed`, `partitions_differ`, `buffer_full`, `closed`,
   *   `storage_failed`, `user_function_threw` of the partitioner, `invalid_transaction_state` on a transactional
   *   producer. With `acks: 0` it never rejects.
   */
  send<K, V>(topic: Topic<K, V>, record: RecordInput<NoInfer<K>, NoInfer<V>>): Promise<Answer<A, SendResult<A>>>

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
  ): Promise<Answer<A, SendManyResult<A>>>

  /**
   * Runs a function whose sends are written in one commit, with the positions of consumers that it adds: all or
   * nothing, and never visible in part. Resolves with where the records are.
   *
   * A throw of the function aborts, and this rejects with it. One transaction at a time: a second one, even from inside
   * the function, is refused. It is written while other writers wait; {@link ProducerOptions.transactionMaxBytes}
   * bounds that.
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
  transaction(work: (transaction: Transaction) => unknown): Promise<readonly WrittenRange[]>

  /**
   * Resolves when there is room for more records, and writes what waits when the buffer is half full: the way to send
   * more than fits in memory. With a `transactionalId` it first waits until older producers of the id are fenced.
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
  ready(): Promise<void>

  /**
   * Writes what waits, now; resolves when it is durable. With `acks` 1 or 0, and without `onError`, it rejects with the
   * first failure since the last call. With a `transactionalId` it first waits until older producers of the id are
   * fenced.
   *
   * @throws MillraceError `storage_failed`, and whatever kept records from being written
   */
  flush(): Promise<void>

  /** What it has done so far, and what waits. */
  metrics(): ProducerMetrics

  /**
   * Writes what waits, aborts a transaction that is under way, and refuses further records with `closed`. Closing the
   * log does it too.
   *
   * @throws MillraceError as {@link flush}
   */
  close(): Promise<void>

  /** {@link close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * What the function of {@link Producer.transaction} is called with: gathers records of any topics and positions of
 * consumers. Nothing is visible before the commit, not even to the function itself. Unusable once it has ended.
 *
 * @example
 * ```ts
 * const importer = log.producer({ transactionalId: 'importer-1' })
 * await importer.transaction((tx) => {
 *   tx.send(clicks, { key: 'a', value: { page: '/', status: 200, bytes: 0 } })
 *   tx.sendMany(perAddress, [{ key: 'a', value: 1 }, { key: 'b', value: 2 }])
 * })
 * ```
 */
export interface Transaction {
  /**
   * Adds a record. A record that is refused is not in the transaction; the others are, if the function goes on.
   *
   * A topic that does not exist is created, at once or when other processes have committed. It stays there when the
   * transaction is aborted.
   *
   * @throws MillraceError `bad_record`, `encode_failed`, `partitions_differ`, `transaction_too_large`,
   *   `invalid_transaction_state` once it has ended, `transaction_timed_out` once its time is up
   */
  send<K, V>(topic: Topic<K, V>, record: RecordInput<NoInfer<K>, NoInfer<V>>): void

  /**
   * Adds many records: all of them, or none when one of them is refused.
   *
   * @throws MillraceError as {@link send}
   */
  sendMany<K, V>(topic: Topic<K, V>, records: Iterable<RecordInput<NoInfer<K>, NoInfer<V>>>): void

  /**
   * Adds the positions that a consumer has reached, of its group: they are committed with the records, so a record is
   * read and its results are written exactly once.
   *
   * The consumer must not commit by itself (`autoCommitMs: false`): that would commit what no transaction has written.
   * The whole commit is refused when the consumer has lost its partitions by then (`member_fenced`), when the positions
   * belong to an application (`owned_by_application`), or when consumer and producer were not made by the same open log
   * (`bad_option`). After an abort the consumer stays past what it has handed out: seek back to what is committed.
   *
   * @throws MillraceError `invalid_transaction_state`, `transaction_timed_out`, `bad_option` for a consumer that
   *   commits by itself
   */
  sendOffsets(consumer: OffsetSource): void
}
