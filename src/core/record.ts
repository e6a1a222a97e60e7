/**
 * A record as a user sees it: plain data that shows key, value, timestamp and headers, and stays valid for ever.
 */
import type { Header, HeaderInput } from './headers.ts'
import type { Offset, Timestamp } from './units.ts'

/** The fields of a record: a frozen object that stays valid for ever. */
export interface RecordView<K, V> {
  /** What the record is about; decides its partition. */
  readonly key: K
  /** What it says. */
  readonly value: V
  /** Event time, ms since the epoch. */
  readonly timestamp: Timestamp
  /** In their order; a key may be there twice. */
  readonly headers: readonly Header[]
}

/**
 * What the functions of a topology are called with: a frozen object that stays valid for ever. Do not change what it
 * holds; other branches see the same key and value.
 *
 * Where the value is a union, the record is one too: `record.value !== null` narrows the record, and with it what
 * `filter` returns.
 */
export type StreamRecord<K, V> = V extends unknown ? RecordView<K, V> : never

/** A record of the log, with its place. */
export interface LogRecord<K, V> extends RecordView<K, V> {
  /** The topic it was read from. */
  readonly topic: string
  /** Its partition, from 0. */
  readonly partition: number
  /** Its place in the partition. */
  readonly offset: Offset
}

/**
 * A record to be written. Without a timestamp it gets the time of the producer's clock; a null value is a tombstone.
 */
export interface RecordInput<K, V> {
  /**
   * Decides the partition, as in Kafka (murmur2 of its bytes); null, where the topic allows it, goes to one partition
   * after the other.
   */
  readonly key: K
  /** Null deletes the key where the topic is read as a table. */
  readonly value: V | null
  /** Event time, whole ms since the epoch from 0. */
  readonly timestamp?: number | undefined
  /** Default none. */
  readonly headers?: readonly HeaderInput[] | undefined
  /** Where it goes, whatever its key says; from 0. Default: as the producer's partitioner says. */
  readonly partition?: number | undefined
}
