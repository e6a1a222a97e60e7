/**
 * What users see of dead letters: `log.admin.deadLetters(application)`.
 */
import type { Header, HeaderInput } from '../../core/headers.ts'
import type { Topic } from '../../core/topic.ts'
import type { Offset, Timestamp } from '../../core/units.ts'
import type { TopicName } from '../kept/topic-name.ts'

/** Where a letter lies in the dead-letter topic; every {@link DeadLetter} says it too. */
export interface LetterPlace {
  /** The partition of the dead-letter topic, from 0. */
  readonly partition: number
  /** The offset there. */
  readonly offset: number
}

/** Where the record of a letter was read. */
export interface LetterSource {
  /** The topic. */
  readonly topic: string
  /** Its partition, from 0. */
  readonly partition: number
  /** The offset there. */
  readonly offset: Offset
}

/** A record that an application passed over, and why. */
export interface DeadLetter extends LetterPlace {
  /** The dead-letter topic. */
  readonly topic: string
  /** The offset in it. */
  readonly offset: Offset
  /**
   * Why: the code of an error (docs/errors.md), or why an operator dropped it (`late`, `null_key` …); `unknown` for a
   * record that no application has written there.
   */
  readonly reason: string
  /** What the error said; null for a dropped record. */
  readonly message: string | null
  /** The id of the operator, as `describe()` shows it; null where it is not known. */
  readonly operator: string | null
  /** What failed: a record of the log, or a job of the operator that no record has caused. */
  readonly kind: 'record' | 'punctuation' | 'release' | 'completion'
  /** Where the record was read; null for a job. */
  readonly source: LetterSource | null
  /** The event time of the record. */
  readonly timestamp: Timestamp
  /** Its key as it was read. */
  readonly key: Uint8Array | null
  /** Its value as it was read. */
  readonly value: Uint8Array | null
  /** Its own headers, without those of the letter. */
  readonly headers: readonly Header[]
}

/** A part of a letter as its serde reads it, or why it does not. */
export type Decoded<T> =
  | { readonly ok: true; readonly value: T | null }
  | { readonly ok: false; readonly error: string }

/** A letter with its record as a topic's serdes read it. */
export interface ShownLetter<K, V> extends DeadLetter {
  /** The key and the value; either may be what cannot be read. */
  readonly record: { readonly key: Decoded<K>; readonly value: Decoded<V> }
}

/** Which letters are meant: those that fit all that is said. */
export interface LetterFilter {
  /** The reason, or one of several. */
  readonly reason?: string | readonly string[] | undefined
  /** The id of the operator, or one of several. */
  readonly operator?: string | readonly string[] | undefined
  /** The topic that the record was read from. */
  readonly topic?: TopicName | undefined
  /** The earliest event time, ms since the epoch. */
  readonly from?: number | undefined
  /** The event time before which the record lies, ms since the epoch. */
  readonly to?: number | undefined
}

/** What {@link DeadLetters.list} takes. */
export interface LetterQuery extends LetterFilter {
  /** Which come first, by their place in the dead-letter topic. Default `oldest`. */
  readonly order?: 'oldest' | 'newest' | undefined
  /** The most letters. Default: all. */
  readonly limit?: number | undefined
  /** The last letter that was seen: the next one comes first. Default: from the beginning. */
  readonly after?: LetterPlace | undefined
}

/** What {@link DeadLetters.edit} changes; what is not given stays. */
export interface LetterChange<K, V> {
  /** Another key. Equal bytes keep the partition, others go where a record with this key goes. */
  readonly key?: K | null | undefined
  /** Another value. */
  readonly value?: V | null | undefined
  /** Another event time, ms since the epoch. */
  readonly timestamp?: number | undefined
  /** Other headers, in place of all that the record had. */
  readonly headers?: readonly HeaderInput[] | undefined
}

/** A copy of a letter with another record; the letter itself stays as it is. */
export interface EditedLetter extends DeadLetter {
  /** Tells it from the letter. */
  readonly edited: true
  /** The bytes that decide its partition; null: it keeps that of the record. */
  readonly partitionBytes: Uint8Array | null
}

/**
 * What becomes of a letter that is to be sent again: it is sent; it was sent before; it holds no record, because a job
 * failed; the application no longer reads its topic; or the topic is gone.
 */
export type RedriveOutcome = 'sent' | 'alreadySent' | 'noRecord' | 'notRead' | 'topicGone'

/** What {@link DeadLetters.redrive} takes beside the letters. */
export interface RedriveOptions {
  /** Whether to say what would be done, and do nothing. Default false. */
  readonly dryRun?: boolean | undefined
  /** How many letters the report shows. Default 20. */
  readonly samples?: number | undefined
}

/** A letter that was sent again, or not. */
export interface RedrivenLetter {
  /** As it was sent. */
  readonly letter: DeadLetter
  /** What became of it. */
  readonly outcome: RedriveOutcome
  /** Where it is now; null when it was not sent. The offset is null in a dry run. */
  readonly to: { readonly topic: string; readonly partition: number; readonly offset: Offset | null } | null
  /**
   * The largest event time in the partition that the record came from: a record that is older by more than the grace of
   * a window is late there, again.
   */
  readonly newestTimestamp: Timestamp | null
}

/** What {@link DeadLetters.redrive} has done, or would do: how many letters had which outcome. */
export interface RedriveReport extends Readonly<Record<RedriveOutcome, number>> {
  /** Whether nothing was done. */
  readonly dryRun: boolean
  /** Letters of a list that retention has deleted; all the others are counted above. */
  readonly gone: readonly LetterPlace[]
  /** The first of those that are there. */
  readonly letters: readonly RedrivenLetter[]
}

/**
 * The dead letters of an application: what it passed over under `onError: 'deadLetter'`, and what its operators dropped
 * with `deadLetterDrops`. From any process, whether the application runs or not.
 *
 * Nothing changes a letter, and the topic keeps them for as long as its retention says.
 *
 * @example
 * ```ts
 * const letters = log.admin.deadLetters(app.applicationId)
 * for await (const letter of letters.list({ reason: 'undecodable', order: 'newest', limit: 20 })) {
 *   console.log(letter.offset, letter.operator, letter.message)
 * }
 * ```
 */
export interface DeadLetters {
  /** The application. */
  readonly applicationId: string

  /**
   * The name of the topic that they lie in: it is made with the first letter, and read as any other topic.
   *
   * @example
   * ```ts
   * const letters = log.admin.deadLetters(app.applicationId)
   * console.log(await letters.topic())
   * ```
   * @throws MillraceError `application_unknown`
   */
  topic(): Promise<string>

  /**
   * The letters that fit, one partition after the other, each in the order of its offsets or back. An application that
   * has written none has an empty list.
   *
   * It reads one stored batch at a time, so memory is bounded whatever there is. Letters that come meanwhile may be
   * among them.
   *
   * @example
   * ```ts
   * const letters = log.admin.deadLetters(app.applicationId)
   * let last: DeadLetter | undefined
   * for await (last of letters.list({ topic: clicks, limit: 100 })) console.log(last.offset, last.reason)
   * for await (const next of letters.list({ topic: clicks, limit: 100, after: last })) console.log(next.offset)
   * ```
   * @throws MillraceError `bad_option`; at the first read `application_unknown`, `topic_unknown` for a topic that was
   *   named and does not exist, `damaged`
   */
  list(query?: LetterQuery): AsyncIterable<DeadLetter>

  /**
   * One letter; with the constant of a topic also its record as those serdes read it.
   *
   * @example
   * ```ts
   * const letters = log.admin.deadLetters(app.applicationId)
   * for await (const letter of letters.list()) {
   *   const { record } = await letters.show(letter, clicks)
   *   console.log(record.value.ok ? record.value.value?.page : record.value.error)
   * }
   * ```
   * @throws MillraceError `application_unknown`, `letter_unknown`, `bad_option`, `damaged`
   */
  show(place: LetterPlace): Promise<DeadLetter>
  show<K, V>(place: LetterPlace, topic: Topic<K, V>): Promise<ShownLetter<K, V>>

  /**
   * A copy of a letter with another key, value, time or other headers, as bytes or as the serdes of a topic write them.
   * Nothing is stored: send it with {@link redrive}.
   *
   * @example
   * ```ts
   * const letters = log.admin.deadLetters(app.applicationId)
   * for await (const letter of letters.list({ reason: 'undecodable' })) {
   *   const mended = letters.edit(letter, clicks, { value: { page: '/', status: 200, bytes: 0 } })
   *   await letters.redrive([mended])
   * }
   * ```
   * @throws MillraceError `encode_failed`, `bad_record`, `bad_option`
   */
  edit(letter: DeadLetter, change: LetterChange<Uint8Array, Uint8Array>): EditedLetter
  edit<K, V>(letter: DeadLetter, topic: Topic<K, V>, change: LetterChange<K, V>): EditedLetter

  /**
   * Sends letters again, edited or as they are: those of a list, or all that fit a filter. Each is sent once, ever, and
   * only this application sees it: other readers of the topic do not get the record twice.
   *
   * They go into a hidden topic that every source of the record's topic reads too, from its first letter on, whether
   * the application runs or starts later. There they take their place by their time, as any record does. So an old one
   * may be late again: look at the report of a `dryRun` first. What fails again makes a new letter.
   *
   * A filter means the letters that are there when the call begins. Up to 500 are sent in one commit; after a crash the
   * same call sends the rest. If retention has deleted a letter of a list, the report names it, and the others are
   * sent. If a list has a place where there never was a letter, nothing is sent.
   *
   * @example
   * ```ts
   * const letters = log.admin.deadLetters(app.applicationId)
   * const planned = await letters.redrive({ reason: 'user_function_threw' }, { dryRun: true })
   * console.log(planned.sent, planned.alreadySent)
   * await letters.redrive({ reason: 'user_function_threw' })
   * ```
   * @throws MillraceError `application_unknown`, `letter_unknown`, `bad_option`, `disk_full`
   */
  redrive(
    letters: readonly (LetterPlace | EditedLetter)[] | LetterFilter,
    options?: RedriveOptions,
  ): Promise<RedriveReport>
}
