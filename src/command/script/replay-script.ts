/**
 * Replays a version of an application with the topology of a script, and shows how far it is, until it is told to end.
 */
import { shownDuration } from '../../inspect/amounts.ts'
import { applicationLogOf } from '../../log/contract.ts'
import { besideName, type VersionId } from '../../log/kept/version-name.ts'
import type { Replay, ReplayFrom, ReplayProgress, ReplayTo } from '../../replay/face.ts'
import { storedExtent } from '../../replay/stored-extent.ts'
import { checkIsLog } from '../../storage/directory.ts'
import { CommandFailed } from '../exit-codes.ts'
import type { VerbContext } from '../verb.ts'
import { looksPerLine, lookMs } from './run-script.ts'
import { ofRun } from './script-error.ts'
import { applicationIdOf, configOf, topologyOf } from './script-exports.ts'
import type { Script } from './scripts.ts'
import { within } from './within.ts'

/** Undefined: as it began, where it has begun. */
export interface ReplayRequest {
  readonly app: string | undefined
  readonly version: string
  readonly from: ReplayFrom | undefined
  readonly to: ReplayTo | undefined
  readonly effects: 'run' | 'skip' | undefined
  readonly outputs: Readonly<Record<string, string>> | undefined
  readonly untilCaughtUp: boolean
}

/**
 * @throws CommandFailed when the script is wrong or one of its functions throws, MillraceError for what the log or the
 *   stored version says against it
 */
export async function replayScript(script: Script, request: ReplayRequest, context: VerbContext): Promise<void> {
  const { dir, clock, say, signal } = context
  const { library, path, failed } = script
  const { until: _, version: __, ...config } = configOf(script)
  checkIsLog(dir)
  const id = { applicationId: applicationIdOf(path, config, request.app), version: request.version }
  const range = await rangeOf(id, path, request, context)
  try {
    await using log = await library.openLog(dir, { clock })
    const topology = await topologyOf(script, { log, applicationId: id.applicationId })
    if (signal.aborted) return
    const options = { ...config, ...id, ...range, effects: request.effects }
    const version = await library.replay(topology, { ...options, log, clock, signal })
    version.stopped.catch(() => undefined) // it is awaited below, once the rest has been said
    if (version.progress().state === 'paused') {
      say(`it is paused: "millrace replay resume ${id.applicationId} ${id.version}" lets it go on`)
    }
    const endsByItself = request.untilCaughtUp || range.to !== undefined
    await Promise.race([watch(version, endsByItself, context), failed])
  } catch (error) {
    throw ofRun(error)
  }
}

/** What it began with counts where nothing else is said: that is what it goes on with. */
async function rangeOf(
  { applicationId, version }: VersionId,
  path: string,
  { from, to, outputs }: ReplayRequest,
  { openLog }: VerbContext,
): Promise<Pick<ReplayRequest, 'from' | 'to' | 'outputs'>> {
  // The script may have another copy of the library, and opens the log with that.
  await using log = await openLog()
  const all = await log.admin.applications()
  const application = all.find((one) => one.applicationId === applicationId)
  if (application?.version === version) {
    throw new CommandFailed(
      `${version} is the live version of ${applicationId}: "millrace run ${path} --app ${applicationId} --version ${version}" ` +
        'runs it; a replay needs a name of its own',
    )
  }
  const begun = storedExtent(applicationLogOf(log), { applicationId, version })?.range
  return { from: from ?? begun?.from, to: to ?? begun?.to ?? undefined, outputs: outputs ?? begun?.outputs }
}

/** Shows it once a second until it has stopped, or has come to where it ends. */
async function watch(version: Replay, endsByItself: boolean, context: VerbContext): Promise<void> {
  const { clock, out, say, progress, isInteractive } = context
  const ends = endsByItself ? Promise.race([version.caughtUp(), version.stopped]) : version.stopped
  const hasEnded = ends.then(
    () => true,
    () => true,
  )
  for (let looks = 0; ; looks++) {
    if (out.isJson) await out.facts(figuresOf(version, clock.now()), [])
    else if (isInteractive) progress(lineOf(version, version.progress(), context.time))
    else if (looks % looksPerLine === 0) say(lineOf(version, version.progress(), context.time))
    if (await within(clock, lookMs, hasEnded)) break
  }
  const last = version.progress()
  await version.close()
  if (out.isJson) await out.facts(figuresOf(version, clock.now()), [])
  else say(lineOf(version, last, context.time))
  await version.stopped
}

function figuresOf(version: Replay, atMs: number): object {
  return { applicationId: version.applicationId, version: version.version, atMs, ...version.progress() }
}

const shownCount = (count: number): string => Math.round(count).toLocaleString('en')

/** `page-counts@v2: replaying 34%, 5,100 of 15,000 records, 1,200/s, 8s left, 2025-03-04 …`. */
function lineOf(version: Replay, progress: ReplayProgress, time: VerbContext['time']): string {
  const { state, done, total, percent, recordsPerSecond, etaMs, lag, eventTime } = progress
  const parts = [
    `${besideName(version)}: ${state} ${Math.floor(percent)}%`,
    `${shownCount(done)} of ${shownCount(total)} records`,
    ...(state === 'replaying' ? [`${shownCount(recordsPerSecond)}/s`] : []),
    ...(state === 'replaying' && etaMs !== null ? [`${shownDuration(Math.ceil(etaMs / 1_000) * 1_000)} left`] : []),
    ...(lag === 0 ? [] : [`lag ${shownCount(lag)}`]),
    ...(eventTime === null ? [] : [`at ${time(eventTime)}`]),
  ]
  return parts.join(', ')
}
