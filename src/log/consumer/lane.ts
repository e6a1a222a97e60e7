/**
 * One partition as a consumer reads it: where it stands, what is done, and the records from there on.
 */
import { MillraceError } from '../../core/errors.ts'
import type { LogRecord } from '../../core/record.ts'
import type { Codec } from '../../core/serde.ts'
import { BatchCursor } from '../format/batch-cursor.ts'
import { withWayPast } from './damage.ts'
import { decodeRecord } from '../format/decode.ts'
import type { EmbeddedLog } from '../embedded-log.ts'
import type { StoredBatch } from '../kept/partitions.ts'
import type { PartitionId } from '../format/partition-id.ts'

/** How the records of a topic are read. */
export interface TopicCodecs {
  readonly key: Codec<unknown>
  readonly value: Codec<unknown>
}

/** A fetch ends when the stored batches that it has unpacked reach so many bytes. */
const fetchBytesMax = 1_048_576

export class Lane {
  readonly partition: PartitionId
  /** The offset after the last record that was handed out; undefined until it is known where to begin. */
  position: number | undefined
  /** The offset after the last record that is done. */
  done = 0
  /** The position that need not be committed any more: it is, or it is where the lane began. */
  saved: number | undefined
  isPaused = false
  /** Rises when what was fetched ahead is not to be handed out any more. */
  epoch = 0
  /** Rises when what is in hand is none of this lane's concern any more: it was sent elsewhere, or taken away. */
  handEpoch = 0
  readonly #log: EmbeddedLog
  readonly #codecs: TopicCodecs
  readonly #cursor: BatchCursor
  /** The offset after the last record that was handed out, when it has to be handed out again. */
  #handedOutEnd = 0
  /** Where the next fetch reads. */
  #readAt = 0
  /** Whether the cursor stands before #readAt, in the batch that holds it. */
  #isLoaded = false

  constructor(log: EmbeddedLog, partition: PartitionId, codecs: TopicCodecs) {
    this.#log = log
    this.partition = partition
    this.#codecs = codecs
    this.#cursor = new BatchCursor(partition)
  }

  /** Goes on from an offset; everything before counts as done. */
  moveTo(offset: number): void {
    this.position = offset
    this.done = offset
    this.saved ??= offset
    this.#handedOutEnd = 0
    this.letGo()
  }

  /** What was handed out and is not done is handed out again. */
  rewind(): void {
    this.#handedOutEnd = this.position ?? 0
    this.position = this.done
    this.letGo()
  }

  /** As {@link forgetAhead}, and what is in hand is never done. */
  letGo(): void {
    this.handEpoch++
    this.forgetAhead()
  }

  /** A position is committed: what was handed out before it is done. */
  commit(offset: number): void {
    this.saved = offset
    if (offset > (this.position ?? 0) && offset <= this.#handedOutEnd) this.moveTo(offset)
    this.done = Math.max(this.done, offset)
  }

  /** What was fetched and not handed out is fetched again. */
  forgetAhead(): void {
    this.#readAt = this.position ?? 0
    this.#isLoaded = false
    this.epoch++
  }

  /**
   * Up to `recordsMax` records from where the last fetch ended; none when there are no more yet.
   *
   * @throws MillraceError `damaged`, whose offset is the last one of the batch, `undecodable`, `unexpected_null`; the records
   *   before are handed out first
   */
  fetch(recordsMax: number): LogRecord<unknown, unknown>[] {
    const records: LogRecord<unknown, unknown>[] = []
    let bytes = 0
    while (records.length < recordsMax && bytes < fetchBytesMax) {
      try {
        if (!this.#isLoaded) {
          const stored = this.#find()
          if (stored === undefined) break
          bytes += stored.bytes.length
          this.#load(stored)
        }
        this.#fill(records, recordsMax)
      } catch (error) {
        if (records.length === 0 || !(error instanceof MillraceError)) throw error
        break // it is thrown again by the next fetch
      }
    }
    return records
  }

  #find(): StoredBatch | undefined {
    try {
      return this.#log.batchAt(this.partition, this.#readAt)
    } catch (error) {
      throw withWayPast(this.#log, this.partition, this.#readAt, error)
    }
  }

  #load(stored: StoredBatch): void {
    try {
      this.#cursor.load(stored.bytes, stored.baseOffset)
    } catch (error) {
      throw withWayPast(this.#log, this.partition, stored.baseOffset, error)
    }
    this.#isLoaded = true
  }

  #fill(records: LogRecord<unknown, unknown>[], recordsMax: number): void {
    const cursor = this.#cursor
    const { key, value } = this.#codecs
    while (records.length < recordsMax) {
      if (!this.#advance()) return
      if (cursor.offset < this.#readAt) continue
      try {
        records.push(decodeRecord(cursor, this.partition, key, value))
      } catch (error) {
        this.#isLoaded = false
        this.#readAt = cursor.offset
        throw error
      }
      this.#readAt = cursor.offset + 1
    }
  }

  #advance(): boolean {
    const cursor = this.#cursor
    try {
      if (cursor.next()) return true
    } catch (error) {
      this.#isLoaded = false
      throw withWayPast(this.#log, this.partition, cursor.baseOffset, error)
    }
    this.#isLoaded = false
    this.#readAt = cursor.endOffset
    return false
  }
}
