/**
 * A version of an application beside the live one: the one engine, on what is kept under a name of its own.
 */
import type { Observable } from 'rxjs'
import { checkName, checkOptions } from '../core/checks.ts'
import { type ApplicationLog, applicationLogOf, type FoundApplication } from '../log/contract.ts'
import { besideName, besideTopic } from '../log/kept/version-name.ts'
import { matchTopics, refuseNoMatch } from '../plan/matching.ts'
import { mapTopics } from '../plan/mapped-topics.ts'
import { checkTopology, type Topology } from '../plan/topology.ts'
import { RunningApplication } from '../runtime/application.ts'
import { checkWishes } from '../runtime/change-wishes.ts'
import { checkSettings } from '../runtime/settings.ts'
import { checkDeadLetters } from '../runtime/start-streams.ts'
import { beginningOf, type TakeOver } from '../runtime/take-over.ts'
import { compareVersions } from './compare.ts'
import type { CompareOptions, ComparisonReport } from './comparison-face.ts'
import { Courtesy } from './courtesy.ts'
import { decideEffects } from './effects.ts'
import type { Replay, ReplayOptions, ReplayProgress } from './face.ts'
import { LivePosition } from './live-position.ts'
import { ProgressOfReplay } from './progress.ts'
import { versionOutputs } from './version-outputs.ts'
import { checkRange, firstOffset, rangeOf, type ReplayRange } from './range.ts'

/** What is stored of the version that begins, and the range that it replays. */
interface BegunReplay extends TakeOver {
  readonly replay: ReplayRange
}

/**
 * Runs a topology as a version beside the live one: over the history of its topics, on positions, state and outputs of
 * its own, while the live version goes on. It is there to try new code on old records before it becomes the live one.
 *
 * It never reads past what the live version has committed, and lets that one go first. What it writes goes to hidden
 * topics, `<topic>@<application>@<version>`. It may run in the process of the live version or in another one; killed in
 * the middle, the next `replay` of the same version goes on where it was.
 *
 * @example
 * ```ts
 * const v2 = await replay(topology, { log, applicationId: 'click-counts', version: 'v2', from: { ago: days(1) } })
 * v2.progress$.subscribe(({ percent, etaMs }) => console.error(percent, etaMs))
 * await v2.caughtUp()
 * console.log(v2.store(totals).get('/'))
 * await v2.close()
 * ```
 * @throws MillraceError `effects_undecided`, `bad_option`, and what {@link startStreams} throws
 */
export async function replay(script: Topology, given: ReplayOptions): Promise<Replay> {
  const { from, to, effects, version, ...options } = checkOptions('replay', given, optionNames)
  const checked = decideEffects(checkTopology('replay', script), effects)
  const id = {
    applicationId: checkName('an application id', options.applicationId),
    version: checkName('a version', version),
  }
  const asked = checkRange(from, to)
  const mapped = (topic: string): string => besideTopic(topic, id)
  const deadLetters = mapped(checkDeadLetters(checked, id.applicationId, options.deadLetterTopic))
  const settings = checkSettings(besideName(id), deadLetters, options)

  const log = applicationLogOf(options.log)
  const planned = matchTopics(checked, () => log.topicNames())
  refuseNoMatch(planned)
  const topology = mapTopics(planned, mapped)
  const { topics, begin } = beginningOf(
    topology,
    besideName(id),
    checkWishes(options.drop, options.rename),
    deadLetters,
    {
      planned,
      firstOffset: (found, partition, node) => firstOffset(asked, found, partition, node),
    },
  )
  const beginReplay = (found: FoundApplication): BegunReplay => {
    const start = begin(found)
    return { ...start, replay: rangeOf(asked, found, start.lanes) }
  }
  const { session, start } = await log.open({ ...id, isBeside: true }, topics, beginReplay)
  try {
    const live = new LivePosition(log, session, id.applicationId, start.replay.ends)
    const pace = new Courtesy(
      settings.clock,
      () => live.isRunning(),
      () => live.isBusy(start.lanes),
    )
    const app = new RunningApplication(topology, session, start, {
      ...settings,
      moveBounds: (lanes) => live.moveBounds(lanes),
      pace,
    })
    const progress = new ProgressOfReplay(app, session, start.replay, settings.clock, () => pace.isPaused)
    return new RunningReplay(log, id, app, pace, progress)
  } catch (error) {
    await session.close()
    throw error
  }
}

const optionNames = [
  'log',
  'applicationId',
  'version',
  'from',
  'to',
  'effects',
  'commit',
  'drop',
  'rename',
  'onError',
  'deadLetterTopic',
  'deadLetterDrops',
  'maxTaskIdleMs',
  'idleTimeoutMs',
  'stateCacheBytes',
  'clock',
  'signal',
  'onStateChange',
]

class RunningReplay implements Replay {
  readonly applicationId: string
  readonly version: string
  readonly stopped: Promise<void>
  readonly store: Replay['store']
  readonly #log: ApplicationLog
  readonly #app: RunningApplication
  readonly #pace: Courtesy
  readonly #progress: ProgressOfReplay

  constructor(
    log: ApplicationLog,
    { applicationId, version }: Pick<Replay, 'applicationId' | 'version'>,
    app: RunningApplication,
    pace: Courtesy,
    progress: ProgressOfReplay,
  ) {
    this.applicationId = applicationId
    this.version = version
    this.stopped = app.stopped
    this.store = app.store.bind(app)
    this.#log = log
    this.#app = app
    this.#pace = pace
    this.#progress = progress
  }

  get state(): Replay['state'] {
    return this.#app.state
  }

  get progress$(): Observable<ReplayProgress> {
    return this.#progress.all$
  }

  progress(): ReplayProgress {
    return this.#progress.now()
  }

  metrics(): ReturnType<Replay['metrics']> {
    return this.#app.metrics()
  }

  async pause(): Promise<void> {
    this.#pace.isPaused = true
    const rest = this.#pace.untilRest()
    this.#app.wake()
    await Promise.race([rest, this.stopped])
  }

  resume(): void {
    this.#pace.isPaused = false
    this.#app.wake()
  }

  caughtUp(): Promise<void> {
    return this.#app.caughtUp()
  }

  async compare(options: CompareOptions = {}): Promise<ComparisonReport> {
    const { applicationId, version } = this
    const outputs = versionOutputs(this.#log, { applicationId, version })
    const versions = { here: besideName({ applicationId, version }), live: applicationId, outputs }
    return compareVersions(this.#log, versions, options)
  }

  close(): Promise<void> {
    return this.#app.close()
  }

  async cancel(): Promise<void> {
    await this.close()
    await this.#log.removeVersion(this)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
