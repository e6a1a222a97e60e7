/**
 * Records on their way into the log: encoded, put to their partition, and gathered into batches until a flush writes
 * them all in one commit.
 */
import { ByteWriter } from '../../core/bytes.ts'
import type { Clock } from '../../core/clock.ts'
import { MillraceError } from '../../core/errors.ts'
import { toHeaders } from '../../core/headers.ts'
import type { RecordInput } from '../../core/record.ts'
import { type Codec, codecOf, encodeInto, topicCodecOf } from '../../core/serde.ts'
import { checkTopic, type Topic } from '../../core/topic.ts'
import type { TopicConfig } from '../../core/topic-config.ts'
import { toTimestamp } from '../../core/units.ts'
import type { WriteTransaction } from '../../storage/environment.ts'
import type { Compression } from '../format/compression.ts'
import type { ProducerLog } from './producer-log.ts'
import { type AppendOptions, topicDeleted } from '../kept/partitions.ts'
import type { ProducerIdentity } from '../kept/producers.ts'
import { createDrafts } from './drafted-topics.ts'
import type { HoldLimit } from './limits.ts'
import type { FlushTimes } from './producer-metrics.ts'
import { checkFields, checkRecord, recordError } from './record-input.ts'
import {
  checkNullKey,
  checkTimestamp,
  type Outbox,
  type OutboxMark,
  type Partitioner,
  partitionFor,
  type Route,
  topicOutboxes,
  type TopicOutboxes,
} from './route.ts'

/** The records that one call put into an outbox: `count` of them from its `first` on. */
export interface Appended {
  readonly outbox: Outbox
  readonly first: number
  readonly count: number
}

export interface OutboxOptions {
  readonly batchBytes: number
  /** Of all records that wait. */
  readonly limit: HoldLimit
  readonly compression: Compression
  readonly clock: Clock
  readonly partitioner?: Partitioner | undefined
}

/** What one commit of outboxes does beside writing their batches. */
export interface Flush {
  /**
   * Whose batches they are; called in the transaction, before they are written. Undefined leaves them without a
   * producer.
   */
  readonly identity?: ((transaction: WriteTransaction) => ProducerIdentity | undefined) | undefined
  /** Called in the transaction, after they are written. */
  readonly also?: ((transaction: WriteTransaction) => void) | undefined
  /** Whether records that cannot be written take the others with them. */
  readonly isWhole: boolean
  /** Called when all is durable, before the outboxes are empty again. */
  readonly written: (outboxes: readonly Outbox[], lost: readonly LostOutbox[], times: FlushTimes) => void
}

/** Records that could not be written: their topic was deleted, or is another than they were made for. */
export interface LostOutbox {
  readonly outbox: Outbox
  readonly error: MillraceError
}

/** More than the lengths within a record take. */
const lengthBytesMax = 16

export class Outboxes {
  readonly #log: ProducerLog
  readonly #options: OutboxOptions
  readonly #topics = new Map<string, TopicOutboxes>()
  /** By typed constant: forgotten with it, for a program may make one for every send. */
  #routes = new WeakMap<object, Route>()
  readonly #scratch = new ByteWriter(0)
  /** The catalogue that the routes are from. */
  #catalogueVersion = -1
  #pendingBytes = 0
  #pendingCount = 0
  /** Since when the first of them waits, in elapsed time. */
  #waitedSinceMs = 0
  /** Whether records are being encoded, which calls serdes and the partitioner of the user. */
  #isAppending = false
  /** Of the call under way that is taken as a whole: one for each outbox that it came to. */
  #marks: OutboxMark[] | undefined
  /** What waited before that call. */
  #heldBytes: number | undefined

  constructor(log: ProducerLog, options: OutboxOptions) {
    this.#log = log
    this.#options = options
  }

  /** Bytes of all records that wait, before compression. */
  get pendingBytes(): number {
    return this.#pendingBytes
  }

  /** Records that wait. */
  get pendingCount(): number {
    return this.#pendingCount
  }

  /**
   * How records of a topic are written. One that is missing is created: now, or by the flush while others commit.
   *
   * @throws MillraceError `partitions_differ`, and as {@link checkIdle}
   */
  route<K, V>(topic: Topic<K, V>): Route {
    this.checkIdle()
    if (this.#pendingCount === 0) this.#followCatalogue()
    let route = this.#routes.get(topic)
    if (route === undefined) {
      const constant = checkTopic('a producer', topic)
      const { name, key, value } = constant
      let outboxes = this.#topics.get(name)
      const found = this.#log.topics.ensureInTurn(constant, outboxes?.draft)
      if (outboxes === undefined) {
        outboxes = topicOutboxes(found, this.#options.compression)
        this.#topics.set(name, outboxes)
      }
      route = {
        topic: outboxes,
        keyCodec: codecOf(key) as Codec<unknown>,
        valueCodec: topicCodecOf(value) as Codec<unknown>,
      }
      this.#routes.set(topic, route)
    }
    return route
  }

  /**
   * A record that is half written cannot make room for another.
   *
   * @throws MillraceError `invalid_transaction_state` inside a serde or a partitioner that was called for a record
   */
  checkIdle(): void {
    if (!this.#isAppending) return
    throw new MillraceError(
      'invalid_transaction_state',
      'a serde or a partitioner cannot use the producer that called it; use another producer, or send afterwards',
    )
  }

  /** Topics may have been changed, or deleted, by anyone: what is known of them is looked up again then. */
  #followCatalogue(): void {
    this.#log.environment.refresh()
    const version = this.#log.topics.version()
    if (version === this.#catalogueVersion) return
    this.#forget()
    this.#catalogueVersion = version
  }

  #forget(): void {
    this.#routes = new WeakMap()
    this.#topics.clear()
  }

  /**
   * Encodes a record into the outbox of its partition, and closes its batch when that is full.
   *
   * @throws MillraceError `bad_record`, `encode_failed`, `user_function_threw`, and what the options say when the
   *   outboxes are full
   */
  append(route: Route, record: RecordInput<unknown, unknown>): Outbox {
    this.#isAppending = true
    try {
      checkFields(record)
      return this.#append(route, record)
    } catch (error) {
      throw recordError(error)
    } finally {
      this.#isAppending = false
    }
  }

  #append(route: Route, record: RecordInput<unknown, unknown>): Outbox {
    const scratch = this.#scratch
    const { topic, keyCodec, valueCodec } = route
    const { key, value } = record
    scratch.at = 0
    let keyEnd = -1
    if (key !== null) {
      encodeInto(keyCodec, key, scratch, 'key')
      keyEnd = scratch.at
    }
    if (keyEnd < 0) checkNullKey(route)
    const { clock } = this.#options
    const timestamp = toTimestamp(record.timestamp === undefined ? clock.now() : record.timestamp)
    if (topic.limitsTimestamps) checkTimestamp(topic, timestamp, clock)
    const headers = toHeaders(record.headers)
    const index = partitionFor(route, record, scratch.bytes, keyEnd, this.#options.partitioner)
    const outbox = topic.outboxes[index] as Outbox
    if (this.#marks !== undefined && outbox.mark === undefined) this.#marks.push(markOf(outbox))
    const { builder } = outbox
    builder.open(timestamp, scratch.bytes, 0, keyEnd)
    if (value !== null) encodeInto(valueCodec, value, builder.out, 'value')
    const before = builder.bytes
    const recordBytes = builder.out.at - before
    if (this.#pendingBytes + recordBytes > this.#options.limit.bytesMax) this.#refuse(topic, recordBytes)
    builder.close(value === null, headers, topic.config.maxMessageBytes)
    this.#pendingBytes += builder.bytes - before
    if (this.#pendingCount === 0) this.#waitedSinceMs = clock.elapsed()
    this.#pendingCount++
    outbox.count++
    if (builder.bytes >= this.#options.batchBytes) this.#closeFull(topic, outbox)
    return outbox
  }

  /** A record that is too large for its topic as well is left to that check: a larger buffer would not help it. */
  #refuse({ config }: TopicOutboxes, recordBytes: number): void {
    if (recordBytes > config.maxMessageBytes + lengthBytesMax) return
    throw this.#options.limit.exceeded({ recordBytes, heldBytes: this.#heldBytes ?? this.#pendingBytes })
  }

  /** Records without a key go to the next partition from here on. */
  #closeFull(topic: TopicOutboxes, outbox: Outbox): void {
    this.#close(outbox)
    if (outbox === topic.outboxes[topic.sticky]) stickToNext(topic)
  }

  #close(outbox: Outbox): void {
    const { builder, ready, mark } = outbox
    if (builder.count === 0) return
    if (mark?.readyCount === ready.length) mark.records = builder.recordsBefore(mark.batch)
    ready.push(builder.build())
  }

  /**
   * Encodes many records: all of them, or none when one of them is refused.
   *
   * @throws MillraceError as {@link append}
   */
  appendAll(route: Route, records: readonly RecordInput<unknown, unknown>[]): readonly Appended[] {
    const pendingBytes = this.#pendingBytes
    const pendingCount = this.#pendingCount
    const marks: OutboxMark[] = []
    this.#marks = marks
    this.#heldBytes = pendingBytes
    this.#isAppending = true
    try {
      // Records of one call are made by one piece of code: the fields of the first are those of all.
      if (records.length > 0) checkFields(records[0] as RecordInput<unknown, unknown>)
      for (const record of records) {
        checkRecord(record)
        this.#append(route, record)
      }
    } catch (error) {
      for (const mark of marks) takeBack(mark)
      this.#pendingBytes = pendingBytes
      this.#pendingCount = pendingCount
      throw recordError(error)
    } finally {
      this.#isAppending = false
      this.#marks = undefined
      this.#heldBytes = undefined
      for (const { outbox } of marks) outbox.mark = undefined
    }
    return marks
      .sort((a, b) => a.outbox.partition.partition - b.outbox.partition.partition)
      .map(({ outbox, count }) => ({ outbox, first: count, count: outbox.count - count }))
  }

  /**
   * Writes everything in one durable commit; the outboxes are empty then, also when it fails.
   *
   * @throws MillraceError `storage_failed`, and what the callbacks throw; nothing is written then
   */
  flush({ identity, also, isWhole, written }: Flush): void {
    const full: Outbox[] = []
    const drafts: TopicOutboxes[] = []
    let capacity = 0
    for (const topic of this.#topics.values()) {
      const fullBefore = full.length
      for (const outbox of topic.outboxes) {
        this.#close(outbox)
        capacity += outbox.builder.capacity
        if (outbox.count > 0) full.push(outbox)
      }
      if (topic.draft !== undefined && full.length > fullBefore) drafts.push(topic)
    }
    const { clock } = this.#options
    const startMs = clock.elapsed()
    const waitedSinceMs = this.#pendingCount === 0 ? startMs : this.#waitedSinceMs
    try {
      let kept: readonly Outbox[] = full
      let lost: readonly LostOutbox[] = []
      if (full.length > 0 || also !== undefined) {
        const nowMs = this.#log.clock.now()
        this.#log.environment.write((transaction) => {
          const refusals = createDrafts(transaction, this.#log.topics, drafts, isWhole)
          const configs = this.#configs(full)
          if (!isWhole) {
            kept = full.filter(({ partition }) => configs.has(partition.topicId))
            lost = full
              .filter(({ partition }) => !configs.has(partition.topicId))
              .map((outbox) => lostOutbox(outbox, refusals))
          }
          if (kept.length === 0 && also === undefined) return
          const owner = identity?.(transaction)
          for (const outbox of kept) {
            const { messageTimestampType } = configs.get(outbox.partition.topicId) ?? {}
            const options = { nowMs, usesAppendTime: messageTimestampType === 'LogAppendTime' }
            outbox.baseOffset = this.#write(transaction, owner, outbox, options)
          }
          also?.(transaction)
        })
      }
      written(kept, lost, { waitedSinceMs, startMs, endMs: clock.elapsed() })
    } finally {
      this.#empty(full)
      for (const topic of this.#topics.values()) {
        stickToNext(topic)
        if (capacity > this.#options.limit.bytesMax) for (const { builder } of topic.outboxes) builder.release()
      }
      if (drafts.length > 0) this.#forget() // written or undone, they are looked up again
    }
  }

  /** What the topics are configured as, by their id, as of this transaction; without those that were deleted. */
  #configs(outboxes: readonly Outbox[]): ReadonlyMap<number, Partial<TopicConfig>> {
    const isCurrent = this.#log.topics.version() === this.#catalogueVersion
    const found = new Map<number, Partial<TopicConfig>>()
    for (const topic of new Set(outboxes.map(({ partition }) => partition.topic))) {
      const { id, config } = (isCurrent ? this.#topics.get(topic) : this.#log.topics.find(topic)) ?? {}
      if (id !== undefined && config !== undefined) found.set(id, config)
    }
    return found
  }

  #write(
    transaction: WriteTransaction,
    owner: ProducerIdentity | undefined,
    { partition, ready }: Outbox,
    options: AppendOptions,
  ): number {
    const { partitions, producers } = this.#log
    if (owner === undefined) return partitions.append(transaction, partition, ready, options)
    return producers.appendOwn(transaction, owner, partition, ready, options)
  }

  /** Drops every record that waits. */
  discard(): void {
    for (const { outboxes } of this.#topics.values()) {
      for (const { builder } of outboxes) builder.clear()
      this.#empty(outboxes)
    }
  }

  #empty(outboxes: readonly Outbox[]): void {
    for (const outbox of outboxes) {
      outbox.ready = []
      outbox.count = 0
    }
    this.#pendingBytes = 0
    this.#pendingCount = 0
  }
}

function lostOutbox(outbox: Outbox, refusals: ReadonlyMap<string, MillraceError>): LostOutbox {
  const { topic } = outbox.partition
  return { outbox, error: refusals.get(topic) ?? topicDeleted(topic) }
}

function stickToNext(topic: TopicOutboxes): void {
  topic.sticky = (topic.sticky + 1) % topic.outboxes.length
}

function markOf(outbox: Outbox): OutboxMark {
  const { ready, count, builder } = outbox
  const batch = { end: 0, count: 0, baseTimestamp: 0, maxTimestamp: 0 }
  builder.save(batch)
  outbox.mark = { outbox, readyCount: ready.length, count, batch, records: undefined }
  return outbox.mark
}

function takeBack({ outbox, readyCount, count, batch, records }: OutboxMark): void {
  outbox.builder.restore(batch, records)
  outbox.ready.length = readyCount
  outbox.count = count
}
