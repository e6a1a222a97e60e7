/**
 * What a run writes to topics: batches under construction for every output partition, until the commit takes them.
 */
import { present } from '../core/assert.ts'
import { ByteWriter } from '../core/bytes.ts'
import type { Carrier } from '../plan/carrier.ts'
import { MillraceError } from '../core/errors.ts'
import { type Header, noHeaders } from '../core/headers.ts'
import { partitionOf } from '../core/partitioner.ts'
import { type Codec } from '../core/serde.ts'
import type { TopicConfig } from '../core/topic-config.ts'
import { BatchBuilder, type BatchMark, letterBytesMax, recordBytesMax } from '../log/format/batch.ts'
import { type Commit, newTopicId, type TopicDescription } from '../log/contract.ts'
import type { Revertible, Turn } from '../plan/turn.ts'
import { type PartitionId, partitionsOf } from '../log/format/partition-id.ts'

/** A batch is closed at this size, between turns. */
const batchBytes = 131_072

/** Builders keep their buffers for the next batches, unless those of a topic are larger than this together. */
const capacityMax = 64 * 1_048_576

/** The open end of one output partition. */
class OutputPartition implements Revertible {
  readonly partition: PartitionId
  /** Whether its records get the time of the commit. */
  readonly usesAppendTime: boolean
  readonly builder: BatchBuilder
  readonly batches: Buffer[] = []
  turn = -1
  readonly #mark: BatchMark = { end: 0, count: 0, baseTimestamp: 0, maxTimestamp: 0 }

  constructor(partition: PartitionId, { compressionType, messageTimestampType }: Partial<TopicConfig>) {
    this.partition = partition
    this.usesAppendTime = messageTimestampType === 'LogAppendTime'
    this.builder = new BatchBuilder(compressionType === 'producer' ? 'none' : compressionType)
  }

  /**
   * Batches are closed only here, when a turn begins to write, so that {@link revert} finds its records in the builder.
   */
  beginTurn(turn: Turn): void {
    if (this.builder.bytes >= batchBytes) this.seal()
    this.builder.save(this.#mark)
    turn.touch(this)
  }

  revert(): void {
    this.builder.restore(this.#mark)
  }

  seal(): void {
    if (this.builder.count > 0) this.batches.push(this.builder.build())
  }
}

/** One topic that is written to. */
export class Output {
  readonly topic: string
  /** Whether the topic is created by the commit. */
  readonly isNew: boolean
  readonly #partitions: readonly OutputPartition[]
  readonly #recordBytesMax: number
  readonly #turn: Turn
  readonly #pending: { bytes: number }
  readonly #scratch = new ByteWriter(1_024)

  /** @param pending counts the bytes of all outputs that wait for the commit; an undone turn's bytes stay counted */
  constructor(topic: TopicDescription, turn: Turn, pending: { bytes: number }) {
    this.topic = topic.name
    this.isNew = topic.id === newTopicId
    this.#recordBytesMax = topic.config.maxMessageBytes ?? recordBytesMax
    this.#turn = turn
    this.#pending = pending
    this.#partitions = partitionsOf(topic).map((partition) => new OutputPartition(partition, topic.config))
  }

  /** @throws MillraceError `partitions_differ` for a constant of the topic that says another number than it has */
  checkPartitions(said: number | undefined): void {
    const { length } = this.#partitions
    if (said === undefined || said === length) return
    throw new MillraceError(
      'partitions_differ',
      `the topic "${this.topic}" has ${length} partitions, but the constant that a record goes to says ${said}; say ` +
        `partitions: ${length}, or use another name`,
      { topic: this.topic },
    )
  }

  /**
   * Writes a record to the partition of its key; one without a key to a partition that follows from its task.
   *
   * @throws MillraceError `unexpected_null`, `encode_failed`, `bad_record`, and what decoding throws
   */
  write(carrier: Carrier, keyCodec: Codec<unknown>, valueCodec: Codec<unknown>, taskPartition: number): void {
    const scratch = this.#scratch
    scratch.at = 0
    let keyEnd = -1
    if (!carrier.isKeyNull) {
      carrier.writeKey(keyCodec, scratch)
      keyEnd = scratch.at
    } else if (!keyCodec.nullable) {
      throw new MillraceError('unexpected_null', `the key is null, but topic "${this.topic}" does not say nullable`)
    }
    const index =
      keyEnd < 0
        ? taskPartition % this.#partitions.length
        : partitionOf(scratch.bytes, 0, keyEnd - keyCodec.partitionSuffixBytes, this.#partitions.length)
    const output = this.#open(index)
    const { builder } = output
    const before = builder.bytes
    builder.open(carrier.timestamp, scratch.bytes, 0, keyEnd)
    const { isValueNull } = carrier
    if (!isValueNull) carrier.writeValue(valueCodec, builder.out)
    builder.close(isValueNull, carrier.headers, this.#recordBytesMax)
    this.#pending.bytes += builder.bytes - before
  }

  /** Writes the bytes of a record of the log as they are, for a dead letter: any size of a record, and its headers. */
  writeRaw(
    timestamp: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers: readonly Header[] = noHeaders,
  ): void {
    const scratch = this.#scratch
    scratch.at = 0
    if (key !== null) scratch.append(key, 0, key.length)
    const keyLength = scratch.at
    if (value !== null) scratch.append(value, 0, value.length)
    const index = key === null ? 0 : partitionOf(scratch.bytes, 0, keyLength, this.#partitions.length)
    const output = this.#open(index)
    const before = output.builder.bytes
    output.builder.append(
      timestamp,
      scratch.bytes,
      0,
      key === null ? -1 : keyLength,
      keyLength,
      value === null ? -1 : scratch.at,
      headers,
      letterBytesMax,
    )
    this.#pending.bytes += output.builder.bytes - before
  }

  #open(index: number): OutputPartition {
    const output = present(this.#partitions[index], 'a partition of a record is one of its topic')
    if (output.turn !== this.#turn.number) output.beginTurn(this.#turn)
    return output
  }

  /** Closes the batches and hands them out for a commit; {@link committed} forgets them. */
  take(): Commit['appends'] {
    for (const output of this.#partitions) output.seal()
    return this.#partitions.filter(({ batches }) => batches.length > 0)
  }

  /** After the commit is durable. */
  committed(): void {
    let capacity = 0
    for (const output of this.#partitions) {
      output.batches.length = 0
      capacity += output.builder.capacity
    }
    if (capacity > capacityMax) for (const { builder } of this.#partitions) builder.release()
  }
}
