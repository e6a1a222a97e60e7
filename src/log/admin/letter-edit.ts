/**
 * A copy of a dead letter with another record.
 */
import { checkedEntries, checkOptions, checkWhole, isInstance } from '../../core/checks.ts'
import { MillraceError } from '../../core/errors.ts'
import { toHeaders } from '../../core/headers.ts'
import { shown } from '../../core/shown.ts'
import { type Codec, codecOf, topicCodecOf } from '../../core/serde.ts'
import { bytes } from '../../core/serdes.ts'
import { checkTopic, type Topic } from '../../core/topic.ts'
import type { Timestamp } from '../../core/units.ts'
import type { DeadLetter, EditedLetter, LetterChange } from './letters-face.ts'
import { checkPlace } from './letter-query.ts'

const bytesCodec = codecOf(bytes())

export function edited(letter: DeadLetter, given: LetterChange<Uint8Array, Uint8Array>): EditedLetter {
  return edit(letter, given, bytesCodec, bytesCodec)
}

export function editedAs<K, V>(letter: DeadLetter, given: Topic<K, V>, change: LetterChange<K, V>): EditedLetter {
  const topic = checkTopic('edit', given)
  return edit(letter, change, codecOf(topic.key), topicCodecOf(topic.value))
}

/** @throws MillraceError `encode_failed`, `bad_record`, `bad_option` */
function edit<K, V>(
  from: DeadLetter,
  given: LetterChange<K, V>,
  keyCodec: Codec<K>,
  valueCodec: Codec<V>,
): EditedLetter {
  const letter = checkLetter(from)
  const { key, value, timestamp, headers } = checkOptions('edit', given, ['key', 'value', 'timestamp', 'headers'])
  const keyBytes = key === undefined ? letter.key : encoded(keyCodec, key)
  return {
    ...letter,
    key: keyBytes,
    value: value === undefined ? letter.value : encoded(valueCodec, value),
    timestamp: timestamp === undefined ? letter.timestamp : (checkWhole('timestamp', timestamp, 0) as Timestamp),
    headers: headers === undefined ? letter.headers : toHeaders(headers),
    edited: true,
    partitionBytes: isSame(keyBytes, letter.key) ? partitionBytesOf(letter) : decisive(keyBytes, keyCodec),
  }
}

/** A plain copy of what a caller calls a letter. */
function checkLetter<L extends DeadLetter>(given: L): L {
  checkPlace('the letter', given)
  const letter = Object.fromEntries(checkedEntries('the fields of a letter', given)) as unknown as L
  for (const part of ['key', 'value'] as const) {
    if (letter[part] === null || isInstance(letter[part], Uint8Array)) continue
    throw new MillraceError('bad_option', `the ${part} of a letter is ${shown(letter[part])}; expected bytes or null`)
  }
  checkWhole('the timestamp of a letter', letter.timestamp, 0)
  return letter
}

/** As {@link checkLetter}, for a copy that was edited. */
export function checkEdited(given: EditedLetter): EditedLetter {
  const letter = checkLetter(given)
  const { partitionBytes: bytes } = letter
  if (bytes === null || isInstance(bytes, Uint8Array)) return { ...letter, headers: toHeaders(letter.headers) }
  throw new MillraceError('bad_option', `partitionBytes is ${shown(bytes)}; expected bytes or null`)
}

/** An edit of an edit keeps what the first one has decided. */
function partitionBytesOf(letter: DeadLetter & Partial<Pick<EditedLetter, 'partitionBytes'>>): Uint8Array | null {
  return letter.partitionBytes ?? null
}

function encoded<T>(codec: Codec<T>, value: T | null): Uint8Array | null {
  return value === null ? null : codec.encode(value)
}

function isSame(one: Uint8Array | null, other: Uint8Array | null): boolean {
  return one === null || other === null ? one === other : Buffer.compare(one, other) === 0
}

/** What decides the partition; a record without a key stays where it was. */
function decisive<K>(key: Uint8Array | null, { partitionSuffixBytes }: Codec<K>): Uint8Array | null {
  return key === null ? null : key.subarray(0, key.length - partitionSuffixBytes)
}

export function letterUnknown(topic: string, partition: number, offset: number): MillraceError {
  return new MillraceError(
    'letter_unknown',
    `${topic}[${partition}] has no letter at offset ${offset}: retention has deleted it, or it never was`,
    { topic, partition, offset },
  )
}
