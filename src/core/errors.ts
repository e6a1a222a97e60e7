/**
 * The one error class of millrace and the closed list of its codes.
 *
 * Callers branch on `code`, operators read the message, tools read the fields: nothing that matters is hidden in prose.
 * A message never contains a character that a terminal would act on, whatever it quotes.
 */
import { escaped, escapedLines } from './escaped.ts'
import { shortened, shown } from './shown.ts'

/** What each code means, in one line; docs/errors.md says what to do about it. */
export const errorMeanings = {
  application_deleted: 'the application was deleted while an instance of it ran',
  application_reset: 'the application was reset while an instance of it ran',
  application_running: 'the application runs, and the call is only for one that does not',
  application_unknown: 'there is no application of this name',
  bad_option: 'an option, a name or an argument is not valid',
  bad_record: 'a record cannot be written: a null key, a timestamp or headers that the topic does not take',
  bad_timestamp: 'a function said a time for a record that is no time',
  behind: 'two versions of an application have not processed the same input',
  buffer_full: 'a producer holds more unsent bytes, or suppress more changes, than its limit',
  call_timed_out: 'an asynchronous call took longer than its limit',
  closed: 'the log, producer or application was closed before this call',
  compression_unavailable: 'the compiled code of a compression is missing for this platform',
  damaged: 'stored bytes of the log are not what was written: a checksum, a place or a count is wrong',
  defect: 'millrace broke a rule of its own',
  directory_not_empty: 'a directory that is to get a copy of a log holds something',
  disk_full: 'there is too little free space for another append',
  effects_undecided: 'a topology acts on the outside, and nothing says whether another run may do that too',
  emitted_outside_turn: 'an RxJS operator of pipe() or a processor did something outside a turn',
  encode_failed: 'a serde refused to encode a value',
  fenced: 'a newer instance of the application or of the transactional producer took over',
  format_unknown: 'the directory, or the plan of an application, was written by another version of the format',
  group_not_empty: 'the group has members, and the call is only for groups without',
  group_unknown: 'there is no consumer group or application of this name',
  invalid_transaction_state: 'a call does not fit the state of its transaction or producer',
  key_too_long: 'a key of a state store is longer than storage allows',
  log_in_use: 'others write to a log that is read without a place among its readers',
  log_missing: 'a directory that is opened to be read holds no log',
  letter_unknown: 'there is no dead letter at this place',
  member_fenced: 'a consumer is not, or no longer, the member of its group that owns the partition',
  operator_unknown: 'the application has stored nothing of an operator of this name',
  out_of_order_sequence: 'a batch of a producer does not follow the one before it',
  owned_by_application: 'the positions belong to an application, and only it may move them',
  owned_by_group: 'the name belongs to a consumer group, and an application may not take it over',
  partitions_differ: 'a topic exists with another number of partitions, or inputs that must agree do not',
  plan_changed: 'the stored plan of the application does not fit the topology',
  position_lost: 'the log no longer holds, or never held, the position to read from',
  read_only: 'the log was opened to be read, and the call would write to it',
  storage_failed: 'the environment failed; it refuses all further work until the process starts again',
  store_unknown: 'the topology or the application has no store of this name',
  stream_completed: 'an RxJS operator of pipe() completed the stream',
  superseded: 'another version of the application is the live one',
  too_many_readers: 'a directory is open more times than LMDB has places for readers',
  switch_refused: 'an application cannot switch to another version as things are',
  topic_exists: 'a topic of this name exists already',
  topic_unknown: 'there is no topic of this name',
  topology_invalid: 'the topology cannot be built',
  transaction_timed_out: 'a transaction took longer than its limit and was aborted',
  transaction_too_large: 'a transaction holds more bytes than its limit',
  undecodable: 'bytes of a record or of a row cannot be decoded by their serde',
  unexpected_null: 'a key or value is null where the topic does not say nullable',
  user_function_threw: 'a function of the topology or a partitioner threw',
  version_live: 'the version is the live one, and the call is only for one beside it',
  version_unknown: 'the application has no version of this name',
} as const

/** A stable code; every code has a row in docs/errors.md. */
export type ErrorCode = keyof typeof errorMeanings

/** Where an error happened, as far as it is known. */
export interface ErrorPlace {
  readonly topic?: string | undefined
  readonly partition?: number | undefined
  readonly offset?: number | undefined
  readonly operator?: string | undefined
  readonly store?: string | undefined
}

/**
 * The error that every part of millrace throws or rejects with. `cause` is what was thrown below it, if anything.
 *
 * @example
 * ```ts
 * try {
 *   await log.admin.createTopic(clicks)
 * } catch (error) {
 *   if (!(error instanceof MillraceError) || error.code !== 'topic_exists') throw error
 * }
 * ```
 */
export class MillraceError extends Error {
  /** Always this. */
  override readonly name = 'MillraceError'
  /** What went wrong, for programs; never changes its meaning. */
  readonly code: ErrorCode
  /** The topic that it is about, where that is known; the same holds for the fields below. */
  readonly topic: string | undefined
  /** The partition of the topic. */
  readonly partition: number | undefined
  /** The offset in the partition. */
  readonly offset: number | undefined
  /** The id of the operator, as `describe()` shows it. */
  readonly operator: string | undefined
  /** The name of the store. */
  readonly store: string | undefined

  constructor(code: ErrorCode, message: string, details: ErrorPlace & { readonly cause?: unknown } = {}) {
    super(escapedLines(message), 'cause' in details ? { cause: details.cause } : undefined)
    this.code = code
    this.topic = details.topic
    this.partition = details.partition
    this.offset = details.offset
    this.operator = details.operator
    this.store = details.store
  }
}

/** The same error at a place that only a caller knows: what it knew of its place already, and its cause, stay. */
export function placed(error: MillraceError, where: string, place: ErrorPlace): MillraceError {
  const { code, message, topic, partition, offset, operator, store } = error
  const known = { topic, partition, offset, operator, store, ...place }
  return new MillraceError(code, `${where}: ${message}`, 'cause' in error ? { ...known, cause: error.cause } : known)
}

const messageCharsMax = 2_000

/** The message of anything that was thrown, on one line. */
export function messageOf(thrown: unknown): string {
  if (typeof thrown === 'string') return shortMessage(thrown)
  try {
    if (thrown instanceof MillraceError) return thrown.message
    const message: unknown = thrown instanceof Error ? thrown.message : undefined
    return typeof message === 'string' ? shortMessage(message) : shown(thrown)
  } catch {
    return shown(thrown) // a getter of its own threw, or a trap of a proxy
  }
}

function shortMessage(message: string): string {
  return shortened(escaped(message), messageCharsMax)
}
