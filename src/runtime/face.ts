/**
 * What users see of an application: how it is started, and what it answers while it runs.
 */
import type { Clock } from '../core/clock.ts'
import type {
  ReadOnlyKeyValueStore,
  ReadOnlySessionStore,
  ReadOnlyVersionedStore,
  ReadOnlyWindowStore,
} from '../core/read-only-stores.ts'
import type { KeyValueStore, SessionStore, VersionedStore, WindowStore } from '../core/store-constants.ts'
import type { StoreChanges, WatchOptions } from '../core/store-changes.ts'
import type { StoreSnapshots } from '../core/store-position.ts'
import type { Windowed } from '../core/windows/window.ts'
import type { Log } from '../log/face.ts'
import type { OnError } from './failures.ts'
import type { Metrics } from './metrics.ts'

/** What {@link startStreams} takes; most programs give only `log` and `applicationId`. */
export interface StreamsOptions {
  /** What {@link openLog} returned. */
  readonly log: Log
  /** Names the application: its positions, its stores and its dead-letter topic. */
  readonly applicationId: string
  /**
   * Which version of the application this code is. It has to be the live one, so that old code which is deployed by
   * mistake never runs on new state. Say it from the first switch on. Default: the live one; at the first start `v1`.
   */
  readonly version?: string | undefined
  /**
   * When to commit: after this many source records (default 10,000), or this long after the first of them.
   *
   * Without `everyMs`, a commit begins as soon as there is nothing more to work on, but not before five times the
   * duration of the last commit has passed, and 100 ms after its first record at the latest. So records are visible
   * within milliseconds where a commit takes 1 ms, and commits take a sixth of the time at most where they take up to
   * 20 ms. Give more ms for fewer and larger commits, 0 for the lowest latency at any cost.
   */
  readonly commit?: { readonly everyMs?: number | undefined; readonly everyRecords?: number | undefined } | undefined
  /** What to do with a record that fails. Default `fail`. */
  readonly onError?: OnError | undefined
  /** Where `deadLetter` writes. Default `<applicationId>.dead-letters`. */
  readonly deadLetterTopic?: string | undefined
  /**
   * Whether records that operators drop are written there too: late ones, and those with a null key or value where none
   * may be. The letter is the record as it was read, with headers for the reason, the operator and the place, and is in
   * the commit of the record. What goes to a topic of its own (`late`) is not written again. Default false: they are
   * only counted.
   */
  readonly deadLetterDrops?: boolean | undefined
  /** How long to wait for records of an empty partition while others have some, in ms. Default 0. */
  readonly maxTaskIdleMs?: number | undefined
  /**
   * When a task, that is a partition, has had no record for this long, in ms, what is open there is closed as if time
   * had gone on: windows and joins give their results, and records that belong to them come late from then on. Use it
   * where the last results matter more than records that may still come. Results then depend on when records arrive.
   * Default: nothing closes before a record of a later time comes.
   */
  readonly idleTimeoutMs?: number | undefined
  /**
   * `end`: processes what is in the topics at the start, closes everything that is open, commits, and closes the
   * application. {@link Application.stopped} resolves then. Default: it goes on until it is closed.
   */
  readonly until?: 'end' | undefined
  /**
   * Memory for rows of stores, besides those of the running commit, roughly, in bytes. Up to half of it, and at most 32
   * MiB, is for changed rows that are not in their place on disk yet; their index takes up to as much again. Default 64
   * MiB.
   *
   * It bounds what is kept, not the process: Node, a backlog that is read and commits take about 70 MB more, and
   * garbage that is not collected yet up to 65 MB. Give a container at least `stateCacheBytes` + 160 MB.
   */
  readonly stateCacheBytes?: number | undefined
  /**
   * Ids of operators and sources that may go, with their stores and counters: those that the topology no longer has.
   * One that it has, and that no longer fits what is stored of it, starts empty. One that fits is kept, so the option
   * may stay in a program.
   *
   * @example `drop: ['visits-per-hour']`
   */
  readonly drop?: readonly string[] | undefined
  /**
   * New names of operators, sources and stores that only got another name or place: old to new. What is called after
   * one follows it. A rename that is done has no effect, so the option may stay in a program.
   *
   * @example `rename: { 'input.groupBy.count': 'per-page' }`
   */
  readonly rename?: Readonly<Record<string, string>> | undefined
  /** Times commits and waits. Default: the machine's. */
  readonly clock?: Clock | undefined
  /** Closes the application when it aborts. */
  readonly signal?: AbortSignal | undefined
  /**
   * Called on every change of {@link Application.state}. If it throws or rejects, nothing changes except for a process
   * warning.
   */
  readonly onStateChange?: ((state: ApplicationState) => void) | undefined
}

/** `running` until it is told to close or fails; `closed` and `failed` are final. */
export type ApplicationState = 'running' | 'closing' | 'closed' | 'failed'

/**
 * A running topology, to watch, to query and to close. Made by {@link startStreams}.
 *
 * If it fails and nothing awaits {@link stopped} or {@link caughtUp}, the process ends with the error.
 *
 * @example
 * ```ts
 * const app = await startStreams(topology, { log, applicationId: 'visits', onError: 'deadLetter' })
 * process.once('SIGTERM', () => void app.close())
 * await app.caughtUp()
 * const { consumed, dropped, lag } = app.metrics()
 * console.log(consumed, dropped, lag, app.store(counts).fetch('/', { from: 0 }))
 * await app.close()
 * ```
 */
export interface Application extends AsyncDisposable {
  /** Names its positions, stores and dead letters in the log. */
  readonly applicationId: string
  /** Resolves after {@link close}, rejects with the error that stopped the application. */
  readonly stopped: Promise<void>
  /** What it does right now. */
  readonly state: ApplicationState

  /**
   * Resolves when every input is processed and committed up to its end at the time of the call: for imports and tests.
   * It says nothing about input that arrives later.
   *
   * @throws the error that stopped the application, or MillraceError `closed`
   */
  caughtUp(): Promise<void>

  /** Current rates, lag, stream times and counts; counts since the application first started. */
  metrics(): Metrics

  /**
   * A store of the topology, to query by the constant that its aggregation was given: rows as of the last commit. Its
   * `changes$` tells what each further commit changes, {@link StoreSnapshots} how far the application has come.
   *
   * @throws MillraceError `store_unknown`, `bad_option` when the constant's serdes are not the store's
   */
  store<K, V>(
    store: KeyValueStore<K, V>,
    options?: WatchOptions,
  ): ReadOnlyKeyValueStore<K, V> & StoreSnapshots<ReadOnlyKeyValueStore<K, V>> & StoreChanges<K, V>
  store<K, V>(
    store: WindowStore<K, V>,
    options?: WatchOptions,
  ): ReadOnlyWindowStore<K, V> & StoreSnapshots<ReadOnlyWindowStore<K, V>> & StoreChanges<Windowed<K>, V>
  store<K, V>(
    store: SessionStore<K, V>,
    options?: WatchOptions,
  ): ReadOnlySessionStore<K, V> & StoreSnapshots<ReadOnlySessionStore<K, V>> & StoreChanges<Windowed<K>, V>
  store<K, V>(
    store: VersionedStore<K, V>,
    options?: WatchOptions,
  ): ReadOnlyVersionedStore<K, V> & StoreSnapshots<ReadOnlyVersionedStore<K, V>> & StoreChanges<K, V>

  /**
   * Commits what is done and stops; close it before the log. After a failure it does nothing; {@link stopped} reports
   * the failure.
   */
  close(): Promise<void>

  /** {@link close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>
}
