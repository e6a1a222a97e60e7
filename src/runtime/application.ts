/**
 * A running application: drives the engine from the event loop, commits by time and by count, and answers questions.
 */
import { checkClock, type Clock, monotonicMs, yieldToEventLoop, systemClock } from '../core/clock.ts'
import { MillraceError, messageOf } from '../core/errors.ts'
import { checkedFunction, checkName, checkOptions, checkSignal, checkWhole, isInstance } from '../core/checks.ts'
import { isPromise } from '../core/promises.ts'
import type { KeyValueStore, WindowStore } from '../core/topic.ts'
import { applicationLogOf, fencedBySuccessor, type Session } from '../log/contract.ts'
import type { Log } from '../log/face.ts'
import { Topology } from '../plan/topology.ts'
import { commitTo } from './commit.ts'
import { CommitTimer } from './commit-timer.ts'
import { Engine, type RunResult } from './engine.ts'
import { type FailurePolicy, failurePolicy, type OnError } from './failures.ts'
import { type Metrics, metricsOf } from './metrics.ts'
import { type TakeOver, takeOver } from './take-over.ts'
import { queryStore, type ReadOnlyKeyValueStore, type ReadOnlyWindowStore } from './store-query.ts'

/** What {@link startStreams} takes; `log` and `applicationId` are all that most programs say. */
export interface StreamsOptions {
  /** What {@link openLog} returned. */
  readonly log: Log
  /** Names the application: its positions, its stores and its dead-letter topic. */
  readonly applicationId: string
  /**
   * When to commit: after this many source records (default 10,000), or this long after the first of them.
   *
   * Without `everyMs`, a commit begins as soon as there is nothing more to work on, but not before nine times the duration
   * of the last commit has passed, and 100 ms after its first record at the latest. So records are visible within
   * milliseconds, and commits take a tenth of the time at most where they take 10 ms or less. Say more ms for fewer and
   * larger commits, 0 for the lowest latency at any cost.
   */
  readonly commit?: { readonly everyMs?: number | undefined; readonly everyRecords?: number | undefined } | undefined
  /** What to do with a record that fails. Default `fail`. */
  readonly onError?: OnError | undefined
  /** Where `deadLetter` writes. Default `<applicationId>.dead-letters`. */
  readonly deadLetterTopic?: string | undefined
  /** How long to wait for records of an empty partition while others have some, in ms. Default 0. */
  readonly maxTaskIdleMs?: number | undefined
  /** Memory for rows of stores beside those of the running commit, roughly, in bytes. Default 64 MiB. */
  readonly stateCacheBytes?: number | undefined
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

/** The longest stretch of work between two looks at the event loop. */
const sliceMs = 10

interface Waiter {
  /** The ends of the input when the wait began. */
  readonly targets: readonly number[]
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/**
 * Starts a topology on a log, in this process, and creates topics that are missing.
 *
 * It goes on from its last commit, or from the beginning of its topics. Positions, outputs, state and counters are committed
 * together, so a crash at any moment loses nothing and doubles nothing. One instance per application id: a newer one takes
 * over, and the older one stops with `fenced`.
 *
 * @example
 * ```ts
 * const app = await startStreams(topology, { log, applicationId: 'click-counts' })
 * await app.caughtUp()
 * await app.close()
 * ```
 * @throws MillraceError `plan_changed`, `partitions_differ`, `position_lost`, `bad_option`
 */
export async function startStreams(topology: Topology, given: StreamsOptions): Promise<Application> {
  const options = checkOptions('startStreams', given, [
    'log',
    'applicationId',
    'commit',
    'onError',
    'deadLetterTopic',
    'maxTaskIdleMs',
    'stateCacheBytes',
    'clock',
    'signal',
    'onStateChange',
  ])
  if (!isInstance(topology, Topology)) {
    throw new MillraceError('bad_option', 'startStreams takes a topology: what StreamsBuilder.build() returned')
  }
  const applicationId = checkName('an application id', options.applicationId)
  const deadLetterTopic = checkName('the name of a topic', options.deadLetterTopic ?? `${applicationId}.dead-letters`)
  if (
    topology.nodes.some((node) => node.kind === 'source' && node.topics.some(({ name }) => name === deadLetterTopic))
  ) {
    throw new MillraceError(
      'bad_option',
      `the topology reads "${deadLetterTopic}", where its dead letters go: they would come back for ever; choose another deadLetterTopic`,
    )
  }
  const settings = checkSettings(applicationId, deadLetterTopic, options)
  const log = applicationLogOf(options.log)
  const { session, start } = await takeOver(log, topology, applicationId)
  try {
    return new Application(topology, session, start, settings)
  } catch (error) {
    await session.close()
    throw error
  }
}

/** Options with their defaults. */
interface Settings {
  readonly applicationId: string
  readonly deadLetterTopic: string
  readonly clock: Clock
  readonly signal: AbortSignal | undefined
  readonly everyMs: number | undefined
  readonly everyRecords: number
  readonly policy: FailurePolicy
  readonly maxTaskIdleMs: number
  readonly stateCacheBytes: number
  readonly onStateChange: ((state: ApplicationState) => void) | undefined
}

function checkSettings(applicationId: string, deadLetterTopic: string, options: StreamsOptions): Settings {
  const { clock = systemClock, commit = {}, onError = 'fail', onStateChange, signal } = options
  const { maxTaskIdleMs = 0, stateCacheBytes = 64 * 1_048_576 } = options
  const { everyMs, everyRecords = 10_000 } = checkOptions('commit', commit, ['everyMs', 'everyRecords'])
  checkClock('clock', clock)
  if (signal !== undefined) checkSignal('signal', signal)
  if (onStateChange !== undefined) checkedFunction('onStateChange', onStateChange)
  return {
    applicationId,
    deadLetterTopic,
    clock,
    signal,
    everyMs: everyMs === undefined ? undefined : checkWhole('commit.everyMs', everyMs, 0),
    everyRecords: checkWhole('commit.everyRecords', everyRecords, 1),
    policy: failurePolicy(onError),
    maxTaskIdleMs: checkWhole('maxTaskIdleMs', maxTaskIdleMs, 0),
    stateCacheBytes: checkWhole('stateCacheBytes', stateCacheBytes, 0),
    onStateChange,
  }
}

/**
 * A running topology, to watch, to query and to close. Made by {@link startStreams}.
 *
 * If it fails and nobody awaits {@link stopped} or {@link caughtUp}, the process ends with the error.
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
export class Application implements AsyncDisposable {
  /** Names its positions, stores and dead letters in the log. */
  readonly applicationId: string
  /** Resolves after {@link close}, rejects with the error that stopped the application. */
  readonly stopped: Promise<void>
  readonly #topology: Topology
  readonly #session: Session
  readonly #clock: Clock
  readonly #engine: Engine
  readonly #commitTimer: CommitTimer
  readonly #onStateChange: ((state: ApplicationState) => void) | undefined
  readonly #startedMs = monotonicMs()
  #state: ApplicationState = 'running'
  #waiters: Waiter[] = []
  #wake: (() => void) | undefined
  #news = false
  #lastCommitMs = 0

  /** @internal use {@link startStreams} */
  constructor(topology: Topology, session: Session, start: TakeOver, settings: Settings) {
    const { clock, signal } = settings
    this.applicationId = settings.applicationId
    this.#commitTimer = new CommitTimer(clock, settings.everyMs)
    this.#topology = topology
    this.#session = session
    this.#clock = clock
    this.#onStateChange = settings.onStateChange
    this.#engine = new Engine(session, start, topology, {
      clock,
      policy: settings.policy,
      deadLetterTopic: settings.deadLetterTopic,
      commitRecords: settings.everyRecords,
      maxTaskIdleMs: settings.maxTaskIdleMs,
      stateCacheBytes: settings.stateCacheBytes,
      onStop: () => this.#notify(),
    })
    const stopWatching = session.onNews(() => this.#notify())
    const onAbort = (): void => this.#beginClosing()
    signal?.addEventListener('abort', onAbort)
    this.stopped = this.#live().finally(() => {
      stopWatching()
      signal?.removeEventListener('abort', onAbort)
    })
    if (signal?.aborted === true) this.#beginClosing()
  }

  /** What it does right now. */
  get state(): ApplicationState {
    return this.#state
  }

  /** Works until it is told to close, or until it fails. */
  async #live(): Promise<void> {
    // The caller gets the application before the first record is worked on.
    await yieldToEventLoop()
    try {
      while (this.#state === 'running') await this.#step()
      await this.#commit()
      await this.#leave()
      this.#enter('closed')
      this.#settleWaiters(new MillraceError('closed', `application "${this.applicationId}" was closed`))
    } catch (error) {
      await this.#leave()
      this.#enter('failed')
      const seen = this.#waiters.length > 0
      this.#settleWaiters(error)
      // Whoever waits for the application hears of it there; otherwise an unhandled rejection ends the process.
      if (seen) queueMicrotask(() => void this.stopped.catch(() => undefined))
      throw error
    }
  }

  /** Records that it no longer runs. */
  async #leave(): Promise<void> {
    try {
      await this.#session.close()
    } catch {
      // The log is closed, or refuses all work. The end of the log's session, which is due next, says the same.
    }
  }

  async #step(): Promise<void> {
    // News wake it, so it learns of a takeover at once, before it works on a record of its successor.
    if (this.#news) this.#checkCurrent()
    this.#news = false
    const startedMs = monotonicMs()
    const isCommitTime = (isDrained: boolean): boolean => this.#commitTimer.leftMs(isDrained) <= 0
    const result = this.#engine.run(() => monotonicMs() - startedMs > sliceMs || isCommitTime(false))
    const isDrained = result !== 'commitDue' && result !== 'timeUp'
    if (this.#engine.hasUncommitted) this.#commitTimer.worked()
    if (result === 'commitDue' || isCommitTime(isDrained) || this.#waiters.some((waiter) => this.#hasReached(waiter))) {
      await this.#commit()
      this.#resolveWaiters()
    }
    if (isDrained) await this.#rest(result)
    else await yieldToEventLoop()
  }

  /**
   * An idle instance makes no commits from which it could find out that a newer one has taken over.
   *
   * @throws MillraceError `fenced`
   */
  #checkCurrent(): void {
    this.#session.refresh()
    if (this.#session.isFenced) throw fencedBySuccessor(this.applicationId)
  }

  /** Nothing else happens to the engine until the commit is durable: one commit, then the next turn. */
  async #commit(): Promise<void> {
    if (this.#engine.fatal !== undefined) throw this.#engine.fatal
    if (this.#engine.hasUncommitted) {
      const startedMs = monotonicMs()
      this.#commitTimer.begin()
      await commitTo(this.#session, this.#engine)
      this.#commitTimer.end()
      this.#lastCommitMs = monotonicMs() - startedMs
    }
  }

  /** Sleeps until there is news: new records, a wait that ends, a commit that falls due, or the end. */
  async #rest(result: RunResult): Promise<void> {
    const untilCommitMs = this.#commitTimer.leftMs(true)
    const restMs = Math.min(untilCommitMs, result === 'waiting' ? this.#engine.idleWaitMs : Number.POSITIVE_INFINITY)
    const cancel = Number.isFinite(restMs) ? this.#clock.schedule(Math.max(0, restMs), () => this.#notify()) : undefined
    await new Promise<void>((resolve) => {
      this.#wake = resolve
      if (this.#news || this.#state !== 'running') resolve()
    })
    this.#wake = undefined
    cancel?.()
  }

  #notify(): void {
    this.#news = true
    this.#wake?.()
  }

  /**
   * Resolves when every input is worked on and committed up to its end at the time of the call: for imports and tests. On input
   * that goes on it says nothing of what comes later.
   *
   * @throws the error that stopped the application, or MillraceError `closed`
   */
  async caughtUp(): Promise<void> {
    if (this.#state === 'failed') return this.stopped
    if (this.#state !== 'running') {
      throw new MillraceError('closed', `application "${this.applicationId}" was closed`)
    }
    this.#session.refresh()
    const targets = this.#engine.lanes.map(({ partition }) => this.#session.endOffset(partition))
    return new Promise<void>((resolve, reject) => {
      this.#waiters.push({ targets, resolve, reject })
      this.#notify()
    })
  }

  /** Whether everything that was there when the wait began is worked on. */
  #hasReached({ targets }: Waiter): boolean {
    const { lanes } = this.#engine
    return targets.every((target, index) => (lanes[index]?.position ?? 0) >= target)
  }

  /** Directly after a commit: what is worked on is durable. */
  #resolveWaiters(): void {
    const done = this.#waiters.filter((waiter) => this.#hasReached(waiter))
    if (done.length === 0) return
    this.#waiters = this.#waiters.filter((waiter) => !done.includes(waiter))
    for (const waiter of done) waiter.resolve()
  }

  #settleWaiters(error: unknown): void {
    for (const waiter of this.#waiters) waiter.reject(error)
    this.#waiters = []
  }

  /** Rates, lag, stream times and counts, as of now; counts since the application first started. */
  metrics(): Metrics {
    return metricsOf(this.#engine, {
      state: this.#state,
      lastCommitMs: this.#lastCommitMs,
      runningMs: monotonicMs() - this.#startedMs,
    })
  }

  /**
   * A store of the topology, to query by the constant that its aggregation was given: rows as of the last commit.
   *
   * @throws MillraceError `store_unknown`, `bad_option` when the constant's serdes are not the store's
   */
  store<K, V>(store: KeyValueStore<K, V>): ReadOnlyKeyValueStore<K, V>
  store<K, V>(store: WindowStore<K, V>): ReadOnlyWindowStore<K, V>
  store<K, V>(store: KeyValueStore<K, V> | WindowStore<K, V>): ReadOnlyKeyValueStore<K, V> | ReadOnlyWindowStore<K, V> {
    return queryStore(this.#session, this.#topology, this.#engine, store)
  }

  /**
   * Commits what is done and stops; close it before the log. After a failure it does nothing; the failure is told by
   * {@link stopped}.
   */
  async close(): Promise<void> {
    this.#beginClosing()
    if (this.#state !== 'failed') await this.stopped
  }

  #beginClosing(): void {
    if (this.#state !== 'running') return
    this.#enter('closing')
    this.#notify()
  }

  /** {@link close}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** A listener that throws or rejects changes nothing for the application; it becomes a warning. */
  #enter(state: ApplicationState): void {
    this.#state = state
    const warn = (error: unknown): void =>
      process.emitWarning(`onStateChange of application "${this.applicationId}" threw: ${messageOf(error)}`)
    try {
      const answer: unknown = this.#onStateChange?.(state)
      if (isPromise(answer)) void Promise.resolve(answer).catch(warn)
    } catch (error) {
      warn(error)
    }
  }
}
