/**
 * A record in a user's hand: plain data that shows key, value, timestamp and headers, and stays valid for ever.
 */
import type { Header, HeaderInput } from './headers.ts'
import type { Offset, Timestamp } from './units.ts'

/** What the functions of a topology are called with. */
export interface StreamRecord<K, V> {
  readonly key: K
  readonly value: V
  readonly timestamp: Timestamp
  readonly headers: readonly Header[]
}

/** A record of the log, with its place. */
export interface LogRecord<K, V> extends StreamRecord<K, V> {
  readonly topic: string
  readonly partition: number
  readonly offset: Offset
}

/** A record to be written. Without a timestamp it gets the time of the producer's clock; a null value is a tombstone. */
export interface RecordInput<K, V> {
  readonly key: K
  readonly value: V | null
  readonly timestamp?: number
  readonly headers?: readonly HeaderInput[]
}
