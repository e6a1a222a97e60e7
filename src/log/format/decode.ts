/**
 * Records of a stored batch as a reader gets them: decoded, with their place.
 */
import { MillraceError, messageOf } from '../../core/errors.ts'
import type { LogRecord } from '../../core/record.ts'
import { type Codec, unexpectedNull } from '../../core/serde.ts'
import type { Offset, Timestamp } from '../../core/units.ts'
import type { BatchCursor } from './batch-cursor.ts'
import type { TopicPartition } from './partition-id.ts'

/**
 * The cursor's record.
 *
 * @throws MillraceError `undecodable`, `unexpected_null`
 */
export function decodeRecord<K, V>(
  cursor: BatchCursor,
  place: TopicPartition,
  keyCodec: Codec<K>,
  valueCodec: Codec<V>,
): LogRecord<K, V> {
  try {
    return {
      topic: place.topic,
      partition: place.partition,
      offset: cursor.offset as Offset,
      key: decodePart(keyCodec, cursor.bytes, cursor.keyStart, cursor.keyEnd, 'key'),
      value: decodePart(valueCodec, cursor.bytes, cursor.valueStart, cursor.valueEnd, 'value'),
      timestamp: cursor.timestamp as Timestamp,
      headers: cursor.headers,
    }
  } catch (cause) {
    const { topic, partition } = place
    const { offset } = cursor
    const code = cause instanceof MillraceError ? cause.code : 'undecodable'
    throw new MillraceError(code, `${topic}[${partition}] offset ${offset}: ${messageOf(cause)}`, {
      topic,
      partition,
      offset,
      cause,
    })
  }
}

function decodePart<T>(codec: Codec<T>, bytes: Buffer, start: number, end: number, what: 'key' | 'value'): T {
  const value = end >= 0 ? codec.read(bytes, start, end) : null
  if (value === null && !codec.nullable) throw unexpectedNull(what, codec)
  return value as T
}
