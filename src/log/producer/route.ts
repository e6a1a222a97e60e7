/**
 * How a producer writes a topic: its codecs, its rules, and an outbox for each partition.
 */
import type { Clock } from '../../core/clock.ts'
import { MillraceError, messageOf } from '../../core/errors.ts'
import { shown } from '../../core/shown.ts'
import { partitionOf } from '../../core/partitioner.ts'
import { disown, isPromise } from '../../core/promises.ts'
import type { RecordInput } from '../../core/record.ts'
import type { Codec } from '../../core/serde.ts'
import { defaultTopicConfig, type TopicConfig } from '../../core/topic-config.ts'
import { BatchBuilder, type BatchMark } from '../format/batch.ts'
import type { Compression } from '../format/compression.ts'
import type { TopicDescription, TopicDraft } from '../kept/topics.ts'
import { type PartitionId, partitionsOf } from '../format/partition-id.ts'

/** The open end of a partition: batches that are ready, the one under construction, and who waits for them. */
export interface Outbox {
  /** Its topic has no id while that is a draft. */
  partition: PartitionId
  readonly builder: BatchBuilder
  /** As they were built. */
  ready: Buffer[]
  /** Records in `ready` and `builder`. */
  count: number
  /** Offset of the first record; known after the commit. */
  baseOffset: number
  /** Where it stood before the call under way that may have to be taken back as a whole. */
  mark: OutboxMark | undefined
}

export interface OutboxMark {
  readonly outbox: Outbox
  /** How many batches were ready. */
  readonly readyCount: number
  readonly count: number
  readonly batch: BatchMark
  /** The records of the batch that was open, once it is built. */
  records: Buffer | undefined
}

/** A topic as a producer found it. */
export interface TopicOutboxes {
  readonly name: string
  id: number
  /** While it does not exist: what it will be created as. */
  draft: TopicDraft | undefined
  readonly config: TopicConfig
  readonly limitsTimestamps: boolean
  readonly outboxes: readonly Outbox[]
  /** Where records without a key go until the next flush. */
  sticky: number
}

/** What a typed constant says of a topic: where its records go, and how they are encoded. */
export interface Route {
  readonly topic: TopicOutboxes
  readonly keyCodec: Codec<unknown>
  readonly valueCodec: Codec<unknown>
}

/**
 * Says which partition, from 0, a record goes to. Records of one key keep their order only if it always says the same
 * for it.
 */
export type Partitioner = (
  record: RecordInput<unknown, unknown>,
  to: { readonly topic: string; readonly partitions: number },
) => number

export function topicOutboxes(found: TopicDescription | TopicDraft, compression: Compression): TopicOutboxes {
  const draft = 'topic' in found ? found : undefined
  const description = 'topic' in found ? found.topic : found
  const { name, id } = description
  const config = { ...defaultTopicConfig, ...description.config }
  const { compressionType, messageTimestampType, messageTimestampBeforeMaxMs, messageTimestampAfterMaxMs } = config
  return {
    name,
    id,
    draft,
    config,
    // The producer's time does not count where the log gives its own.
    limitsTimestamps:
      messageTimestampType === 'CreateTime' && (messageTimestampBeforeMaxMs >= 0 || messageTimestampAfterMaxMs >= 0),
    outboxes: partitionsOf(description).map((partition) => ({
      partition,
      builder: new BatchBuilder(compressionType === 'producer' ? compression : compressionType),
      ready: [],
      count: 0,
      baseOffset: -1,
      mark: undefined,
    })),
    sticky: 0,
  }
}

/**
 * The partition of a record whose encoded key is bytes[0, keyEnd); a keyEnd of -1 is null.
 *
 * @throws MillraceError `bad_record` for a partition that the topic does not have, `user_function_threw`
 */
export function partitionFor(
  { topic, keyCodec }: Route,
  record: RecordInput<unknown, unknown>,
  bytes: Uint8Array,
  keyEnd: number,
  partitioner: Partitioner | undefined,
): number {
  const partitions = topic.outboxes.length
  if (record.partition !== undefined) return checkPartition('partition', record.partition, topic)
  if (partitioner !== undefined) {
    const chosen = ask(partitioner, record, { topic: topic.name, partitions })
    if (isPromise(chosen)) throw promisedPartition(chosen, topic)
    return checkPartition('what the partitioner returned,', chosen, topic)
  }
  if (keyEnd < 0) return topic.sticky
  return partitionOf(bytes, 0, keyEnd - keyCodec.partitionSuffixBytes, partitions)
}

function ask(partitioner: Partitioner, record: RecordInput<unknown, unknown>, to: Parameters<Partitioner>[1]): number {
  try {
    return partitioner(record, to)
  } catch (cause) {
    throw new MillraceError('user_function_threw', `the partitioner threw: ${messageOf(cause)}`, {
      topic: to.topic,
      cause,
    })
  }
}

function promisedPartition(promise: unknown, { name }: TopicOutboxes): MillraceError {
  disown(promise)
  return new MillraceError(
    'bad_record',
    'the partitioner returned a promise, but it must be synchronous; return a number',
    {
      topic: name,
    },
  )
}

function checkPartition(what: string, partition: number, { name, outboxes }: TopicOutboxes): number {
  if (Number.isInteger(partition) && partition >= 0 && partition < outboxes.length) return partition
  throw new MillraceError(
    'bad_record',
    `${what} ${shown(partition)} is not a partition of topic "${name}"; it has 0 to ${outboxes.length - 1}`,
    { topic: name },
  )
}

/**
 * Checks the time of a record against what its topic takes; for topics that limit it.
 *
 * @throws MillraceError `bad_record`
 */
export function checkTimestamp({ name, config }: TopicOutboxes, timestamp: number, clock: Clock): void {
  const { messageTimestampBeforeMaxMs, messageTimestampAfterMaxMs } = config
  const beforeMs = clock.now() - timestamp
  const isTooOld = messageTimestampBeforeMaxMs >= 0 && beforeMs > messageTimestampBeforeMaxMs
  const isTooNew = messageTimestampAfterMaxMs >= 0 && -beforeMs > messageTimestampAfterMaxMs
  if (!isTooOld && !isTooNew) return
  throw new MillraceError(
    'bad_record',
    `the timestamp ${timestamp} lies ${Math.abs(beforeMs)} ms ${isTooOld ? 'behind' : 'ahead of'} the clock, ` +
      `more than topic "${name}" takes (${isTooOld ? messageTimestampBeforeMaxMs : messageTimestampAfterMaxMs} ms)`,
    { topic: name },
  )
}

/** @throws MillraceError `bad_record` */
export function checkNullKey({ topic: { name, config }, keyCodec }: Route): void {
  if (!keyCodec.nullable) {
    throw new MillraceError('bad_record', `the key is null, but topic "${name}" does not say nullable`, { topic: name })
  }
  if (config.cleanupPolicy === 'delete') return
  throw new MillraceError(
    'bad_record',
    `the key is null, but topic "${name}" is compacted (cleanupPolicy ${config.cleanupPolicy}), which needs keys`,
    { topic: name },
  )
}
