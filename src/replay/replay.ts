/**
 * A version of an application beside the live one: the one engine, on what is kept under a name of its own.
 */
import { checkName, checkOptions } from '../core/checks.ts'
import { MillraceError } from '../core/errors.ts'
import { applicationLogOf, type FoundApplication, type Session } from '../log/contract.ts'
import { besideName, besideTopic } from '../log/kept/version-name.ts'
import { matchTopics, refuseNoMatch } from '../plan/matching.ts'
import { noWishes } from '../plan/comparison.ts'
import { mapTopics, readAgain, topicLike } from '../plan/mapped-topics.ts'
import { checkTopology, type Topology } from '../plan/topology.ts'
import { RunningApplication } from '../runtime/application.ts'
import { checkWishes } from '../runtime/change-wishes.ts'
import { checkSettings, type Settings } from '../runtime/settings.ts'
import { checkDeadLetters } from '../runtime/start-streams.ts'
import { beginningOf, type TakeOver, takeOver } from '../runtime/take-over.ts'
import { Courtesy } from './courtesy.ts'
import { decideEffects } from './effects.ts'
import type { Replay, ReplayOptions } from './face.ts'
import { LivePosition } from './live-position.ts'
import { OtherTopics } from './other-outputs.ts'
import { PauseMark } from './pause-mark.ts'
import { ProgressOfReplay } from './progress.ts'
import { checkBegun, checkRange, firstOffset, rangeOf, type ReplayRange } from './range.ts'
import { RunningReplay } from './running-replay.ts'
import { type Runs, Succession } from './succession.ts'

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
  const { from, to, effects, outputs, version, ...options } = checkOptions('replay', given, optionNames)
  const written = checkTopology('replay', script)
  const checked = decideEffects(written, effects)
  const id = {
    applicationId: checkName('an application id', options.applicationId),
    version: checkName('a version', version),
  }
  const range = checkRange(from, to)
  const liveLetters = checkDeadLetters(checked, id.applicationId, options.deadLetterTopic)
  const deadLetters = besideTopic(liveLetters, id)
  const settings = checkSettings(besideName(id), deadLetters, options)

  const log = applicationLogOf(options.log)
  const planned = matchTopics(checked, () => log.topicNames())
  refuseNoMatch(planned)
  const others = new OtherTopics(planned, outputs)
  const asked = { ...range, outputs: others.names }
  const topology = mapTopics(planned, (topic) => others.of(topic) ?? topicLike(topic, besideTopic(topic.name, id)))
  const { topics, begin } = beginningOf(
    topology,
    besideName(id),
    checkWishes(options.drop, options.rename),
    { deadLetters, commitEveryMs: settings.everyMs },
    {
      planned,
      firstOffset: (found, partition, node) => firstOffset(asked, found, partition, node),
    },
  )
  const beginReplay = (found: FoundApplication): BegunReplay => {
    checkBegun(asked, found)
    const start = begin(found)
    return { ...start, replay: rangeOf(asked, found, start.lanes) }
  }
  if (range.from === 'live') {
    checkNotReadAgain(planned)
    await log.copyLive(id)
  }
  const { session, start } = await log.open({ ...id, isBeside: true }, topics, beginReplay)
  const position = new LivePosition(log, session, id.applicationId, start.replay.ends)
  let isLive = false
  const mark = new PauseMark(log, session, besideName(id))
  const isPaused = (): boolean => !isLive && mark.isSet()
  const pace = new Courtesy(
    settings.clock,
    () => !isLive && position.isRunning(),
    () => !isLive && position.isBusy(),
    isPaused,
  )
  const runs: Runs = {
    beside: (onStateChange) => {
      const moveBounds: Settings['moveBounds'] = (lanes) => position.moveBounds(lanes)
      const own = { ...settings, moveBounds, pace, onStateChange }
      return { session, app: new RunningApplication(topology, session, start, own) }
    },
    // As startStreams would run it; one that was started already goes on.
    live: async (onStateChange) => {
      isLive = true
      const script = matchTopics(written, () => log.topicNames())
      const opened = await takeOver(log, script, { ...id, yields: true }, noWishes, {
        deadLetters: liveLetters,
        commitEveryMs: settings.everyMs,
      })
      const own = { ...settings, applicationId: id.applicationId, deadLetterTopic: liveLetters, pace, onStateChange }
      return runOn(opened.session, () => ({
        session: opened.session,
        app: new RunningApplication(script, opened.session, opened.start, own),
      }))
    },
  }
  return runOn(session, () => {
    const apps = new Succession(log, id, runs, settings)
    const progress = new ProgressOfReplay(apps, start.replay, settings.clock, isPaused)
    return new RunningReplay(id, log, options.log.admin, apps, pace, position, progress)
  })
}

/**
 * What the live version has written is not in the topics of its copy.
 *
 * @throws MillraceError `bad_option`
 */
function checkNotReadAgain(topology: Topology): void {
  const [topic] = readAgain(topology)
  if (topic === undefined) return
  throw new MillraceError(
    'bad_option',
    `a replay of this topology cannot begin at 'live': it reads "${topic}", which it writes, and what the live version ` +
      "has written there and not read yet would be lost. Begin at 'beginning', { offsets }, { time } or { ago }",
    { topic },
  )
}

/** A session that nothing runs on is closed. */
async function runOn<T>(session: Session, run: () => T): Promise<T> {
  try {
    return run()
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
  'outputs',
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
