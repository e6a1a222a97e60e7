/**
 * Runs the topology of a script until it ends or is told to, and shows how it is doing.
 */
import { existsSync } from 'node:fs'
import { nearestName } from '../../core/near-names.ts'
import type { Log } from '../../log/face.ts'
import type { Application } from '../../runtime/face.ts'
import { dataFileOf } from '../../storage/directory.ts'
import type { Topology } from '../../streams/topology.ts'
import { shownPlace } from '../../inspect/app-state.ts'
import type { VerbContext } from '../verb.ts'
import { FiguresOverTime } from './figures.ts'
import { ofRun } from './script-error.ts'
import { lineOf, screenOf } from './screen.ts'
import { applicationIdOf, configOf, topologyOf } from './script-exports.ts'
import type { Script } from './scripts.ts'
import { within } from './within.ts'

export interface RunRequest {
  readonly app: string | undefined
  readonly version: string | undefined
  readonly untilEnd: boolean
}

/** How often it is shown how it is doing. */
export const lookMs = 1_000

/** A log takes a line of it this often. */
export const looksPerLine = 10

/**
 * @throws CommandFailed when the script is wrong or one of its functions throws, MillraceError for what the log or the
 *   stored application says against it
 */
export async function runScript(script: Script, request: RunRequest, context: VerbContext): Promise<void> {
  const { dir, say, clock, signal } = context
  const { library, path, failed } = script
  const config = configOf(script)
  const applicationId = applicationIdOf(path, config, request.app)
  const version = request.version ?? config.version
  const until = request.untilEnd ? 'end' : config.until
  try {
    const isNew = !existsSync(dataFileOf(dir))
    await using log = await library.openLog(dir, { clock })
    if (isNew) say(`made a log in ${dir}`)
    const topology = await topologyOf(script, { log, applicationId })
    if (signal.aborted) return
    await sayWhoRunsIt(log, applicationId, say)
    const before = await topicsOf(log.admin)
    const app = await library.startStreams(topology, { ...config, log, applicationId, version, until, clock, signal })
    app.stopped.catch(() => undefined) // it is awaited below, once the rest has been said
    await sayWhatIsNew(log, topology, before, say)
    await Promise.race([watch(app, context), failed])
  } catch (error) {
    throw ofRun(error)
  }
}

/** Shows it once a second until it has stopped. */
async function watch(app: Application, { clock, out, say, progress, time, isInteractive }: VerbContext): Promise<void> {
  const figures = new FiguresOverTime(app.applicationId, clock, app.metrics())
  const hasStopped = app.stopped.catch(() => undefined)
  for (let looks = 0; ; looks++) {
    const one = figures.next(app.metrics())
    if (out.isJson) await out.facts(one, [])
    else if (isInteractive) progress(screenOf(one, { isColoured: out.isColoured, time }))
    else if (looks % looksPerLine === 0) say(lineOf(one, time))
    if (await within(clock, lookMs, hasStopped)) break
  }
  const last = figures.next(app.metrics())
  if (out.isJson) await out.facts(last, [])
  else say(isInteractive ? screenOf(last, { isColoured: false, time }) : lineOf(last, time))
  await app.stopped
}

/** A newer instance takes over, which someone may not expect. */
async function sayWhoRunsIt({ admin }: Log, applicationId: string, say: VerbContext['say']): Promise<void> {
  const running = (await admin.applications()).find((one) => one.applicationId === applicationId)
  if (running?.state !== 'running') return
  say(
    `${applicationId} is already running, ${shownPlace(running.instance)}: this instance takes over, and that one stops`,
  )
}

/** Topics that were missing have been created: what is read may only be misspelt. */
async function sayWhatIsNew(
  { admin }: Log,
  topology: Topology,
  before: readonly string[],
  say: VerbContext['say'],
): Promise<void> {
  const nodes = topology.describe({ format: 'json' }).subTopologies.flatMap((sub) => sub.nodes)
  const sources = new Set(nodes.flatMap((node) => (node.kind === 'source' ? node.topics : [])))
  for (const name of await topicsOf(admin)) {
    if (before.includes(name)) continue
    const near = sources.has(name) ? nearestName(name, before) : undefined
    const what = sources.has(name) ? ', which it reads and which did not exist' : ''
    say(`created topic ${name}${what}${near === undefined ? '' : `; did you mean ${near}?`}`)
  }
}

async function topicsOf(admin: Log['admin']): Promise<string[]> {
  return (await admin.listTopics()).map(({ name }) => name)
}
