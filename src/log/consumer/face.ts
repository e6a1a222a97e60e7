/**
 * What users see of consumers and readers, and what every log has to offer.
 */
import type { Observable } from 'rxjs'
import type { LogRecord } from '../../core/record.ts'
import type { Topic } from '../../core/topic.ts'
import type { Offset } from '../../core/units.ts'
import type { TopicPartition } from '../format/partition-id.ts'
import type { CommittedPosition } from '../kept/position-row.ts'
import type { TopicName } from '../kept/topic-name.ts'
import type { OffsetSource } from '../producer/offset-source.ts'
import type { ConsumerMetrics } from './consumer-metrics.ts'
import type { ConsumerControl } from './consumer-options.ts'
import type { SeekTarget } from './start-offset.ts'
import type { TopicSource } from './subscription.ts'

/** Where to begin: whatever a consumer can {@link Consumer.seek}. */
export type ReadFrom = SeekTarget

/** What {@link Log.read} takes. */
export interface ReadOptions {
  /** The only partition to read. Default: all partitions. */
  readonly partition?: number | undefined
  /** Where to begin. Default `beginning`. An offset counts in every partition that is read. */
  readonly from?: ReadFrom | undefined
  /** Whether to wait for new records at the end. Default false: the end is where it was at the first read. */
  readonly follow?: boolean | undefined
  /** Ends a read that follows: the loop is over, without an error. */
  readonly signal?: AbortSignal | undefined
}

/** Records of one stored batch; made by {@link TopicReader.batches}. */
export interface RecordBatch<K, V> {
  /** The topic they are from. */
  readonly topic: string
  /** Their partition, from 0. */
  readonly partition: number
  /** At least one, in the order of their offsets. */
  readonly records: readonly LogRecord<K, V>[]
}

/** The records of a source: typed by its constant, or bytes for a topic that is given by its name. */
export type RecordOf<T extends TopicSource> =
  T extends Topic<infer K, infer V> ? LogRecord<K, V> : LogRecord<Uint8Array | null, Uint8Array | null>

/** The batches of a source. */
export type BatchOf<R> = R extends LogRecord<infer K, infer V> ? RecordBatch<K, V> : never

/** A position to commit: of the next record to read. */
export interface PositionInput extends TopicPartition {
  /** Of the next record to read. */
  readonly offset: number
  /** A note to store with it. */
  readonly metadata?: string | undefined
}

/**
 * What {@link Log.read} returns: an async iterable of records.
 *
 * A topic that does not exist reads as an empty one, and is not created. A read that follows waits for it, and begins
 * with its first record. Partitions that are added meanwhile it reads from their start.
 *
 * Records of a partition come in the order of their offsets; partitions are read in rotation, one stored batch each.
 * Each loop over it starts from the beginning.
 *
 * @example
 * ```ts
 * for await (const { offset, value } of log.read(clicks, { follow: true })) {
 *   console.log(offset, value.page)
 *   if (value.status === 500) break
 * }
 * ```
 */
export interface TopicReader<K, V> extends AsyncIterable<LogRecord<K, V>> {
  /** How many offsets retention deleted before this reader reached them. */
  readonly missed: number

  /** The records one by one; it throws as {@link batches} does. */
  [Symbol.asyncIterator](): AsyncGenerator<LogRecord<K, V>, void, undefined>

  /**
   * The records by stored batch: for speed, when a loop over records is too slow.
   *
   * @example
   * ```ts
   * for await (const { records } of log.read(clicks).batches()) console.log(records.length)
   * ```
   * @throws MillraceError `damaged` (with the last offset of the batch), `undecodable` and `unexpected_null`, each
   *   after the last good record; to go on in that partition, read the error's `partition` alone, from its `offset` + 1
   */
  batches(): AsyncGenerator<RecordBatch<K, V>, void, undefined>
}

/**
 * Reads topics from positions that its group keeps. Made by {@link Log.consumer}.
 *
 * Every partition of the group's topics is read by exactly one of its members, in the order of its offsets; partitions
 * are read in rotation. A record is done when the loop asks for the next one: what is done is committed every
 * `autoCommitMs`, when partitions are given up, when a loop is left, and on close. After a crash, reading goes on from
 * what was committed, so each record is handed out at least once. The record that a loop is left on (by `break` or by a
 * throw) is not done and comes again, unless `commit(record)` says otherwise.
 *
 * A damaged batch or a record that cannot be decoded ends the loop with an error that has topic, partition and offset.
 * The consumer stays usable: to skip it, seek to the error's offset + 1 and loop again.
 *
 * Its first loop waits until its topics exist, and until producers that the log opened earlier have claimed their
 * transactional ids. Methods that return no promise cannot wait: they do that work themselves, which blocks while
 * another process commits.
 *
 * @example
 * ```ts
 * const consumer = log.consumer({ group: 'billing', topics: [clicks] })
 * for await (const { value, partition, offset } of consumer) {
 *   console.log(partition, offset, value.page)
 *   if (value.status === 500) break
 * }
 * await consumer.close()
 * ```
 */
export interface Consumer<R extends LogRecord<unknown, unknown>>
  extends AsyncIterable<R>, AsyncDisposable, OffsetSource, ConsumerControl {
  /**
   * The records as an Observable: those of one fetch in each tick of the event loop, until it is unsubscribed. Nothing
   * waits for what a subscriber does asynchronously, so positions are committed by hand; for asynchronous work use a
   * loop.
   *
   * @example
   * ```ts
   * const consumer = log.consumer({ group: 'pages', topics: [clicks] })
   * consumer.records$.subscribe(({ value }) => console.log(value.page)).unsubscribe()
   * ```
   */
  readonly records$: Observable<R>

  /**
   * The records one by one.
   *
   * @throws MillraceError `damaged`, `undecodable`, `unexpected_null`, `position_lost`, `topic_unknown`,
   *   `member_fenced` for a static member whose place was taken
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<R>

  /**
   * The records in batches of one partition each, up to `maxRecords` (default 10,000) or about 1 MiB. A batch is done
   * when the loop asks for the next one. Throws as the loop over records does.
   *
   * @example
   * ```ts
   * const consumer = log.consumer({ group: 'export', topics: [clicks], autoCommitMs: false })
   * for await (const batch of consumer.batches()) {
   *   console.log(batch.partition, batch.records.length)
   *   await consumer.commit(batch, 'exported')
   *   break
   * }
   * ```
   * @throws MillraceError `bad_option`
   */
  batches(options?: { readonly maxRecords?: number | undefined }): AsyncIterableIterator<BatchOf<R>>

  /**
   * Commits positions, durably when it resolves: everything up to and including a record or batch, given positions, or,
   * without an argument, everything that was handed out.
   *
   * @throws MillraceError `member_fenced` when a partition is no longer its own, `owned_by_application`, `bad_option`
   *   without a group, `closed`
   */
  commit(what?: R | RecordBatch<unknown, unknown> | readonly PositionInput[], metadata?: string): Promise<void>

  /**
   * Goes on elsewhere in a partition that it has: everything before that offset counts as done, and nothing from there
   * on does. That is committed as what is read is. Before the first loop a member has no partitions yet: seek in
   * `onAssigned`.
   *
   * @throws MillraceError `bad_option`, `position_lost` for an offset past the end
   */
  seek(topic: TopicName, partition: number, target: SeekTarget): void

  /** Hands out nothing more of these partitions until {@link resume}; they stay its own. */
  pause(partitions?: readonly TopicPartition[]): void

  /** Goes on with partitions that were paused. */
  resume(partitions?: readonly TopicPartition[]): void

  /** The partitions that it has. */
  assignment(): readonly TopicPartition[]

  /**
   * The offset after the last record that was handed out of a partition; undefined until it is known where to begin.
   */
  position(topic: TopicName, partition: number): Offset | undefined

  /** What its group has committed for a partition. */
  committed(topic: TopicName, partition: number): CommittedPosition | undefined

  /**
   * How many offsets there are from its position to the end of a partition, those that compaction has emptied too; 0
   * when no record is left to read.
   */
  lag(topic: TopicName, partition: number): number

  /** What it has done since it was created, and how far it lags. */
  metrics(): ConsumerMetrics

  /**
   * Ends the loop, commits what is done and leaves the group, so that others take over at once. A static member keeps
   * its place until its session times out.
   *
   * It waits, for `closeTimeoutMs` at most, until the body of a loop asks for the next record, so that the one in hand
   * is done and does not come again. Called from inside the body it does not wait: the record in hand then counts as
   * not done, unless it was committed before.
   */
  close(): Promise<void>

  /** {@link close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>
}
