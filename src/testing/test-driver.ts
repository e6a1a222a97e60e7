/**
 * TopologyTestDriver: the real engine on a throw-away log, synchronous, with a clock that stands still.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assert, present } from '../core/assert.ts'
import { ManualClock } from '../core/clock.ts'
import { checkBoolean, checkChoice, checkOptions, checkWhole } from '../core/checks.ts'
import { bytes, nullable } from '../core/serdes.ts'
import type { ReadOnlyVersionedStore } from '../core/read-only-stores.ts'
import type { AnyStore, KeyValueStore, SessionStore, VersionedStore, WindowStore } from '../core/store-constants.ts'
import { type Topic, topic } from '../core/topic.ts'
import { letterOfRecord } from '../log/admin/letter.ts'
import type { DeadLetter } from '../log/admin/letters-face.ts'
import { EmbeddedLog } from '../log/embedded-log.ts'
import { bufferLimit } from '../log/producer/limits.ts'
import { Outboxes } from '../log/producer/outboxes.ts'
import { matchTopics, readsAtNextStart } from '../plan/matching.ts'
import { checkTopology, type Topology } from '../plan/topology.ts'
import type { Session } from '../log/contract.ts'
import { commitTo } from '../runtime/commit.ts'
import { Engine } from '../runtime/engine.ts'
import { failurePolicy, type OnError } from '../runtime/failures.ts'
import { Meter } from '../runtime/meter.ts'
import { type Metrics, metricsOf } from '../runtime/metrics.ts'
import { queryStore } from '../runtime/store-query.ts'
import { beginningOf } from '../runtime/take-over.ts'
import { Environment } from '../storage/environment.ts'
import {
  type AnyTestStore,
  fillStore,
  type TestKeyValueStore,
  type TestSessionStore,
  testStore,
  type TestWindowStore,
} from './test-stores.ts'
import { TestInputTopic, TestOutputTopic } from './test-topics.ts'

/** What {@link TopologyTestDriver} takes besides the topology. */
export interface TestDriverOptions {
  /** What to do with a record that fails. Default `fail`: `pipeInput` throws. */
  readonly onError?: OnError | undefined
  /** As of {@link startStreams}: whether what operators drop goes to the dead-letter topic. Default false. */
  readonly deadLetterDrops?: boolean | undefined
  /**
   * When to commit: `'always'` (default) after every input; `'manual'` only on {@link TopologyTestDriver.commit}, so
   * that outputs show later and a crash has something to undo.
   */
  readonly commit?: 'always' | 'manual' | undefined
  /** Where the wall clock stands at first, in ms since the epoch. Default 0. */
  readonly initialWallClockMs?: number | undefined
  /**
   * As of {@link startStreams}: how long a record waits for inputs that have none, until
   * {@link TopologyTestDriver.advanceWallClockTime} has passed it. Default 0.
   */
  readonly maxTaskIdleMs?: number | undefined
  /** Memory for rows of stores, roughly, in bytes; small ones force every row to storage and back. Default 64 MiB. */
  readonly stateCacheBytes?: number | undefined
}

/** The application, until the next crash. */
interface Running {
  readonly topology: Topology
  readonly session: Session
  readonly engine: Engine
  readonly meter: Meter
}

const applicationId = 'test-driver'
const letters = topic(`${applicationId}.dead-letters`, { key: nullable(bytes()), value: nullable(bytes()) })

/**
 * Runs a topology step by step, as Kafka Streams' driver of this name does: each input is processed completely, through
 * all regroupings, before the call returns. For tests of topologies; `crash()` proves that nothing depends on memory.
 *
 * Its log is thrown away, so nothing is flushed to the disk: an input that is filtered and counted takes about 0.4 ms.
 * Commits still reach its file, and `crash()` restarts from there.
 *
 * @example
 * ```ts
 * const driver = new TopologyTestDriver(topology)
 * driver.inputTopic(clicks).pipeInput({ key: 'a', value: { page: '/', status: 200, bytes: 512 }, timestamp: 0 })
 * driver.crash()
 * console.log(driver.outputTopic(perMinute).readRecords())
 * driver.close()
 * ```
 * An operator of `pipe` that emits between two calls, a delay or a promise, makes the next call throw
 * `emitted_outside_turn`.
 *
 * @throws MillraceError `bad_option`
 */
export class TopologyTestDriver implements Disposable {
  readonly #dir: string
  readonly #topology: Topology
  readonly #options: TestDriverOptions
  readonly #clock: ManualClock
  readonly #log: EmbeddedLog
  readonly #outboxes: Outboxes
  #running: Running
  /** Whether an operator has stopped the application, and no call has thrown that yet. */
  #isStopUntold = false
  /** Goes on with what waits for a call. */
  #wake: (() => void) | undefined

  constructor(topology: Topology, given: TestDriverOptions = {}) {
    const options = checkOptions('TopologyTestDriver', given, [
      'onError',
      'deadLetterDrops',
      'commit',
      'initialWallClockMs',
      'maxTaskIdleMs',
      'stateCacheBytes',
    ])
    checkChoice('commit', options.commit ?? 'always', ['always', 'manual'])
    checkWhole('stateCacheBytes', options.stateCacheBytes ?? 0, 0)
    checkBoolean('deadLetterDrops', options.deadLetterDrops ?? false)
    checkWhole('maxTaskIdleMs', options.maxTaskIdleMs ?? 0, 0)
    this.#topology = checkTopology('the driver', topology)
    this.#options = options
    this.#clock = new ManualClock(checkWhole('initialWallClockMs', options.initialWallClockMs ?? 0, 0))
    this.#dir = mkdtempSync(join(tmpdir(), 'millrace-test-driver-'))
    this.#log = new EmbeddedLog(Environment.openNow(this.#dir, { throwAway: true }), { clock: this.#clock })
    this.#outboxes = new Outboxes(this.#log, {
      batchBytes: 131_072,
      limit: bufferLimit(Number.MAX_SAFE_INTEGER),
      compression: 'none',
      clock: this.#clock,
    })
    try {
      this.#running = this.#start()
    } catch (error) {
      this.#isStopUntold = false
      this.#remove()
      throw error
    }
  }

  get #engine(): Engine {
    return this.#running.engine
  }

  #start(): Running {
    const topology = matchTopics(this.#topology, () => this.#log.topicNames())
    const { topics, begin } = beginningOf(topology, applicationId)
    const { session, start } = this.#log.openNow({ applicationId }, topics, begin)
    const engine = new Engine(session, start, topology, {
      clock: this.#clock,
      policy: failurePolicy(this.#options.onError ?? 'fail'),
      deadLetterTopic: letters.name,
      deadLetterDrops: this.#options.deadLetterDrops ?? false,
      commitRecords: this.#options.commit === 'manual' ? Number.MAX_SAFE_INTEGER : 1,
      maxTaskIdleMs: this.#options.maxTaskIdleMs ?? 0,
      idleTimeoutMs: Number.POSITIVE_INFINITY,
      isBounded: false,
      stateCacheBytes: this.#options.stateCacheBytes ?? 64 * 1_048_576,
      onStop: () => (this.#isStopUntold = true),
      onNews: () => this.#wake?.(),
    })
    return { topology, session, engine, meter: new Meter(this.#clock, engine) }
  }

  /**
   * A topic of the topology, to write to; created where it is missing. One that matches a pattern and was not there
   * when the application started makes it start again, as {@link crash} does.
   */
  inputTopic<K, V>(topic: Topic<K, V>): TestInputTopic<K, V> {
    this.#outboxes.route(topic)
    if (readsAtNextStart(this.#running.topology, topic.name)) this.crash()
    return new TestInputTopic(this.#outboxes, topic, () => this.#run())
  }

  /**
   * A topic, to read from; each call begins at the first record.
   *
   * @throws MillraceError `topic_unknown`
   */
  outputTopic<K, V>(topic: Topic<K, V>): TestOutputTopic<K, V> {
    return new TestOutputTopic(this.#log, topic, () => this.#throwUntold())
  }

  /**
   * The records that were passed over so far, as of the last commit, each with why and where: those that failed under
   * `onError: 'deadLetter'`, and with `deadLetterDrops` those that operators dropped.
   *
   * @example console.log(driver.deadLetters().map(({ reason, operator, source }) => [reason, operator, source]))
   */
  deadLetters(): readonly DeadLetter[] {
    this.#throwUntold()
    this.#log.refresh()
    if (!this.#log.topicNames().includes(letters.name)) return []
    return this.outputTopic(letters).readRecords().map(letterOfRecord)
  }

  /**
   * Moves the wall clock, in ms, and does what falls due, once however many intervals have passed; only records move
   * stream time.
   */
  advanceWallClockTime(durationMs: number): void {
    this.#clock.advance(checkWhole('the duration', durationMs, 0))
    this.#run()
  }

  #run(): void {
    this.#throwUntold()
    try {
      for (let result = this.#engine.run(() => false); ; result = this.#engine.run(() => false)) {
        if (result === 'commitDue') this.#commit()
        else if (result === 'topicMissing') this.#createTopic()
        else break
      }
      if (this.#options.commit !== 'manual') this.#commit()
    } finally {
      this.#isStopUntold = false // the run has thrown it
    }
  }

  #createTopic(): void {
    const { session, engine } = this.#running
    const wanted = present(engine.missingTopic, 'a run that waits for a topic says which')
    const found = session.ensureTopic(wanted)
    assert(!(found instanceof Promise), 'in a directory of its own the driver waits for no one')
    engine.topicFound(found)
  }

  /** The directory is the driver's own, so a commit never has to wait: it is durable when it returns. */
  #commit(): void {
    const { session, engine } = this.#running
    if (commitTo(session, engine) !== undefined) throw new Error('a commit of the test driver had to wait')
  }

  /**
   * An operator of pipe() may emit between two calls, which is too late: the next call, whichever it is, throws the
   * error.
   */
  #throwUntold(): void {
    const isUntold = this.#isStopUntold
    this.#isStopUntold = false
    if (isUntold && this.#engine.fatal !== undefined) throw this.#engine.fatal
  }

  /** Commits what was done since the last commit. */
  commit(): void {
    this.#throwUntold()
    this.#commit()
  }

  /**
   * Kills the application here, with all that it has not committed, and starts it again from its last commit. With
   * `commit: 'manual'`, what is lost that way is processed again.
   */
  crash(): void {
    this.#throwUntold()
    this.#engine.asyncCalls.abort()
    this.#running = this.#start()
    this.#run()
  }

  /**
   * Waits for the calls of `mapAsync` and works on their results, until no call is under way. A call that waits for a
   * retry, or never ends, waits for {@link advanceWallClockTime}.
   *
   * @example
   * ```ts
   * driver.inputTopic(clicks).pipeInput({ key: 'a', value: { page: '/', status: 200, bytes: 512 }, timestamp: 0 })
   * await driver.settled()
   * ```
   * @throws the error of a call that fails, unless `onError` passes over it
   */
  async settled(): Promise<void> {
    for (this.#run(); this.#engine.asyncCalls.isBusy; this.#run()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /**
   * A store of the topology, as of the last commit. What a processor keeps in it can be put there before a test; it is
   * part of the next commit.
   *
   * @throws MillraceError `store_unknown`
   */
  store<K, V>(store: KeyValueStore<K, V>): TestKeyValueStore<K, V>
  store<K, V>(store: WindowStore<K, V>): TestWindowStore<K, V>
  store<K, V>(store: SessionStore<K, V>): TestSessionStore<K, V>
  store<K, V>(store: VersionedStore<K, V>): ReadOnlyVersionedStore<K, V>
  store<K, V>(store: AnyStore<K, V>): AnyTestStore<K, V> {
    this.#throwUntold()
    const query = queryStore(this.#running.session, this.#running.topology, this.#engine, store)
    return testStore(store.kind, query, (key, work) => {
      this.#throwUntold()
      fillStore(this.#running.topology, this.#engine, store.name, key, this.#clock.now(), work)
      this.#run()
    })
  }

  /** What was counted: consumed, produced, dropped and failed records, stream times. */
  metrics(): Metrics {
    this.#throwUntold()
    return metricsOf(this.#engine, this.#running.meter.figures(), { state: 'running', lastCommitMs: 0, runningMs: 0 })
  }

  /** Closes what processors hold, ends the test and removes the log and its directory. */
  close(): void {
    try {
      this.#engine.close()
    } finally {
      this.#remove()
    }
    this.#throwUntold()
  }

  #remove(): void {
    void this.#log.environment.close()
    rmSync(this.#dir, { recursive: true, force: true })
  }

  /** {@link close}, for `using`. */
  [Symbol.dispose](): void {
    this.close()
  }
}
