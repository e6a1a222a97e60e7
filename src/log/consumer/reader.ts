/**
 * Reading a topic without a group: every record from a place on, once, and on request whatever comes later.
 */
import { MillraceError } from '../../core/errors.ts'
import { checkBoolean, checkOptions, checkSignal, checkWhole } from '../../core/checks.ts'
import type { LogRecord } from '../../core/record.ts'
import { type Codec, codecOf, topicCodecOf } from '../../core/serde.ts'
import { checkTopic, type Topic } from '../../core/topic.ts'
import { decodeRecord } from '../format/decode.ts'
import type { ReadFrom, ReadOptions, RecordBatch, TopicReader } from './face.ts'
import type { ReaderLog } from './consumer-log.ts'
import type { RecordSource } from '../kept/record-source.ts'
import { RecordWalk } from './record-walk.ts'
import { checkNotReplaced } from './replaced-topic.ts'
import { positionLost } from '../kept/partitions.ts'
import { checkSeekTarget, seekOffset } from './start-offset.ts'
import { partitionAt, type PartitionId, partitionsOf } from '../format/partition-id.ts'

/** A reader of a directory. */
export class EmbeddedReader<K, V> implements TopicReader<K, V> {
  readonly #log: ReaderLog
  readonly #topic: Topic<K, V>
  readonly #keyCodec: Codec<K>
  readonly #valueCodec: Codec<V>
  readonly #options: ReadOptions
  #missed = 0

  constructor(log: ReaderLog, topic: Topic<K, V>, options: ReadOptions) {
    this.#log = log
    this.#topic = checkTopic('read', topic)
    this.#keyCodec = codecOf(this.#topic.key)
    this.#valueCodec = topicCodecOf(this.#topic.value)
    this.#options = checkReadOptions(options)
  }

  get missed(): number {
    return this.#missed
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<LogRecord<K, V>, void, undefined> {
    for await (const { records } of this.batches()) yield* records
  }

  async *batches(): AsyncGenerator<RecordBatch<K, V>, void, undefined> {
    const { follow = false, signal } = this.#options
    if (!this.#log.outstanding.isEmpty) await this.#log.outstanding.settled()
    this.#log.refresh()
    const walks = this.#walks()
    let topicsVersion = this.#log.topics.version()
    let wake: () => void = noop
    const stopWatching = follow ? this.#log.onCommit(() => wake()) : noop
    const onAbort = (): void => wake()
    signal?.addEventListener('abort', onAbort)
    try {
      for (;;) {
        if (signal?.aborted === true) return
        if (follow) {
          this.#log.refresh()
          const version = this.#log.topics.version()
          if (version !== topicsVersion) this.#followTopic(walks)
          topicsVersion = version
        }
        let progressed = false
        for (const walk of walks) {
          this.#log.refresh()
          if (!follow && walk.offset >= walk.endOffset) continue
          this.#catchUpWithDeletion(walk)
          const { records, failure } = this.#readBatch(walk)
          if (records.length > 0) {
            progressed = true
            yield { topic: this.#topic.name, partition: walk.partition.partition, records }
          }
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

  /** Records that are deleted before they are read are passed over, and counted. */
  #catchUpWithDeletion(walk: BoundedWalk): void {
    const startOffset = this.#log.startOffset(walk.partition)
    if (walk.offset >= startOffset) return
    this.#missed += startOffset - walk.offset
    walk.moveTo(startOffset)
  }

  /** None while there is no such topic. */
  #walks(): BoundedWalk[] {
    const { from = 'beginning' } = this.#options
    const partitions = this.#partitions()
    if (partitions === undefined && typeof from === 'number' && from > 0) throw pastNothing(this.#topic.name, from)
    return (partitions ?? []).map((partition) => this.#walk(partition, this.#begin(partition, from)))
  }

  /** What came after the read began, a topic or more partitions of it, is new as a whole: it is read from its start. */
  #followTopic(walks: BoundedWalk[]): void {
    for (const { partition } of walks) checkNotReplaced(this.#log, partition)
    const added = this.#partitions()?.slice(walks.length) ?? []
    walks.push(...added.map((partition) => this.#walk(partition, 0)))
  }

  #walk(partition: PartitionId, offset: number): BoundedWalk {
    return new BoundedWalk(this.#log, partition, offset)
  }

  #partitions(): readonly PartitionId[] | undefined {
    const { partition: only } = this.#options
    const found = this.#log.topics.find(this.#topic.name)
    const count = found?.partitions ?? this.#topic.partitions
    if (only !== undefined && count !== undefined) checkWhole('the partition', only, 0, count - 1)
    if (found === undefined) {
      this.#log.topics.checkAll() // as an empty topic it would read for good
      return undefined
    }
    return only === undefined ? partitionsOf(found) : [partitionAt(found, only)]
  }

  #begin(partition: PartitionId, from: ReadFrom): number {
    const offset = seekOffset(this.#log, partition, from)
    const startOffset = this.#log.startOffset(partition)
    if (offset < startOffset) throw positionLost(partition, offset, startOffset)
    return offset
  }

  /** Records of one batch, up to its end or to the first one that cannot be read. */
  #readBatch(walk: BoundedWalk): { readonly records: LogRecord<K, V>[]; readonly failure: MillraceError | undefined } {
    const { cursor, partition, endOffset } = walk
    const { follow = false } = this.#options
    const records: LogRecord<K, V>[] = []
    try {
      // A batch may end before the offset that it was found for: compaction has taken the records from there on.
      while (records.length === 0 && walk.enterBatch()) {
        while (walk.nextInBatch()) {
          if (!follow && cursor.offset >= endOffset) return { records, failure: undefined }
          records.push(decodeRecord(cursor, partition, this.#keyCodec, this.#valueCodec))
        }
      }
      return { records, failure: undefined }
    } catch (error) {
      if (!(error instanceof MillraceError)) throw error
      return { records, failure: error }
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
  return from === undefined ? checked : { ...checked, from: checkSeekTarget(from) }
}

/** A walk that knows where its partition ended when it began. */
class BoundedWalk extends RecordWalk {
  readonly endOffset: number

  constructor(source: RecordSource, partition: PartitionId, offset: number) {
    super(source, partition, offset)
    this.endOffset = source.endOffset(partition)
  }
}

const noop = (): void => undefined
