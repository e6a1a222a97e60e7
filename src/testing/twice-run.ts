/**
 * One of two runs: the engine over the records of a log, with state of its own that is thrown away.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { present } from '../core/assert.ts'
import type { Clock } from '../core/clock.ts'
import type { FoundApplication } from '../log/contract.ts'
import { EmbeddedLog } from '../log/embedded-log.ts'
import type { Topology } from '../plan/topology.ts'
import { commitTo } from '../runtime/commit.ts'
import { Engine } from '../runtime/engine.ts'
import type { RunResult } from '../runtime/engine-options.ts'
import type { FailurePolicy } from '../runtime/failures.ts'
import { beginningOf } from '../runtime/take-over.ts'
import { Environment } from '../storage/environment.ts'
import { type OutputListener, type TwiceInput, TwiceSession } from './twice-session.ts'

const applicationId = 'twice'

/** How a run differs from the other one. */
export interface RunManner {
  readonly clock: ShiftedClock
  readonly commitRecords: number
  readonly stateCacheBytes: number
  /** How far its wall clock goes forward with each commit. */
  readonly stepMs: number
  readonly restarts: boolean
}

/** The clock of a run: that of the machine, with a wall clock that is elsewhere. */
export class ShiftedClock implements Clock {
  readonly #clock: Clock
  #shiftMs: number

  constructor(clock: Clock, shiftMs: number) {
    this.#clock = clock
    this.#shiftMs = shiftMs
  }

  now(): number {
    return this.#clock.now() + this.#shiftMs
  }

  elapsed(): number {
    return this.#clock.elapsed()
  }

  schedule(delayMs: number, callback: () => void, kind?: 'background'): () => void {
    return this.#clock.schedule(delayMs, callback, kind)
  }

  step(durationMs: number): void {
    this.#shiftMs += durationMs
  }
}

export class TwiceRun {
  restartCount = 0
  hasEnded = false
  readonly #topology: Topology
  readonly #input: TwiceInput
  readonly #policy: FailurePolicy
  readonly #manner: RunManner
  readonly #wrote: OutputListener
  readonly #dir: string
  readonly #log: EmbeddedLog
  #session: TwiceSession
  #engine: Engine
  #recordsBefore = 0
  #commits = 0
  /** Since the engine last ran. */
  #hasNews = false
  #wake: (() => void) | undefined

  constructor(topology: Topology, input: TwiceInput, policy: FailurePolicy, manner: RunManner, wrote: OutputListener) {
    this.#topology = topology
    this.#input = input
    this.#policy = policy
    this.#manner = manner
    this.#wrote = wrote
    this.#dir = mkdtempSync(join(tmpdir(), 'millrace-twice-'))
    this.#log = new EmbeddedLog(Environment.openNow(this.#dir, { throwAway: true }), { clock: manner.clock })
    try {
      ;[this.#session, this.#engine] = this.#start()
    } catch (error) {
      this.#remove()
      throw error
    }
  }

  #start(): [TwiceSession, Engine] {
    const { topics, begin } = beginningOf(this.#topology, applicationId)
    const input = this.#input
    const { session: kept, start } = this.#log.openNow({ applicationId }, [], (own) => {
      const found: FoundApplication = {
        ...own,
        topics: topics.map((request) => input.topicOf(request)),
        startOffset: (partition) => input.rangeOf(partition).start,
        endOffset: (partition) => input.rangeOf(partition).end,
        position: (partition) => own.position(partition) ?? input.rangeOf(partition).start,
      }
      return begin(found)
    })
    const session = new TwiceSession(kept, input, this.#wrote)
    const { clock, commitRecords, stateCacheBytes } = this.#manner
    const engine = new Engine(session, start, this.#topology, {
      clock,
      policy: this.#policy,
      deadLetterTopic: `${applicationId}.dead-letters`,
      deadLetterDrops: false,
      commitRecords,
      maxTaskIdleMs: 0,
      idleTimeoutMs: Number.POSITIVE_INFINITY,
      isBounded: true,
      stateCacheBytes,
      onStop: () => this.#tell(),
      onNews: () => this.#tell(),
    })
    return [session, engine]
  }

  /** Source records so far. */
  get records(): number {
    return this.#recordsBefore + this.#engine.recordCount
  }

  /** Works until it is told that this is enough, until it has to wait, or to the end; then nothing is uncommitted. */
  async work(isEnough: () => boolean): Promise<void> {
    for (;;) {
      this.#hasNews = false
      const result = this.#engine.run(isEnough)
      if (await this.#goOn(result)) return
    }
  }

  /** Whether it stops here. */
  async #goOn(result: RunResult): Promise<boolean> {
    switch (result) {
      case 'topicMissing': {
        const wanted = present(this.#engine.missingTopic, 'a run that waits for a topic says which')
        this.#engine.topicFound(this.#session.ensureTopic(wanted))
        return false
      }
      case 'commitDue':
        await this.#commit()
        return false
      case 'timeUp':
        return true
      default: {
        const engine = this.#engine
        await this.#commit()
        this.hasEnded = engine.hasEnded
        if (!this.hasEnded && engine === this.#engine) await this.#news()
        return this.hasEnded
      }
    }
  }

  #tell(): void {
    this.#hasNews = true
    this.#wake?.()
  }

  /** A call is done since the engine last ran, or some time later. */
  async #news(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve
      if (this.#hasNews) resolve()
    })
    this.#wake = undefined
  }

  async #commit(): Promise<void> {
    if (!this.#engine.hasUncommitted) return
    await commitTo(this.#session, this.#engine)
    const { clock, stepMs, restarts } = this.#manner
    clock.step(stepMs)
    const isTime = (++this.#commits & (this.#commits - 1)) === 0
    const { asyncCalls, hasEnded } = this.#engine
    if (restarts && isTime && !hasEnded && asyncCalls.isFinished(asyncCalls.endOfWave())) this.#restart()
  }

  #restart(): void {
    this.#recordsBefore = this.records
    this.#engine.close()
    ;[this.#session, this.#engine] = this.#start()
    this.restartCount++
  }

  close(): void {
    try {
      this.#engine.close()
    } finally {
      this.#remove()
    }
  }

  #remove(): void {
    void this.#log.environment.close()
    rmSync(this.#dir, { recursive: true, force: true })
  }
}
