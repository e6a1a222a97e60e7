/**
 * Reading a topic without a group: every record from a place on, once, and on request whatever comes later.
 */
import { MillraceError } from '../../core/errors.ts'
import { checkBoolean, checkOptions, checkSignal, checkWhole } from '../../core/checks.ts'
import type { LogRecord } from '../../core/record.ts'
import { type Codec, codecOf } from '../../core/serde.ts'
import { checkTopic, type Topic } from '../../core/topic.ts'
import { BatchCursor } from '../format/batch-cursor.ts'
import { withWayPast } from './damage.ts'
import { decodeRecord } from '../format/decode.ts'
import type { EmbeddedLog } from '../embedded-log.ts'
import { positionLost } from '../kept/partitions.ts'
import { checkTarget, type SeekTarget, seekOffset } from './start-offset.ts'
import { partitionAt, type PartitionId, partitionsOf } from '../format/partition-id.ts'

/** Where to begin: whatever a consumer can {@link Consumer.seek}. */
export type ReadFrom = SeekTarget

/** What {@link Log.read} takes. */
export interface ReadOptions {
  /** The only partition to read. Default: all partitions. */
  readonly partition?: number
  /** Where to begin. Default `beginning`. An offset counts in every partition that is read. */
  readonly from?: ReadFrom
  /** Whether to wait for new records at the end. Default false: the end is where it was at the first read. */
  readonly follow?: boolean
  /** Ends a read that follows: the loop is over, without an error. */
  readonly signal?: AbortSignal
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

/**
 * What {@link Log.read} returns: an async iterable of records.
 *
 * A topic that does not exist reads as an empty one, and is not created. A read that follows waits for it, and begins with
 * its first record.
 *
 * Records of a partition come in the order of their offsets; partitions take turns, a stored batch each. Each loop over
 * it begins again.
 *
 * @example
 * ```ts
 * for await (const { offset, value } of log.read(clicks, { follow: true })) {
 *   console.log(offset, value.page)
 *   if (value.status === 500) break
 * }
 * ```
 */
export class TopicReader<K, V> implements AsyncIterable<LogRecord<K, V>> {
  readonly #log: EmbeddedLog
  readonly #topic: Topic<K, V>
  readonly #keyCodec: Codec<K>
  readonly #valueCodec: Codec<V>
  readonly #options: ReadOptions
  #missed = 0

  constructor(log: EmbeddedLog, topic: Topic<K, V>, options: ReadOptions) {
    this.#log = log
    this.#topic = checkTopic('read', topic)
    this.#keyCodec = codecOf(this.#topic.key)
    this.#valueCodec = codecOf(this.#topic.value)
    this.#options = checkReadOptions(options)
  }

  /** How many offsets retention deleted while this reader was on its way to them. */
  get missed(): number {
    return this.#missed
  }

  /** The records one by one; it throws as {@link batches} does. */
  async *[Symbol.asyncIterator](): AsyncGenerator<LogRecord<K, V>, void, undefined> {
    for await (const { records } of this.batches()) yield* records
  }

  /**
   * The records by stored batch: for speed, when a loop over records is too slow.
   *
   * @example
   * ```ts
   * for await (const { records } of log.read(clicks).batches()) console.log(records.length)
   * ```
   * @throws MillraceError `damaged` (with the last offset of the batch), `undecodable` and `unexpected_null`, each after the
   *   last good record; to go on in that partition, read the error's `partition` alone, from its `offset` + 1
   */
  async *batches(): AsyncGenerator<RecordBatch<K, V>, void, undefined> {
    const { follow = false, signal } = this.#options
    this.#log.refresh()
    let lanes = this.#lanes()
    let wake: () => void = noop
    const stopWatching = follow ? this.#log.onCommit(() => wake()) : noop
    const onAbort = (): void => wake()
    signal?.addEventListener('abort', onAbort)
    try {
      for (;;) {
        if (signal?.aborted === true) return
        if (lanes === undefined && follow) lanes = this.#newLanes()
        let progressed = false
        for (const lane of lanes ?? []) {
          this.#log.refresh()
          if (!follow && lane.offset >= lane.endOffset) continue
          this.#catchUpWithDeletion(lane)
          if (!this.#load(lane)) continue
          progressed = true
          const { records, failure } = this.#decode(lane)
          if (records.length > 0) yield { topic: this.#topic.name, partition: lane.partition.partition, records }
          if (failure !== undefined) throw failure
        }
        if (progressed) continue
        if (!follow) return
        // Nothing can have come since the look above: there was no await in between.
        await new Promise<void>((resolve) => {
          wake = resolve
        })
        wake = noop
      }
    } finally {
      stopWatching()
      signal?.removeEventListener('abort', onAbort)
    }
  }

  /** Loads the batch that holds the lane's offset; false when there is none yet. */
  #load({ partition, offset, cursor }: Lane): boolean {
    let at = offset
    try {
      const stored = this.#log.batchAt(partition, offset)
      if (stored === undefined) return false
      at = stored.baseOffset
      cursor.load(stored.bytes, at)
      return true
    } catch (error) {
      throw withWayPast(this.#log, partition, at, error)
    }
  }

  /** Records that are deleted before they are read are passed over, and counted. */
  #catchUpWithDeletion(lane: Lane): void {
    const startOffset = this.#log.startOffset(lane.partition)
    if (lane.offset >= startOffset) return
    this.#missed += startOffset - lane.offset
    lane.offset = startOffset
  }

  /** Undefined while there is no such topic. */
  #lanes(): Lane[] | undefined {
    const { from = 'beginning' } = this.#options
    const partitions = this.#partitions()
    if (partitions === undefined && typeof from === 'number' && from > 0) throw pastNothing(this.#topic.name, from)
    return partitions?.map((partition) => this.#lane(partition, this.#begin(partition, from)))
  }

  /** For a topic that was created after the read began: all of it is new, so it is read from its start. */
  #newLanes(): Lane[] | undefined {
    this.#log.refresh()
    return this.#partitions()?.map((partition) => this.#lane(partition, 0))
  }

  #lane(partition: PartitionId, offset: number): Lane {
    return { partition, cursor: new BatchCursor(partition), offset, endOffset: this.#log.endOffset(partition) }
  }

  #partitions(): readonly PartitionId[] | undefined {
    const { partition: only } = this.#options
    const found = this.#log.topics.find(this.#topic.name)
    const count = found?.partitions ?? this.#topic.partitions
    if (only !== undefined && count !== undefined) checkWhole('the partition', only, 0, count - 1)
    if (found === undefined) return undefined
    return only === undefined ? partitionsOf(found) : [partitionAt(found, only)]
  }

  #begin(partition: PartitionId, from: ReadFrom): number {
    const offset = seekOffset(this.#log, partition, from)
    const startOffset = this.#log.startOffset(partition)
    if (offset < startOffset) throw positionLost(partition, offset, startOffset)
    return offset
  }

  /** The records of the loaded batch from the lane's offset to its end, or to the first one that does not decode. */
  #decode(lane: Lane): { readonly records: LogRecord<K, V>[]; readonly failure: MillraceError | undefined } {
    const { cursor } = lane
    const records: LogRecord<K, V>[] = []
    try {
      while (cursor.next()) {
        if (cursor.offset < lane.offset) continue
        if (!this.#options.follow && cursor.offset >= lane.endOffset) break
        records.push(decodeRecord(cursor, lane.partition, this.#keyCodec, this.#valueCodec))
      }
      lane.offset = cursor.endOffset
      return { records, failure: undefined }
    } catch (error) {
      if (!(error instanceof MillraceError)) throw error
      lane.offset = cursor.offset
      return { records, failure: withWayPast(this.#log, lane.partition, cursor.baseOffset, error) }
    }
  }
}

function pastNothing(topic: string, offset: number): MillraceError {
  return new MillraceError('position_lost', `the topic "${topic}" does not exist, so it has no offset ${offset} yet`, {
    topic,
    offset,
  })
}

/** What can be known before the first read; which partitions there are and where they end, only then. */
function checkReadOptions(options: ReadOptions): ReadOptions {
  const checked = checkOptions('read', options, ['partition', 'from', 'follow', 'signal'])
  const { partition, from, follow, signal } = checked
  if (partition !== undefined) checkWhole('the partition', partition, 0)
  if (follow !== undefined) checkBoolean('follow', follow)
  if (signal !== undefined) checkSignal('signal', signal)
  return from === undefined ? checked : { ...checked, from: checkTarget(from) }
}

interface Lane {
  readonly partition: PartitionId
  readonly cursor: BatchCursor
  offset: number
  readonly endOffset: number
}

const noop = (): void => undefined
