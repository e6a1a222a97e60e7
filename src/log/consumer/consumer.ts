/**
 * A consumer: reads topics from kept positions, alone or as a member of a group that shares the partitions.
 */
import type { Observable } from 'rxjs'
import { MillraceError } from '../../core/errors.ts'
import { checkList, checkOptions, checkWhole, isInstance, readField } from '../../core/checks.ts'
import { escaped, shown } from '../../core/shown.ts'
import type { LogRecord } from '../../core/record.ts'
import { checkTopic, type Topic } from '../../core/topic.ts'
import type { Offset } from '../../core/units.ts'
import { type ConsumerMetrics, ConsumerCore } from './consumer-core.ts'
import { BatchLoop, observableRecords, RecordLoop } from './consumer-loop.ts'
import { checkConsumerOptions, type ConsumerControl, type ConsumerOptions } from './consumer-options.ts'
import type { ConsumerLog } from './consumer-log.ts'
import { partitionAt, type PartitionId, type TopicPartition } from '../format/partition-id.ts'
import type { PositionCommit } from '../group/groups.ts'
import type { Lane } from './lane.ts'
import type { OffsetSource, OffsetStage } from '../producer/offset-source.ts'
import type { CommittedPosition } from '../kept/position-row.ts'
import type { RecordBatch } from './reader.ts'
import { type SeekTarget, seekOffset } from './start-offset.ts'
import type { TopicSource } from './subscription.ts'
import { nameOf, type TopicName } from '../kept/topic-name.ts'

/** The records of a source: typed by its constant, or bytes for a topic that is given by its name. */
export type RecordOf<T extends TopicSource> =
  T extends Topic<infer K, infer V> ? LogRecord<K, V> : LogRecord<Uint8Array | null, Uint8Array | null>

/** The batches of a source. */
export type BatchOf<R> = R extends LogRecord<infer K, infer V> ? RecordBatch<K, V> : never

/** A position to commit: of the next record to read. */
export interface PositionInput extends TopicPartition {
  /** Of the next record to read. */
  readonly offset: number
  /** A note beside it. */
  readonly metadata?: string | undefined
}

/**
 * Whether a record is of a topic; its types are the topic's then.
 *
 * @example
 * ```ts
 * for await (const record of log.consumer({ group: 'pages', topics: [clicks, perAddress] })) {
 *   if (isFrom(clicks, record)) console.log(record.value.page)
 *   break
 * }
 * ```
 */
export function isFrom<K, V>(topic: Topic<K, V>, record: LogRecord<unknown, unknown>): record is LogRecord<K, V> {
  const constant = checkTopic('isFrom', topic)
  return Object(record) === record && readField('isFrom', record, 'topic') === constant.name
}

/**
 * Reads topics from positions that its group keeps. Made by {@link Log.consumer}.
 *
 * Every partition of the group's topics is read by exactly one of its members, in the order of its offsets; partitions take
 * turns. A record is done when the loop asks for the next one: what is done is committed every `autoCommitMs`, when
 * partitions go, when a loop is left, and on close. After a crash, reading goes on at what was committed, so each record is
 * handed out at least once. The record that a loop is left on (by `break` or by a throw) is not done and comes again, unless
 * `commit(record)` says otherwise.
 *
 * A damaged batch or a record that cannot be decoded ends the loop with an error that has topic, partition and offset.
 * The consumer stays usable: to skip it, seek to the error's offset + 1 and loop again.
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
export class Consumer<R extends LogRecord<unknown, unknown>>
  implements AsyncIterable<R>, AsyncDisposable, OffsetSource, ConsumerControl
{
  /**
   * The records as an Observable: those of one fetch in each turn of the event loop, until it is unsubscribed. Nothing waits
   * for what a subscriber does asynchronously, so positions are committed by hand; for asynchronous work use a loop.
   *
   * @example
   * ```ts
   * const consumer = log.consumer({ group: 'pages', topics: [clicks] })
   * consumer.records$.subscribe(({ value }) => console.log(value.page)).unsubscribe()
   * ```
   */
  readonly records$: Observable<R>
  readonly #log: ConsumerLog
  readonly #core: ConsumerCore
  readonly #group: string | undefined

  /** @internal made by {@link Log.consumer} */
  constructor(log: ConsumerLog, options: ConsumerOptions<TopicSource>, onClose: (consumer: Consumer<R>) => void) {
    const settings = checkConsumerOptions(options)
    this.#log = log
    this.#group = settings.group
    this.#core = new ConsumerCore(
      log,
      settings,
      async (hook, partitions) => hook(partitions, this),
      () => onClose(this),
    )
    this.records$ = observableRecords(this.#core) as Observable<R>
  }

  /**
   * The records one by one.
   *
   * @throws MillraceError `damaged`, `undecodable`, `unexpected_null`, `position_lost`, `topic_unknown`, `member_fenced` for a
   *   static member whose place was taken
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<R> {
    return new RecordLoop(this.#core) as AsyncIterableIterator<LogRecord<unknown, unknown>> as AsyncIterableIterator<R>
  }

  /**
   * The records in batches of one partition each, up to `maxRecords` (default 10,000) or about 1 MiB. A batch is done when the
   * loop asks for the next one. Throws as the loop over records does.
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
  batches(options: { readonly maxRecords?: number | undefined } = {}): AsyncIterableIterator<BatchOf<R>> {
    const { maxRecords = 10_000 } = checkOptions('batches', options, ['maxRecords'])
    const recordsMax = checkWhole('maxRecords', maxRecords, 1)
    const loop: AsyncIterableIterator<unknown> = new BatchLoop(this.#core, recordsMax)
    return loop as AsyncIterableIterator<BatchOf<R>>
  }

  /**
   * Commits positions, durably when it resolves: everything up to and with a record or batch, given positions, or, without an
   * argument, everything that was handed out.
   *
   * @throws MillraceError `member_fenced` when a partition is not its own any more, `owned_by_application`, `bad_option` without a
   *   group, `closed`
   */
  async commit(
    what?: R | RecordBatch<unknown, unknown> | readonly PositionInput[],
    metadata: string = '',
  ): Promise<void> {
    checkNote(metadata)
    const positions =
      what === undefined
        ? this.#core.handedOut().map((position) => ({ ...position, metadata }))
        : positionsOf(what).map((one) => this.#toCommit(one, metadata))
    this.#core.commit(positions)
  }

  #toCommit({ topic, partition, offset, metadata }: PositionInput, note: string): PositionCommit {
    const name = nameOf(topic)
    const place = this.#core.lanes.find(name, partition)?.partition ?? this.#partition(name, partition)
    checkWhole(`the offset to commit for ${name}[${place.partition}]`, offset, 0)
    return { partition: place, offset, metadata: metadata === undefined ? note : checkNote(metadata) }
  }

  #partition(topic: string, partition: number): PartitionId {
    this.#log.refresh()
    return partitionAt(this.#log.topics.describe(topic), partition)
  }

  /**
   * Goes on elsewhere in a partition that it has: everything before counts as done, from there on nothing does. Before the first
   * loop a member has no partitions yet: seek in `onAssigned`.
   *
   * @throws MillraceError `bad_option`, `position_lost` for an offset past the end
   */
  seek(topic: TopicName, partition: number, target: SeekTarget): void {
    const lane = this.#lane(topic, partition)
    this.#log.refresh()
    lane.moveTo(seekOffset(this.#log, lane.partition, target))
    this.#core.wake()
  }

  /** Hands out nothing more of these partitions until {@link resume}; they stay its own. */
  pause(partitions: readonly TopicPartition[] = this.assignment()): void {
    for (const lane of this.#lanesOf(partitions)) lane.pause()
  }

  /** Goes on with partitions that were paused. */
  resume(partitions: readonly TopicPartition[] = this.assignment()): void {
    for (const lane of this.#lanesOf(partitions)) lane.resume()
    this.#core.wake()
  }

  #lanesOf(partitions: readonly TopicPartition[]): readonly Lane[] {
    return checkList('the list of partitions', partitions).map((one) => {
      const { topic, partition } = checkOptions('a partition', one, ['topic', 'partition'])
      return this.#lane(topic, partition)
    })
  }

  /** The partitions that it has. */
  assignment(): readonly TopicPartition[] {
    return this.#core.lanes.all.map(({ partition: { topic, partition } }) => ({ topic, partition }))
  }

  /**
   * The offset after the last record that was handed out of a partition; undefined until it is known where to begin.
   */
  position(topic: TopicName, partition: number): Offset | undefined {
    return this.#lane(topic, partition).position as Offset | undefined
  }

  /** What its group has committed for a partition. */
  committed(topic: TopicName, partition: number): CommittedPosition | undefined {
    if (this.#group === undefined) return undefined
    return this.#log.positions.get(this.#group, this.#partition(nameOf(topic), partition))
  }

  /** How many offsets there are from its position to the end of a partition. */
  lag(topic: TopicName, partition: number): number {
    const lane = this.#lane(topic, partition)
    this.#log.refresh()
    if (lane.position === undefined) this.#core.lanes.place(lane)
    return this.#log.endOffset(lane.partition) - (lane.position ?? 0)
  }

  /** Counts since it was made. */
  metrics(): ConsumerMetrics {
    return this.#core.metrics
  }

  #lane(topic: TopicName, partition: number): Lane {
    const name = nameOf(topic)
    const lane = this.#core.lanes.find(name, partition)
    if (lane !== undefined) return lane
    throw new MillraceError(
      'bad_option',
      `${escaped(name)}[${shown(partition)}] is not assigned to this consumer at the moment`,
      {
        topic: name,
        partition,
      },
    )
  }

  /**
   * What was handed out up to now, for the transaction of a producer.
   *
   * @internal called by `sendOffsets`
   */
  stageOffsets(): OffsetStage {
    this.#core.checkCommitsByHand()
    return this.#core.stage(this.#core.handedOut())
  }

  /**
   * Ends the loop, commits what is done and leaves the group, so that others take over at once. A static member keeps
   * its place until its session times out.
   *
   * It waits, for `closeTimeoutMs` at most, until the body of a loop asks for the next record, so that the one in hand
   * is done and does not come again. Called from inside the body it does not wait: the record in hand then counts as
   * not done, unless it was committed before.
   */
  async close(): Promise<void> {
    await this.#core.close()
  }

  /** {@link close}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

function checkNote(metadata: string): string {
  if (typeof metadata === 'string') return metadata
  throw new MillraceError('bad_option', `the metadata of a commit is a string, not ${shown(metadata)}`)
}

function positionsOf(
  what: LogRecord<unknown, unknown> | RecordBatch<unknown, unknown> | readonly PositionInput[],
): readonly PositionInput[] {
  if (isInstance(what, Array)) {
    return checkList('the list of positions', what as readonly PositionInput[]).map((one) =>
      checkOptions('a position', one, ['topic', 'partition', 'offset', 'metadata']),
    )
  }
  const field = (of: object, name: string): unknown => readField('commit', of, name)
  if (typeof what !== 'object' || what === null || field(what, 'partition') === undefined) {
    throw new MillraceError('bad_option', `commit takes a record, a batch or a list of positions, not ${shown(what)}`)
  }
  const records = field(what, 'records')
  const last: unknown = records === undefined ? what : checkList('records', records as readonly object[]).at(-1)
  if (last === undefined) return []
  const offset = Object(last) === last ? field(last as object, 'offset') : undefined
  const place = { topic: field(what, 'topic') as string, partition: field(what, 'partition') as number }
  return [{ ...place, offset: checkWhole('the offset of the record', offset as number, 0) + 1 }]
}
