/**
 * A dead letter, from the record that holds it.
 */
import { copyOf } from '../../core/bytes.ts'
import { messageOf } from '../../core/errors.ts'
import { type LetterFact, readLetterHeaders } from '../../core/letter-headers.ts'
import { type Codec, codecOf, unexpectedNull, topicCodecOf } from '../../core/serde.ts'
import type { LogRecord } from '../../core/record.ts'
import type { Topic } from '../../core/topic.ts'
import type { Offset, Timestamp } from '../../core/units.ts'
import type { BatchCursor } from '../format/batch-cursor.ts'
import type { TopicPartition } from '../format/partition-id.ts'
import type { DeadLetter, Decoded, LetterSource, ShownLetter } from './letters-face.ts'

/** The cursor's record; it keeps nothing of the batch. */
export function letterAt({ topic, partition }: TopicPartition, cursor: BatchCursor): DeadLetter {
  return letterOfRecord({
    topic,
    partition,
    offset: cursor.offset as Offset,
    timestamp: cursor.timestamp as Timestamp,
    key: part(cursor.bytes, cursor.keyStart, cursor.keyEnd),
    value: part(cursor.bytes, cursor.valueStart, cursor.valueEnd),
    headers: cursor.headers,
  })
}

/** The letter that a record of a dead-letter topic holds. */
export function letterOfRecord(record: LogRecord<Uint8Array | null, Uint8Array | null>): DeadLetter {
  const { topic, partition, offset, timestamp, key, value } = record
  const { headers, facts } = factsOf(record)
  const kind = facts.get('kind')
  return {
    topic,
    partition,
    offset,
    reason: facts.get('reason') ?? 'unknown',
    message: facts.get('message') ?? null,
    operator: facts.get('operator') || null,
    kind: kind === 'punctuation' || kind === 'release' || kind === 'completion' ? kind : 'record',
    source: sourceOf(facts),
    timestamp,
    key,
    value,
    headers,
  }
}

function factsOf({ headers }: Pick<DeadLetter, 'headers'>): Pick<DeadLetter, 'headers'> & {
  readonly facts: ReadonlyMap<LetterFact, string>
} {
  const { own, facts } = readLetterHeaders(headers) ?? { own: headers, facts: new Map<LetterFact, string>() }
  return { headers: own, facts }
}

function sourceOf(facts: ReadonlyMap<LetterFact, string>): LetterSource | null {
  const topic = facts.get('topic')
  const [partition, offset] = [Number(facts.get('partition')), Number(facts.get('offset'))]
  if (topic === undefined || !Number.isSafeInteger(partition) || !Number.isSafeInteger(offset)) return null
  return { topic, partition, offset: offset as Offset }
}

function part(bytes: Buffer, start: number, end: number): Uint8Array | null {
  return end < 0 ? null : copyOf(bytes, start, end)
}

/** The letter with its record as the serdes of a topic read it. */
export function decodedLetter<K, V>(letter: DeadLetter, topic: Topic<K, V>): ShownLetter<K, V> {
  const key = decoded(codecOf(topic.key), letter.key, 'key')
  return { ...letter, record: { key, value: decoded(topicCodecOf(topic.value), letter.value, 'value') } }
}

function decoded<T>(codec: Codec<T>, bytes: Uint8Array | null, what: string): Decoded<T> {
  try {
    const value = bytes === null ? null : codec.decode(bytes)
    if (value === null && !codec.nullable) throw unexpectedNull(what, codec)
    return { ok: true, value }
  } catch (error) {
    return { ok: false, error: messageOf(error) }
  }
}
