/**
 * A consumer: reads topics from kept positions, alone or as a member of a group that shares the partitions.
 */
import type { Observable } from 'rxjs'
import { MillraceError } from '../../core/errors.ts'
import { checkList, checkOptions, checkWhole, isInstance, readField } from '../../core/checks.ts'
import { escaped } from '../../core/escaped.ts'
import { shown } from '../../core/shown.ts'
import type { LogRecord } from '../../core/record.ts'
import { checkTopic, type Topic } from '../../core/topic.ts'
import type { Offset } from '../../core/units.ts'
import { ConsumerCore } from './consumer-core.ts'
import { BatchLoop, observableRecords, RecordLoop } from './consumer-loop.ts'
import { checkConsumerOptions, type ConsumerOptions } from './consumer-options.ts'
import type { ConsumerLog } from './consumer-log.ts'
import type { ConsumerLag, ConsumerMetrics } from './consumer-metrics.ts'
import type { BatchOf, Consumer, PositionInput, RecordBatch } from './face.ts'
import { partitionAt, type PartitionId, type TopicPartition } from '../format/partition-id.ts'
import type { PositionCommit } from '../group/groups.ts'
import type { Lane } from './lane.ts'
import type { OffsetStage } from '../producer/offset-source.ts'
import type { CommittedPosition } from '../kept/position-row.ts'
import { isRecordLeft, nextTimestamp } from './record-walk.ts'
import { type SeekTarget, seekOffset } from './start-offset.ts'
import type { TopicSource } from './subscription.ts'
import { nameOf, type TopicName } from '../kept/topic-name.ts'

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

/** A consumer of a directory. */
export class EmbeddedConsumer<R extends LogRecord<unknown, unknown>> implements Consumer<R> {
  #records$: Observable<R> | undefined
  readonly #log: ConsumerLog
  readonly #core: ConsumerCore
  readonly #group: string | undefined
  readonly #autoCommitMs: number

  /** @internal made by {@link Log.consumer} */
  constructor(
    log: ConsumerLog,
    options: ConsumerOptions<TopicSource>,
    onClose: (consumer: EmbeddedConsumer<R>) => void,
  ) {
    const settings = checkConsumerOptions(options)
    this.#log = log
    this.#group = settings.group
    this.#autoCommitMs = settings.autoCommitMs
    this.#core = new ConsumerCore(
      log,
      settings,
      async (hook, partitions) => hook(partitions, this),
      () => onClose(this),
    )
  }

  get records$(): Observable<R> {
    return (this.#records$ ??= observableRecords(this.#core) as Observable<R>)
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<R> {
    return new RecordLoop(this.#core) as AsyncIterableIterator<LogRecord<unknown, unknown>> as AsyncIterableIterator<R>
  }

  batches(options: { readonly maxRecords?: number | undefined } = {}): AsyncIterableIterator<BatchOf<R>> {
    const { maxRecords = 10_000 } = checkOptions('batches', options, ['maxRecords'])
    const recordsMax = checkWhole('maxRecords', maxRecords, 1)
    const loop: AsyncIterableIterator<unknown> = new BatchLoop(this.#core, recordsMax)
    return loop as AsyncIterableIterator<BatchOf<R>>
  }

  async commit(
    what?: R | RecordBatch<unknown, unknown> | readonly PositionInput[],
    metadata: string = '',
  ): Promise<void> {
    checkNote(metadata)
    const { begun } = this.#core
    if (begun !== undefined) await begun
    const positions =
      what === undefined
        ? this.#core.handedOut().map((position) => ({ ...position, metadata }))
        : positionsOf(what).map((one) => this.#toCommit(one, metadata))
    await this.#core.inTurn(() => this.#core.commit(positions))
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

  seek(topic: TopicName, partition: number, target: SeekTarget): void {
    const lane = this.#lane(topic, partition)
    this.#log.outstanding.settleNow()
    this.#log.refresh()
    lane.seek(seekOffset(this.#log, lane.partition, target))
    this.#core.commitLater()
    this.#core.wake()
  }

  pause(partitions: readonly TopicPartition[] = this.assignment()): void {
    for (const lane of this.#lanesOf(partitions)) lane.pause()
  }

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

  assignment(): readonly TopicPartition[] {
    this.#core.beginNow()
    return this.#core.lanes.all.map(({ partition: { topic, partition } }) => ({ topic, partition }))
  }

  position(topic: TopicName, partition: number): Offset | undefined {
    return this.#lane(topic, partition).position as Offset | undefined
  }

  committed(topic: TopicName, partition: number): CommittedPosition | undefined {
    if (this.#group === undefined) return undefined
    this.#core.beginNow()
    this.#log.outstanding.settleNow()
    return this.#log.positions.get(this.#group, this.#partition(nameOf(topic), partition))
  }

  lag(topic: TopicName, partition: number): number {
    const lane = this.#lane(topic, partition)
    this.#log.outstanding.settleNow()
    this.#log.refresh()
    return this.#lagOf(lane)
  }

  #lagOf(lane: Lane): number {
    if (lane.position === undefined) this.#core.lanes.place(lane)
    const { startOffset, gapsEnd } = this.#log.partitions.row(lane.partition)
    const from = Math.max(lane.position ?? 0, startOffset)
    const offsets = Math.max(0, this.#log.endOffset(lane.partition) - from)
    const isCertain = offsets === 0 || from >= gapsEnd || lane.hasAhead
    return isCertain || isRecordLeft(this.#log, lane.partition, from) ? offsets : 0
  }

  metrics(): ConsumerMetrics {
    return this.#core.metrics((lane) => this.#lagIn(lane))
  }

  /** Undefined where nothing is read yet, or can be. */
  #lagIn(lane: Lane): ConsumerLag | undefined {
    const { partition, position } = lane
    if (position === undefined) return undefined
    try {
      const records = this.#lagOf(lane)
      const from = Math.max(position, this.#log.startOffset(partition))
      const timestamp = records === 0 ? undefined : nextTimestamp(this.#log, partition, from)
      const ageMs = timestamp === undefined ? 0 : Math.max(0, this.#log.clock.now() - timestamp)
      return { topic: partition.topic, partition: partition.partition, records, ageMs }
    } catch (error) {
      if (isInstance(error, MillraceError) && ['damaged', 'topic_unknown'].includes(error.code)) return undefined
      throw error
    }
  }

  #lane(topic: TopicName, partition: number): Lane {
    const name = nameOf(topic)
    this.#core.beginNow()
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

  stageOffsets(): OffsetStage {
    if (this.#autoCommitMs !== 0) throw commitsByItself(this.#autoCommitMs)
    const stage = this.#core.stage(this.#core.handedOut())
    return {
      write: (transaction) => {
        if (!this.#log.environment.isWriting) throw ofAnotherLog()
        stage.write(transaction)
      },
      committed: () => stage.committed(),
    }
  }

  async close(): Promise<void> {
    await this.#core.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/** What is done is not yet in a transaction. */
function commitsByItself(autoCommitMs: number): MillraceError {
  return new MillraceError(
    'bad_option',
    `the consumer commits by itself every ${autoCommitMs} ms, also what no transaction has written: make it with autoCommitMs: false`,
  )
}

function ofAnotherLog(): MillraceError {
  return new MillraceError(
    'bad_option',
    'sendOffsets takes a consumer of the log that the producer writes to, and of the same openLog: nothing of the ' +
      'transaction is written',
  )
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
