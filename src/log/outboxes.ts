/**
 * Records on their way into the log: encoded, put to their partition, and gathered into batches until a flush writes them
 * all in one commit.
 */
import { ByteWriter } from '../core/bytes.ts'
import type { Clock } from '../core/clock.ts'
import { MillraceError } from '../core/errors.ts'
import { toHeaders } from '../core/headers.ts'
import { partitionOf } from '../core/partitioner.ts'
import type { RecordInput } from '../core/record.ts'
import { type Codec, codecOf, encodeInto } from '../core/serde.ts'
import type { Topic } from '../core/topic.ts'
import { toTimestamp } from '../core/units.ts'
import { BatchBuilder, type Compression } from './batch.ts'
import type { EmbeddedLog } from './embedded-log.ts'
import type { PartitionId } from './partitions.ts'

/** The open end of a partition: batches that are ready, the one under construction, and who waits for them. */
export interface Outbox {
  readonly partition: PartitionId
  readonly builder: BatchBuilder
  ready: Buffer[]
  /** Records in `ready` and `builder`. */
  count: number
  /** Offset of the first record; known after the commit. */
  baseOffset: number
}

/** The outboxes of a topic, and how its records are encoded. */
export interface Route {
  readonly topic: string
  readonly keyCodec: Codec<unknown>
  readonly valueCodec: Codec<unknown>
  readonly outboxes: readonly Outbox[]
  /** Where records without a key go until the next flush. */
  sticky: number
}

/** Where an outbox stood before a call that may have to be taken back. */
interface OutboxMark {
  readonly outbox: Outbox
  readonly ready: number
  readonly count: number
}

export interface OutboxMarks {
  readonly marks: readonly OutboxMark[]
  readonly pendingBytes: number
}

export interface OutboxOptions {
  readonly batchBytes: number
  readonly bufferBytes: number
  readonly compression: Compression
  readonly clock: Clock
}

export class Outboxes {
  readonly #log: EmbeddedLog
  readonly #options: OutboxOptions
  readonly #routes = new Map<object, Route>()
  readonly #outboxes = new Map<string, readonly Outbox[]>()
  readonly #scratch = new ByteWriter(4_096)
  /** Bytes of all records that wait, before compression. */
  #pendingBytes = 0

  constructor(log: EmbeddedLog, options: OutboxOptions) {
    this.#log = log
    this.#options = options
  }

  /**
   * How records of a topic are written; creates the topic when it is missing.
   *
   * @throws MillraceError `partitions_differ`
   */
  route<K, V>(topic: Topic<K, V>): Route {
    let route = this.#routes.get(topic)
    if (route === undefined) {
      const [description] = this.#log.ensureTopics([topic])
      if (description === undefined) throw new MillraceError('topic_unknown', `there is no topic "${topic.name}"`)
      let outboxes = this.#outboxes.get(topic.name)
      if (outboxes === undefined) {
        outboxes = Array.from({ length: description.partitions }, (_, partition) => ({
          partition: { topic: topic.name, topicId: description.id, partition },
          builder: new BatchBuilder(this.#options.compression),
          ready: [],
          count: 0,
          baseOffset: -1,
        }))
        this.#outboxes.set(topic.name, outboxes)
      }
      route = {
        topic: topic.name,
        keyCodec: codecOf(topic.key) as Codec<unknown>,
        valueCodec: codecOf(topic.value) as Codec<unknown>,
        outboxes,
        sticky: 0,
      }
      this.#routes.set(topic, route)
    }
    return route
  }

  /**
   * Encodes a record into the outbox of its partition, and closes its batch when that is full.
   *
   * @throws MillraceError `bad_record`, `encode_failed`, `buffer_full`
   */
  append(route: Route, record: RecordInput<unknown, unknown>): Outbox {
    const scratch = this.#scratch
    const { keyCodec, valueCodec } = route
    const { key, value } = record
    scratch.at = 0
    let keyEnd = -1
    if (key !== null) {
      encodeInto(keyCodec, key, scratch, 'key')
      keyEnd = scratch.at
    } else if (!keyCodec.nullable) {
      throw new MillraceError('bad_record', `the key is null, but topic "${route.topic}" does not say nullable`, {
        topic: route.topic,
      })
    }
    const timestamp = toTimestamp(record.timestamp ?? this.#options.clock.now())
    const headers = toHeaders(record.headers)
    const outbox = route.outboxes[
      keyEnd < 0
        ? route.sticky
        : partitionOf(scratch.bytes, 0, keyEnd - keyCodec.partitionSuffixBytes, route.outboxes.length)
    ] as Outbox
    const { builder } = outbox
    builder.open(timestamp, scratch.bytes, 0, keyEnd)
    if (value !== null) encodeInto(valueCodec, value, builder.out, 'value')
    const before = builder.bytes
    if (this.#pendingBytes + builder.out.at - before > this.#options.bufferBytes) {
      throw new MillraceError(
        'buffer_full',
        `the producer holds ${this.#options.bufferBytes} bytes that are not written yet; await earlier sends, or send less at once`,
      )
    }
    builder.close(value === null, headers)
    this.#pendingBytes += builder.bytes - before
    outbox.count++
    if (outbox.builder.bytes >= this.#options.batchBytes) this.#closeFull(route, outbox)
    return outbox
  }

  /** Records without a key go to the next partition from here on. */
  #closeFull(route: Route, outbox: Outbox): void {
    this.#seal(outbox)
    if (outbox === route.outboxes[route.sticky]) route.sticky = (route.sticky + 1) % route.outboxes.length
  }

  #seal(outbox: Outbox): void {
    if (outbox.builder.count === 0) return
    outbox.ready.push(outbox.builder.build())
  }

  /** Begins batches of their own in every outbox of a topic, so that {@link rollback} takes back exactly what follows. */
  mark(route: Route): OutboxMarks {
    const marks = route.outboxes.map((outbox) => {
      this.#seal(outbox)
      return { outbox, ready: outbox.ready.length, count: outbox.count }
    })
    return { marks, pendingBytes: this.#pendingBytes }
  }

  rollback({ marks, pendingBytes }: OutboxMarks): void {
    for (const { outbox, ready, count } of marks) {
      outbox.builder.clear()
      outbox.ready.length = ready
      outbox.count = count
    }
    this.#pendingBytes = pendingBytes
  }

  /**
   * Writes everything in one durable commit, and calls back before the outboxes are empty again.
   *
   * @throws MillraceError `storage_failed`; nothing is written then, and the outboxes are empty
   */
  flush(written: () => void): void {
    const full: Outbox[] = []
    for (const outboxes of this.#outboxes.values()) {
      for (const outbox of outboxes) {
        this.#seal(outbox)
        if (outbox.count > 0) full.push(outbox)
      }
    }
    try {
      if (full.length > 0) {
        const nowMs = this.#log.clock.now()
        this.#log.environment.write((transaction) => {
          for (const outbox of full) {
            outbox.baseOffset = this.#log.partitions.append(transaction, outbox.partition, outbox.ready, nowMs)
          }
        })
      }
      written()
    } catch (error) {
      // A topic may have been deleted: the next send asks for it again.
      this.#routes.clear()
      this.#outboxes.clear()
      throw error
    } finally {
      for (const outbox of full) {
        outbox.ready = []
        outbox.count = 0
      }
      for (const route of this.#routes.values()) route.sticky = (route.sticky + 1) % route.outboxes.length
      this.#pendingBytes = 0
    }
  }
}
