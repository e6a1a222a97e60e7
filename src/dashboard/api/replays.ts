/**
 * Versions beside the live one: what became of them, how one compares, and what an act on one would do.
 */
import type { ApplicationVersion } from '../../log/admin/application-listing.ts'
import type { SwitchOptions, SwitchOutputs, SwitchPlan } from '../../log/admin/switch-face.ts'
import type { VersionId } from '../../log/kept/version-name.ts'
import { switchHindrances, switchLines, versionDeletionLines } from '../../inspect/plan-lines.ts'
import { eventBlock } from '../event-sink.ts'
import { pathPart, textIn } from '../question.ts'
import { BadQuestion } from '../reply.ts'
import type { ActPlanView, ComparisonView, VersionsView } from '../replay-views.ts'
import type { Begin, Question } from '../router.ts'

const linesMax = 200
const outputModes: readonly SwitchOutputs[] = ['replace', 'continue', 'correct']

export async function versionsOf({ log, path }: Question): Promise<VersionsView> {
  const applicationId = pathPart(path, 'application')
  const { versions, switches } = await log.admin.describeApplication(applicationId, { stores: false })
  return {
    applicationId,
    versions: versions.map(({ version }) => version),
    switches: switches.map(({ number, atMs, from, to, outputs }) => ({ number, atMs, from, to, outputs })).toReversed(),
  }
}

export async function comparison(question: Question): Promise<ComparisonView> {
  const { id } = await besideIn(question)
  return question.comparisons.view(id)
}

/** Follows the comparison that goes on; `?begin=true` begins one, where none does. */
export async function followComparison(question: Question): Promise<Begin> {
  const { comparisons, query } = question
  const { id, live } = await besideIn(question)
  if (live === null) throw new BadQuestion('there is no live version to compare it with')
  return (sink) => {
    let isToldAll = true
    const tell = (): void => {
      isToldAll = sink.send(eventBlock('comparison', JSON.stringify(comparisons.view(id))))
    }
    sink.onReady = () => {
      if (!isToldAll) tell()
    }
    const leave = comparisons.follow(id, query.get('begin') === 'true', live, tell)
    tell()
    return leave
  }
}

/** `?outputs&reset=ID,ID`: what a switch would do; without `outputs` what the way back to one that was live would. */
export async function switchPlan(question: Question): Promise<ActPlanView> {
  const { plans, query, gone } = question
  const { id, version } = await besideIn(question)
  const outputs = outputsOf(textIn(query, 'outputs'))
  if (outputs === undefined && !version.wasLive) {
    throw new BadQuestion(`say what becomes of the topics: outputs is one of ${outputModes.join(', ')}`)
  }
  const reset = textIn(query, 'reset')?.split(',') ?? []
  return plans.answer(`switch ${JSON.stringify([id, outputs, reset])}`, gone, async (signal) => {
    const plan = await switchTo(question, id, outputs, { reset, dryRun: true, signal })
    const { state } = (await besideIn(question)).version
    const readers = [...new Set(plan.readers.map(({ applicationId }) => applicationId))]
    return {
      ...cut(switchLines(plan)),
      hindrances: switchHindrances(plan, state),
      readers: plan.outputs === 'replace' ? readers : [],
      outputs: plan.outputs,
      number: plan.number,
    }
  })
}

/** A switch, or what it would do; without `outputs` the way back to one that was live. */
export function switchTo(
  { log }: Pick<Question, 'log'>,
  { applicationId, version }: VersionId,
  outputs: SwitchOutputs | undefined,
  options: Omit<SwitchOptions, 'outputs'>,
): Promise<SwitchPlan> {
  return outputs === undefined
    ? log.admin.switchBack(applicationId, { version, ...options })
    : log.admin.switchVersion(applicationId, version, { outputs, ...options })
}

/** What would go with the version. */
export async function dropPlan(question: Question): Promise<ActPlanView> {
  const { log, plans, gone } = question
  const { id, version } = await besideIn(question)
  const nothing = { readers: [], outputs: null, number: 0 }
  if (version.state === 'running') {
    const why = `version "${id.version}" runs: stop its process first`
    return { lines: [], linesLeftOut: 0, hindrances: [why], ...nothing }
  }
  return plans.answer(`drop ${JSON.stringify(id)}`, gone, async () => {
    const planned = await log.admin.deleteVersion(id.applicationId, id.version, { dryRun: true })
    return { ...cut(versionDeletionLines(planned)), hindrances: [], ...nothing }
  })
}

function cut(lines: readonly string[]): Pick<ActPlanView, 'lines' | 'linesLeftOut'> {
  return { lines: lines.slice(0, linesMax), linesLeftOut: Math.max(0, lines.length - linesMax) }
}

export function outputsOf(text: unknown): SwitchOutputs | undefined {
  const outputs = outputModes.find((mode) => mode === text)
  if (outputs !== undefined || text === undefined) return outputs
  throw new BadQuestion(`outputs is what becomes of the topics: ${outputModes.join(', ')}`)
}

export interface Beside {
  readonly id: VersionId
  readonly version: ApplicationVersion
  /** The live version; null where there is none. */
  readonly live: string | null
}

/**
 * The version that the path names, which stands beside the live one.
 *
 * @throws MillraceError `application_unknown`, `version_unknown`
 * @throws BadQuestion for the live one itself
 */
export async function besideIn({ log, path }: Pick<Question, 'log' | 'path'>): Promise<Beside> {
  const id = { applicationId: pathPart(path, 'application'), version: pathPart(path, 'version') }
  const { versions } = await log.admin.describeApplication(id.applicationId, { version: id.version, stores: false })
  const version = versions.find((one) => one.version === id.version && !one.isLive)
  if (version === undefined) throw new BadQuestion(`${id.version} is the live version: name one that stands beside it`)
  return { id, version, live: versions.find(({ isLive }) => isLive)?.version ?? null }
}
