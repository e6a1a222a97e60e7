/**
 * A running application: drives the engine from the event loop, commits by time and by count, and answers questions.
 */
import { present } from '../core/assert.ts'
import { monotonicMs, yieldToEventLoop } from '../core/clock.ts'
import { MillraceError, messageOf } from '../core/errors.ts'
import { isInstance } from '../core/checks.ts'
import type {
  ReadOnlyKeyValueStore,
  ReadOnlySessionStore,
  ReadOnlyVersionedStore,
  ReadOnlyWindowStore,
} from '../core/read-only-stores.ts'
import type { AnyStore, KeyValueStore, SessionStore, VersionedStore, WindowStore } from '../core/store-constants.ts'
import type { StoreChanges, WatchOptions } from '../core/store-changes.ts'
import type { StoreSnapshots } from '../core/store-position.ts'
import type { Windowed } from '../core/windows/window.ts'
import type { Session } from '../log/contract.ts'
import type { Topology } from '../plan/topology.ts'
import { ApplicationEvents } from './application-events.ts'
import { commitTo } from './commit.ts'
import { CommitTimer } from './commit-timer.ts'
import { Engine } from './engine.ts'
import type { EngineOptions, RunResult } from './engine-options.ts'
import type { Application, ApplicationState } from './face.ts'
import { reasonFor } from './failure-reason.ts'
import { LeftFigures } from './left-figures.ts'
import { Meter } from './meter.ts'
import { Migration } from './migration.ts'
import { type Metrics, metricsOf } from './metrics.ts'
import { fullPace, type Pace } from './pace.ts'
import type { Settings } from './settings.ts'
import { ComingRedriven } from './redriven.ts'
import { Rest } from './rest.ts'
import { tellState } from './state-listener.ts'
import type { TakeOver } from './take-over.ts'
import { type AnyStoreQuery, queryStore } from './store-query.ts'

interface Waiter {
  /** The ends of the input when the wait began. */
  readonly targets: readonly number[]
  /** The asynchronous calls that all of that has asked for; known once it is read. */
  wave: number | undefined
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** An application of this process. */
export class RunningApplication implements Application {
  readonly applicationId: string
  readonly stopped: Promise<void>
  readonly #topology: Topology
  readonly #session: Session
  readonly #engine: Engine
  readonly #meter: Meter
  /** What others see of it. */
  readonly #figures: LeftFigures
  readonly #rest: Rest
  readonly #pace: Pace
  readonly #events: ApplicationEvents
  readonly #migration: Migration
  readonly #moveBounds: EngineOptions['moveBounds']
  readonly #commitTimer: CommitTimer
  readonly #onStateChange: ((state: ApplicationState) => void) | undefined
  /** Undefined: a bounded run reads no topic that comes later. */
  readonly #redriven: ComingRedriven | undefined
  readonly #startedMs = monotonicMs()
  #state: ApplicationState = 'running'
  #waiters: Waiter[] = []
  #lastCommitMs = 0
  /** How long it has worked since the last commit. */
  #workMs = 0

  /** @internal use {@link startStreams} */
  constructor(topology: Topology, session: Session, start: TakeOver, settings: Settings) {
    const { clock, signal } = settings
    this.applicationId = settings.applicationId
    this.#commitTimer = new CommitTimer(clock, settings.everyMs)
    this.#topology = topology
    this.#session = session
    this.#moveBounds = settings.moveBounds
    this.#pace = settings.pace ?? fullPace
    const { sourceTopics } = start.layout
    this.#redriven = settings.isBounded ? undefined : new ComingRedriven(settings.applicationId, sourceTopics)
    this.#onStateChange = settings.onStateChange
    this.#engine = new Engine(session, start, topology, {
      clock,
      policy: settings.policy,
      deadLetterTopic: settings.deadLetterTopic,
      deadLetterDrops: settings.deadLetterDrops,
      idleTimeoutMs: settings.idleTimeoutMs,
      isBounded: settings.isBounded,
      commitRecords: settings.everyRecords,
      maxTaskIdleMs: settings.maxTaskIdleMs,
      stateCacheBytes: settings.stateCacheBytes,
      moveBounds: settings.moveBounds,
      onStop: () => this.#rest.notify(),
      onNews: () => this.#rest.answered(),
      onRetry: (retry) => this.#events.retried(retry),
    })
    this.#meter = new Meter(clock, this.#engine)
    this.#figures = new LeftFigures(session, clock, this.#meter)
    this.#rest = new Rest(clock, this.#figures)
    this.#events = new ApplicationEvents(session.instance, this.#engine)
    this.#migration = new Migration(session, topology, this.#engine)
    const stopWatching = session.onNews(() => this.#rest.notify())
    const onAbort = (): void => this.#beginClosing()
    signal?.addEventListener('abort', onAbort)
    this.stopped = this.#live().finally(() => {
      stopWatching()
      signal?.removeEventListener('abort', onAbort)
    })
    if (signal?.aborted === true) this.#beginClosing()
  }

  get state(): ApplicationState {
    return this.#state
  }

  /** Works until it is told to close, or until it fails. */
  async #live(): Promise<void> {
    // The caller gets the application before the first record is processed.
    await yieldToEventLoop()
    try {
      this.#events.started()
      while (this.#state === 'running') await this.#step()
      this.#engine.asyncCalls.abort()
      await this.#commit()
      this.#engine.close()
      await this.#leave()
      this.#enter('closed')
      this.#events.closed()
      this.#engine.changes.end(undefined)
      this.#settleWaiters(new MillraceError('closed', `application "${this.applicationId}" was closed`))
    } catch (thrown) {
      const error = reasonFor(thrown, this.#session)
      this.#closeFailed()
      await this.#leave().catch(() => undefined) // the error that matters is told below
      this.#enter('failed')
      this.#events.failed(error)
      this.#engine.changes.end(error)
      const seen = this.#waiters.length > 0
      this.#settleWaiters(error)
      // Code that waits for the application hears of it there; otherwise an unhandled rejection ends the process.
      if (seen) queueMicrotask(() => void this.stopped.catch(() => undefined))
      throw error
    }
  }

  /** The error that the application failed with is the one that matters; one that comes now becomes a warning. */
  #closeFailed(): void {
    try {
      this.#engine.close()
    } catch (error) {
      process.emitWarning(`in application "${this.applicationId}", which has failed: ${messageOf(error)}`)
    }
  }

  /** Records that it no longer runs; where the log is closed, the end of the log's own session says the same. */
  async #leave(): Promise<void> {
    try {
      await this.#session.close()
    } catch (error) {
      if (!isInstance(error, MillraceError) || error.code !== 'closed') throw error
    }
  }

  async #step(): Promise<void> {
    // News wake it, so it learns of a takeover at once, before it works on a record of its successor.
    if (this.#rest.hasNews) this.#checkCurrent()
    this.#rest.hasNews = this.#rest.hasAnswers = false
    if (this.#figures.restMs <= 0) await this.#figures.leave()
    const restMs = this.#pace.restMs()
    if (restMs > 0) return this.#pause(restMs)
    const { sliceMs } = this.#pace
    const startedMs = monotonicMs()
    const sinceMs = this.#meter.nowMs
    const isCommitTime = (isDrained: boolean): boolean => this.#commitTimer.leftMs(isDrained) <= 0
    const timeUp = (): boolean => monotonicMs() - startedMs > sliceMs || isCommitTime(false)
    const result = await this.#run(timeUp)
    const isDrained = result !== 'commitDue' && result !== 'timeUp'
    if (this.#engine.hasUncommitted) this.#commitTimer.worked()
    this.#workMs += monotonicMs() - startedMs
    this.#meter.worked(sinceMs)
    const isDue = result === 'commitDue' || this.#pace.isCommitDue(this.#workMs)
    if (isDue || isCommitTime(isDrained) || this.#waiters.some((waiter) => this.#hasReached(waiter))) {
      await this.#commit()
      this.#resolveWaiters()
    }
    if (result === 'drained' && this.#engine.hasEnded) await this.#finish()
    else if (isDrained && this.#migration.isDone) await this.#restAfter(result)
    else if (isDrained) await this.#migrate()
    else await yieldToEventLoop()
  }

  /** Also goes on with calls that are answered at once, which takes neither a tick of the event loop nor a rest. */
  async #run(timeUp: () => boolean): Promise<RunResult> {
    for (let goesOn = false; ;) {
      this.#rest.hasAnswers = false
      const result = this.#engine.run(timeUp, goesOn)
      goesOn = result === 'blocked' || (result === 'drained' && this.#engine.asyncCalls.isBusy)
      if (goesOn) await Promise.resolve()
      if (goesOn ? !this.#rest.hasAnswers : result !== 'topicMissing') return result
      if (!goesOn) await this.#createTopic()
    }
  }

  /** Others go first. Where that has no end in sight, what was done is made durable before. */
  async #pause(restMs: number): Promise<void> {
    if (restMs === Number.POSITIVE_INFINITY) {
      await this.#commit()
      this.#resolveWaiters()
      this.#pace.rested()
    }
    await this.#rest.for(restMs)
  }

  /** Nothing else is to be done for now. */
  async #migrate(): Promise<void> {
    await this.#migration.step()
    await yieldToEventLoop()
  }

  /** All of a bounded input is processed. */
  async #finish(): Promise<void> {
    await this.#commit()
    this.#resolveWaiters()
    this.#beginClosing()
  }

  /** What waits for it cannot be left half done, so it is created even while the application closes. */
  async #createTopic(): Promise<void> {
    const wanted = present(this.#engine.missingTopic, 'a run that waits for a topic says which')
    this.#engine.topicFound(await this.#session.ensureTopic(wanted))
  }

  /**
   * An idle instance makes no commits from which it could find out that a newer one has taken over.
   *
   * @throws MillraceError `fenced`, `superseded`, `application_reset`, `application_deleted`
   */
  #checkCurrent(): void {
    this.#session.refresh()
    if (this.#session.isFenced) throw this.#session.fence()
    this.#readRedriven()
  }

  /** Dead letters that are sent again are read at once, and not only after the next start. */
  #readRedriven(): void {
    const lanes = this.#redriven?.take(this.#session, this.#engine.lanes.length) ?? []
    if (lanes.length > 0) this.#engine.read(lanes)
  }

  /** Nothing else happens to the engine until the commit is durable: one commit, then the next turn. */
  async #commit(): Promise<void> {
    if (this.#engine.fatal !== undefined) throw this.#engine.fatal
    if (this.#engine.hasUncommitted) {
      const startedMs = monotonicMs()
      const sinceMs = this.#meter.nowMs
      const figures = this.#figures.forCommit()
      this.#commitTimer.begin()
      this.#events.commitBegins()
      const committing = commitTo(this.#session, this.#engine, figures)
      this.#meter.wroteCommit(sinceMs)
      await committing
      this.#commitTimer.end()
      this.#meter.committed(sinceMs)
      this.#figures.committed(figures)
      this.#lastCommitMs = monotonicMs() - startedMs
      this.#events.committed(this.#lastCommitMs)
      this.#workMs = 0
      this.#pace.committed(this.#lastCommitMs)
    }
  }

  /** Sleeps until there is news: new records, a wait that ends, a commit or a job that falls due, or the end. */
  async #restAfter(result: RunResult): Promise<void> {
    const untilCommitMs = this.#commitTimer.leftMs(true)
    const idleWaitMs = result === 'waiting' ? this.#engine.idleWaitMs : Number.POSITIVE_INFINITY
    await this.#rest.for(Math.min(untilCommitMs, idleWaitMs, this.#engine.nextDueMs))
  }

  /** How far it is in each source partition. */
  get lanes(): Engine['lanes'] {
    return this.#engine.lanes
  }

  /** The bounds of its lanes are others, though nothing may have been committed. */
  lookAgain(): void {
    this.#engine.read([]) // whenever lanes come, the ends of all are looked at
    this.#rest.notify()
  }

  /** What it rests for may be over. */
  wake(): void {
    this.#rest.notify()
  }

  async caughtUp(): Promise<void> {
    if (this.#state === 'failed') return this.stopped
    if (this.#state !== 'running') {
      throw new MillraceError('closed', `application "${this.applicationId}" was closed`)
    }
    this.#session.refresh()
    this.#readRedriven()
    const { lanes } = this.#engine
    this.#moveBounds?.(lanes)
    const targets = lanes.map((lane) => lane.within(this.#session.endOffset(lane.partition)))
    return new Promise<void>((resolve, reject) => {
      this.#waiters.push({ targets, wave: undefined, resolve, reject })
      this.#rest.notify()
    })
  }

  /** Whether everything that was there when the wait began is processed. */
  #hasReached(waiter: Waiter): boolean {
    const { asyncCalls, lanes, hasDue } = this.#engine
    if (hasDue || waiter.targets.some((target, index) => (lanes[index]?.position ?? 0) < target)) return false
    return asyncCalls.isFinished((waiter.wave ??= asyncCalls.endOfWave()))
  }

  /** Directly after a commit: what was processed is durable. */
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

  metrics(): Metrics {
    return metricsOf(this.#engine, this.#meter.figures(), {
      state: this.#state,
      lastCommitMs: this.#lastCommitMs,
      runningMs: monotonicMs() - this.#startedMs,
    })
  }

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
  store<K, V>(store: AnyStore<K, V>, options: WatchOptions = {}): AnyStoreQuery<K, V> & StoreChanges<unknown, unknown> {
    return queryStore(this.#session, this.#topology, this.#engine, store, options)
  }

  async close(): Promise<void> {
    this.#beginClosing()
    if (this.#state !== 'failed') await this.stopped
  }

  #beginClosing(): void {
    if (this.#state !== 'running') return
    this.#enter('closing')
    this.#rest.notify()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #enter(state: ApplicationState): void {
    this.#state = state
    tellState(this.applicationId, this.#onStateChange, state)
  }
}
