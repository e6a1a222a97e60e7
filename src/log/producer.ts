/**
 * A producer: encodes records into batches as they are sent, and writes all of them in one durable commit per flush.
 */
import { ByteWriter } from '../core/bytes.ts'
import { type Clock, systemClock } from '../core/clock.ts'
import { MillraceError } from '../core/errors.ts'
import { toHeaders } from '../core/headers.ts'
import { checkOptions, checkWhole } from '../core/names.ts'
import { partitionOf } from '../core/partitioner.ts'
import type { RecordInput } from '../core/record.ts'
import { type Codec, codecOf, encodeInto } from '../core/serde.ts'
import type { Topic } from '../core/topic.ts'
import { type Offset, toTimestamp } from '../core/units.ts'
import { BatchBuilder, type Compression, compressionCodes } from './batch.ts'
import type { EmbeddedLog } from './embedded-log.ts'
import type { PartitionId } from './partitions.ts'

/** Where a record was written. */
export interface SendResult {
  readonly topic: string
  readonly partition: number
  readonly offset: Offset
}

/** Where the records of one `sendMany` were written: for each partition that got some, the first offset and how many. */
export interface SendManyResult {
  readonly topic: string
  readonly count: number
  readonly partitions: readonly { readonly partition: number; readonly baseOffset: Offset; readonly count: number }[]
}

export interface ProducerOptions {
  /** How long to wait for more records before a flush, in ms. Default 0: until the event loop is free. */
  readonly lingerMs?: number
  /** The size that a batch is closed at. Default 131,072. */
  readonly batchBytes?: number
  /** The most bytes that may wait for a flush. Default 64 MiB. */
  readonly bufferBytes?: number
  /** Per batch. Default `none`. */
  readonly compression?: Compression
  readonly clock?: Clock
}

/** The open end of a partition: batches that are ready, the one under construction, and who waits for them. */
interface Outbox {
  readonly partition: PartitionId
  readonly builder: BatchBuilder
  ready: Buffer[]
  /** Records in `ready` and `builder`. */
  count: number
  /** Offset of the first record; known after the commit. */
  baseOffset: number
}

/** The outboxes of a topic, and how its records are encoded. */
interface Route {
  readonly topic: string
  readonly keyCodec: Codec<unknown>
  readonly valueCodec: Codec<unknown>
  readonly outboxes: readonly Outbox[]
  /** Where records without a key go until the next flush. */
  sticky: number
}

interface Waiter {
  readonly settle: () => void
  readonly reject: (error: unknown) => void
}

/**
 * Writes records to topics.
 *
 * Whatever is sent without an `await` in between is written in one commit, over all partitions and topics: after a crash
 * all of it is there or nothing. A promise resolves when its records are durable.
 */
export class Producer implements AsyncDisposable {
  readonly #log: EmbeddedLog
  readonly #lingerMs: number
  readonly #batchBytes: number
  readonly #bufferBytes: number
  readonly #compression: Compression
  readonly #clock: Clock
  readonly #routes = new Map<object, Route>()
  readonly #outboxes = new Map<string, readonly Outbox[]>()
  readonly #scratch = new ByteWriter(4_096)
  #waiters: Waiter[] = []
  #bufferedBytes = 0
  #cancelFlush: (() => void) | undefined
  #closed = false

  constructor(log: EmbeddedLog, options: ProducerOptions = {}) {
    checkOptions('a producer', options, ['lingerMs', 'batchBytes', 'bufferBytes', 'compression', 'clock'])
    this.#log = log
    this.#lingerMs = checkWhole('lingerMs', options.lingerMs ?? 0, 0)
    this.#batchBytes = checkWhole('batchBytes', options.batchBytes ?? 131_072, 1)
    this.#bufferBytes = checkWhole('bufferBytes', options.bufferBytes ?? 64 * 1_048_576, 1)
    this.#compression = options.compression ?? 'none'
    if (!(this.#compression in compressionCodes)) {
      throw new MillraceError(
        'bad_option',
        `compression is ${JSON.stringify(this.#compression)}; expected ${Object.keys(compressionCodes).join(' or ')}`,
      )
    }
    this.#clock = options.clock ?? systemClock
  }

  /**
   * Sends one record; resolves with its place when it is durable.
   *
   * A topic that does not exist is created. Records of one key keep their order.
   *
   * @throws MillraceError `bad_record`, `encode_failed`, `partitions_differ`, `buffer_full`, `closed`, `storage_failed`
   */
  send<K, V>(topic: Topic<K, V>, record: RecordInput<K, V>): Promise<SendResult> {
    return new Promise((resolve, reject) => {
      const route = this.#route(topic)
      const outbox = this.#append(route, record)
      const index = outbox.count - 1
      this.#sealIfFull(route, outbox)
      const place = outbox.partition
      this.#waiters.push({
        settle: () =>
          resolve({ topic: place.topic, partition: place.partition, offset: (outbox.baseOffset + index) as Offset }),
        reject,
      })
      this.#scheduleFlush()
    })
  }

  /**
   * Sends many records in one commit: all of them are written or none, also when one of them cannot be encoded.
   *
   * @throws MillraceError as {@link send}
   */
  sendMany<K, V>(topic: Topic<K, V>, records: Iterable<RecordInput<K, V>>): Promise<SendManyResult> {
    return new Promise((resolve, reject) => {
      const route = this.#route(topic)
      // Batches of its own, so that a record that fails takes back exactly this call.
      const before = route.outboxes.map((outbox) => {
        this.#seal(outbox)
        return { ready: outbox.ready.length, count: outbox.count }
      })
      const bufferedBefore = this.#bufferedBytes
      try {
        for (const record of records) this.#sealIfFull(route, this.#append(route, record))
      } catch (error) {
        for (const [index, outbox] of route.outboxes.entries()) {
          const mark = before[index] as (typeof before)[number]
          outbox.builder.clear()
          outbox.ready.length = mark.ready
          outbox.count = mark.count
        }
        this.#bufferedBytes = bufferedBefore
        throw error
      }
      const written = route.outboxes.flatMap((outbox, index) => {
        const first = before[index]?.count ?? 0
        return outbox.count === first ? [] : [{ outbox, first, count: outbox.count - first }]
      })
      this.#waiters.push({
        settle: () =>
          resolve({
            topic: route.topic,
            count: written.reduce((total, { count }) => total + count, 0),
            partitions: written.map(({ outbox, first, count }) => ({
              partition: outbox.partition.partition,
              baseOffset: (outbox.baseOffset + first) as Offset,
              count,
            })),
          }),
        reject,
      })
      this.#scheduleFlush()
    })
  }

  #route<K, V>(topic: Topic<K, V>): Route {
    if (this.#closed) throw new MillraceError('closed', 'the producer is closed')
    let route = this.#routes.get(topic)
    if (route === undefined) {
      const [description] = this.#log.ensureTopics([topic])
      if (description === undefined) throw new MillraceError('topic_unknown', `there is no topic "${topic.name}"`)
      let outboxes = this.#outboxes.get(topic.name)
      if (outboxes === undefined) {
        outboxes = Array.from({ length: description.partitions }, (_, partition) => ({
          partition: { topic: topic.name, topicId: description.id, partition },
          builder: new BatchBuilder(this.#compression),
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

  /** Encodes a record into the outbox of its partition. */
  #append(route: Route, record: RecordInput<unknown, unknown>): Outbox {
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
    const valueStart = scratch.at
    let valueEnd = -1
    if (value !== null) {
      encodeInto(valueCodec, value, scratch, 'value')
      valueEnd = scratch.at
    }
    const timestamp = toTimestamp(record.timestamp ?? this.#clock.now())
    const outbox = route.outboxes[
      keyEnd < 0
        ? route.sticky
        : partitionOf(scratch.bytes, 0, keyEnd - keyCodec.partitionSuffixBytes, route.outboxes.length)
    ] as Outbox
    if (this.#bufferedBytes + outbox.builder.bytes + scratch.at > this.#bufferBytes) {
      throw new MillraceError(
        'buffer_full',
        `the producer holds ${this.#bufferBytes} bytes that are not written yet; await earlier sends, or send less at once`,
      )
    }
    outbox.builder.append(timestamp, scratch.bytes, 0, keyEnd, valueStart, valueEnd, toHeaders(record.headers))
    outbox.count++
    return outbox
  }

  #sealIfFull(route: Route, outbox: Outbox): void {
    if (outbox.builder.bytes < this.#batchBytes) return
    this.#seal(outbox)
    if (outbox === route.outboxes[route.sticky]) route.sticky = (route.sticky + 1) % route.outboxes.length
  }

  #seal(outbox: Outbox): void {
    if (outbox.builder.count === 0) return
    const batch = outbox.builder.build()
    this.#bufferedBytes += batch.length
    outbox.ready.push(batch)
  }

  /** Never flushes on the spot: what is sent without an await in between stays together. */
  #scheduleFlush(): void {
    if (this.#cancelFlush !== undefined) return
    if (this.#lingerMs === 0) {
      const immediate = setImmediate(() => this.#flushNow())
      this.#cancelFlush = () => clearImmediate(immediate)
    } else {
      this.#cancelFlush = this.#clock.schedule(this.#lingerMs, () => this.#flushNow())
    }
  }

  #flushNow(): void {
    this.#cancelFlush?.()
    this.#cancelFlush = undefined
    const waiters = this.#waiters
    this.#waiters = []
    const full: Outbox[] = []
    for (const outboxes of this.#outboxes.values()) {
      for (const outbox of outboxes) {
        this.#seal(outbox)
        if (outbox.count > 0) full.push(outbox)
      }
    }
    try {
      if (full.length > 0) {
        this.#log.environment.write((transaction) => {
          for (const outbox of full) {
            outbox.baseOffset = this.#log.partitions.append(transaction, outbox.partition, outbox.ready)
          }
        })
      }
    } catch (error) {
      this.#empty(full)
      for (const waiter of waiters) waiter.reject(error)
      return
    }
    for (const waiter of waiters) waiter.settle()
    this.#empty(full)
  }

  #empty(outboxes: readonly Outbox[]): void {
    for (const outbox of outboxes) {
      outbox.ready = []
      outbox.count = 0
    }
    for (const route of this.#routes.values()) route.sticky = (route.sticky + 1) % route.outboxes.length
    this.#bufferedBytes = 0
  }

  /**
   * Writes what waits, now; resolves when it is durable.
   *
   * @throws MillraceError `storage_failed`
   */
  flush(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ settle: resolve, reject })
      this.#flushNow()
    })
  }

  /** Writes what waits, and refuses further records. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.flush()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
