/**
 * The operator contract. Read this page before you write an operator.
 *
 * An operator is a function from Observables of carriers, one for each parent of its node, to the Observable of what
 * comes out; with one parent it is an RxJS `OperatorFunction`. A node of the plan holds a factory for it. The runtime
 * calls the factory once for every task, that is, for every partition, and subscribes once to what the operator
 * returns, whatever the number of its parents and children. `operate` (subscriber.ts) makes one from what it does with
 * a carrier.
 *
 * What an operator may rely on
 * - It is called synchronously, one record at a time, inside a turn that the engine opened. Records of one partition
 *   come in one deterministic order.
 * - Its context belongs to it and its partition alone: the stream time, the counters and the ports. A store may be on
 *   other nodes too: then all of them see each other's writes, even within a turn.
 * - When anything downstream throws, the throw passes through it to the engine, which undoes the whole turn.
 *
 * Jobs of its own, each a turn that is kept whole or undone whole
 * - `schedule` asks for one each time that an interval has passed; `release` asks for as many as it takes to let go of
 *   rows that are due; `calls` asks for one for each asynchronous call that is done.
 * - Their order is part of what a run determines. After a source record come the regrouped records that it caused. Then
 *   come the jobs that are due, the first task first: its releases, in the order of the nodes, each until nothing is
 *   left; then its punctuations by stream time, by due time, then in the order of the nodes. Regrouped records that a
 *   job causes are processed before the next job, and every job before the next source record. Only punctuations by the
 *   wall clock are outside this order: they come when the clock says so, between jobs.
 * - A commit may fall between two jobs. What is due then is still due after a crash.
 *
 * What it must keep to
 * - It emits inside the call that gave it a record, or that of a job that it asked for, or never; everything downstream
 *   has been processed when the emission returns. That holds for its ports too. It does not complete, and it does not
 *   unsubscribe.
 * - What it emits in a job it makes from the carrier of the job, which has the time of the job and no headers.
 * - It subscribes to each of its inputs once, when it is subscribed to.
 * - It keeps nothing between records except in its context: what is in a field is lost after a crash and is not undone
 *   with a turn.
 * - It does not change a carrier that it was given: others may hold it. It makes a new one (`withValue`, `withKey` …).
 * - It calls user functions with `carrier.view()`, checks what they return, above all for promises, and adds the
 *   operator to whatever they throw with {@link operatorError}. Its stores run serdes of the user's, so it does the
 *   same for what they throw: otherwise the error names no operator, and is counted as one of the source. It does not
 *   catch a throw from downstream.
 * - It never drops a record silently: `context.drop(reason, carrier)`. A record that is dropped does not move stream
 *   time. What its user told it to leave out, as `filter` is told, is no drop.
 * - It reads bytes as late as it can: a null check does not decode (`isKeyNull`, `isValueNull`).
 *
 * What an operator of a table keeps to
 * - A change is a carrier whose null value is a row that was deleted. Where `context.wantsOld` says so, each change
 *   that it emits has `old`: the value of the row before this change, not before the turn; null where there was no row.
 *   It reads that before it puts the new one. Elsewhere it must not pay for it, but the delete of a row that was not
 *   there has null in any case (`oldValueOf`), so that a join can leave it out.
 * - The plan says with the node (`oldValues`) whether the operator reads old values, and where those that it emits come
 *   from. What has `from: 'input'` gets them whenever it has to give them, and does to both sides what it does to one.
 * - An operator of streams ignores old values: a change that became a record of a stream may still have one. So a table
 *   that is made from a stream says its own, and never passes on the carrier that it got.
 */
import type { Observable, Observer } from 'rxjs'
import type { AsyncRequest, AsyncWork } from './async-calls.ts'
import type { StreamRecord } from '../core/record.ts'
import type { Carrier } from './carrier.ts'
import { isInstance } from '../core/checks.ts'
import { MillraceError, messageOf, placed } from '../core/errors.ts'
import type { MemberStore, Store, StoreSpec } from './store.ts'

/** What takes carriers. It is never told of an end or an error: a stream has no end, and a throw goes the other way. */
export type CarrierObserver = Pick<Observer<Carrier>, 'next'>

export type Operator = (...inputs: Observable<Carrier>[]) => Observable<Carrier>

/** What an operator does to the world outside, which a replay of old records may not want again. */
export interface Effect {
  /** The same operator with another function in place of the user's. */
  readonly answeredBy: (fn: (record: StreamRecord<unknown, unknown>) => unknown) => OperatorFactory
  /** The operator without it. */
  readonly skipped: OperatorFactory
}

/** Why an operator drops a record. */
export type DropReason =
  | 'null_key'
  | 'null_value'
  | 'null_foreign_key'
  | 'late'
  | 'older_version'
  | 'expired'
  | 'duplicate'
  | 'undecided'
  | 'no_window'
  | 'skipped'

/** Event time as one operator has seen it in one partition; kept with the state, undone with the turn. */
export interface StreamTime {
  /** The largest timestamp so far; -1 before the first record. */
  readonly now: number
  /** Takes a record's timestamp into account and returns the largest so far. */
  advance(timestamp: number): number
}

/** Which time a punctuation goes by: that of the records of its task, or the clock of the application. */
export type PunctuationType = 'streamTime' | 'wallClock'

/** @param now the stream time of the task, or the time of the clock, not the time that was due */
export type Punctuator = (now: number, job: Carrier) => void

/** A punctuation that was asked for. */
export interface Scheduled {
  /** It no longer comes. Undone with the turn that it was called in. */
  cancel(): void
}

/** A number that is kept with the state of an operator and partition, 0 at first, and undone with the turn. */
export interface PersistentNumber {
  readonly value: number
  set(value: number): void
}

/** Numbers of operators that are stream times of theirs, 0 where there is none; the ledger shifts them with those. */
export const timeCell = 'stream time'
export const raisedCell = 'raised'
export const lastDueCell = 'last due'

/** How an operator lets go of rows, many of which may fall due at once. */
export interface Release {
  /**
   * Emits for the first due rows, at most `max`, and takes them off the list; returns whether there may be more.
   */
  next(max: number, job: Carrier): boolean
  /** Takes the first row off the list without emitting: a turn with it alone has failed, and it is passed over. */
  skip(): SkippedRow
}

/** What {@link OperatorContext.release} returns. */
export type AskForRelease = (now?: Carrier) => void

/** A row that was passed over, as a dead letter shows it. */
export interface SkippedRow {
  readonly timestamp: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
}

/** What an operator gets for one partition. */
export interface OperatorContext {
  /** The operator's id, for errors. */
  readonly operator: string
  /** The verb that made it, for errors. */
  readonly verb: string
  readonly partition: number
  readonly streamTime: StreamTime
  /**
   * How far the operator has let go of what was due, in its own stream time: where a store's layout says
   * `awaitsRelease`, rows expire by this instead, so that a jump in time takes none that has yet to be released.
   */
  readonly releasedTime: StreamTime
  /**
   * Whether the changes that it emits, by whatever way, must carry their old values: something downstream needs them.
   */
  readonly wantsOld: boolean
  /**
   * Reports a record that goes no further, and why; the count is part of the commit.
   *
   * @param port where it goes all the same, if something follows that port
   */
  drop(reason: DropReason, carrier: Carrier, port?: string): void
  /** Counts, in the same way, what a record missed that goes on: one of its windows was closed, others were not. */
  count(reason: DropReason): void
  /** Whether other nodes read one of the node's stores. */
  isShared(store: StoreSpec): boolean
  /** One of the node's stores. Windows expire by the stream time of the store's owner. */
  state<K, V>(store: StoreSpec): Store<K, V>
  /** As {@link state}, one of members. */
  members(store: StoreSpec): MemberStore
  /** A further output, for records that are late or take another branch. Where nothing follows it, they end there. */
  port(name: string): CarrierObserver
  /**
   * A number of the operator, by its own name. Its node is added with `plan.stateful`, with a store or without: only
   * such an id stays the same when the topology changes.
   */
  cell(name: string): PersistentNumber
  /**
   * Calls back in a job of its own each time that `intervalMs` have passed, once however many intervals were passed
   * over.
   *
   * Due times lie at `startMs` and every interval after it. Without one, stream time goes by multiples of the interval,
   * the first with the first record; the wall clock begins one interval from now. The n-th that the factory asks for
   * keeps its due time and its cancellation over restarts, as long as its interval is the same. What is asked for
   * later, in a turn, is undone with the turn, and gone after a restart.
   */
  schedule(
    intervalMs: number,
    type: PunctuationType,
    punctuator: Punctuator,
    options?: { readonly startMs?: number | undefined },
  ): Scheduled
  /** The stream time of its task: the largest timestamp of the task's records; -1 before the first. */
  readonly taskTime: number
  /** The clock of the application, as the engine last read it. */
  readonly wallClock: number
  /** Asks for a commit after this turn. */
  commit(): void
  /** Called when the application closes or has failed, but not when it is killed; for factories only. */
  onClose(close: () => void): void
  /**
   * Where its node names its children (`namesChildren`): each by its id. Where it does not, there is none, and the
   * output goes to all of them.
   */
  readonly children: ReadonlyMap<string, CarrierObserver>
  /**
   * Names what releases rows; for factories only. The function that it returns asks for jobs, until nothing is left:
   * call it in the turn that made rows due. It is undone with the turn, and is not forgotten in a crash.
   *
   * With the carrier at hand it lets go of rows before it returns, as if that carrier were the job; what is more than
   * one job releases follows in jobs. When such a turn fails at those rows, it is repeated, and then all of them follow
   * in jobs: so a bad row still fails alone, and costs no record that comes after it.
   */
  release(release: Release): AskForRelease
  /**
   * Names asynchronous work; for factories only. The function that it returns asks for a call: use it in the turn that
   * keeps what the call is about. It is undone with the turn.
   */
  calls<R extends AsyncRequest>(work: AsyncWork<R>): (request: R) => void
  /**
   * Names what closes what is open when no more records come; for factories only. It is called in a job of its own,
   * raises the stream time of the operator and asks for releases, but emits nothing itself.
   */
  whenIdle(close: () => void): void
  /** Stops the application: for what no error policy may pass over. */
  stop(error: MillraceError): void
}

export type OperatorFactory = (context: OperatorContext) => Operator

/** Errors that belong to one record and are dealt with by `onError`; every other error stops the application. */
const recordErrors: ReadonlySet<string> = new Set([
  'bad_record',
  'bad_timestamp',
  'call_timed_out',
  'encode_failed',
  'key_too_long',
  'undecodable',
  'unexpected_null',
  'user_function_threw',
])

export function isRecordError(error: unknown): error is MillraceError {
  return isInstance(error, MillraceError) && recordErrors.has(error.code)
}

/**
 * What was thrown while an operator ran the user's code, with the operator's id. An error of a log, thrown by a
 * function that uses one, stops the application: no policy may mistake a broken log for a bad record.
 */
export function operatorError(operator: string, thrown: unknown): MillraceError {
  if (isInstance(thrown, MillraceError) && !isRecordError(thrown)) return thrown
  if (isRecordError(thrown)) {
    if (thrown.operator !== undefined) return thrown
    return placed(thrown, `in ${operator}`, { operator })
  }
  return new MillraceError('user_function_threw', `a function of ${operator} threw: ${messageOf(thrown)}`, {
    operator,
    cause: thrown,
  })
}
