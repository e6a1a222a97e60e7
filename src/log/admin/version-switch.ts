/**
 * Makes another version of an application the live one: the live one is stopped, the other comes to exactly where it
 * stood, and one transaction exchanges the two. Killed before it, nothing has changed, and the live one can be started
 * again; after it, everything has.
 */
import { present } from '../../core/assert.ts'
import { checkBoolean, checkChoice, checkList, checkName, checkOptions, checkWhole } from '../../core/checks.ts'
import { MillraceError } from '../../core/errors.ts'
import type { WriteTransaction } from '../../storage/environment.ts'
import type { OutputBases } from '../kept/application-rows.ts'
import { exchangeVersions, type Renames } from '../kept/exchange-versions.ts'
import type { ApplicationSwitch } from '../kept/application-switch.ts'
import { putSwitch, switchesOf } from '../kept/switch-rows.ts'
import { partitionAt } from '../format/partition-id.ts'
import { besideTopic } from '../kept/version-name.ts'
import { sweepDeleted } from '../kept/version-removal.ts'
import { ensureOwnTopic, isCompacted, sharedOutputs } from '../kept/written-outputs.ts'
import type { Corrections } from '../outputs/corrections.ts'
import { type ApplicationsLog, isLive, type KeptVersion, liveVersionOf, versionsOf } from './application-log.ts'
import { startOverIn } from './application-reset.ts'
import type { SwitchBackOptions, SwitchOptions, SwitchOutputs, SwitchPlan } from './switch-face.ts'
import { appendCorrections, type FoundCorrections, findCorrections } from './switch-corrections.ts'
import {
  type ExchangedTopic,
  goesBack,
  isAtRest,
  lagBetween,
  outputsBeside,
  type PlannedSwitch,
  planSwitch,
  renamesOf,
  type SwitchWishes,
} from './switch-plan.ts'

const outputModes = ['replace', 'continue', 'correct'] as const
const optionNames = ['outputs', 'dryRun', 'patienceMs', 'reset', 'correctMaxBytes']
/** The version that comes may write by the clock, so that what was compared is not what is there: this often. */
const attemptsMax = 5

interface Pair {
  readonly live: KeptVersion
  readonly beside: KeptVersion
}

export async function switchVersion(
  log: ApplicationsLog,
  applicationId: string,
  version: string,
  options: SwitchOptions,
): Promise<SwitchPlan> {
  const checked = checkOptions('switchVersion', options, optionNames)
  const { outputs, dryRun = false, patienceMs = 30_000, reset = [], correctMaxBytes = 64 * 1_048_576 } = checked
  checkChoice('outputs', outputs, outputModes)
  checkBoolean('dryRun', dryRun)
  checkWhole('patienceMs', patienceMs, 0)
  checkWhole('correctMaxBytes', correctMaxBytes, 0)
  const others = checkList('reset', reset).map((id) => checkName('an application id', id))
  const wishes: SwitchWishes = { outputs, reset: others }
  log.refresh()
  const find = (): Pair => pairOf(log, applicationId, version)
  const look = async (): Promise<FoundCorrections> => {
    const { correctable, plan } = planSwitch(log, find().live, find().beside, wishes)
    const found = await findCorrections(log, correctable, plan.number, correctMaxBytes)
    log.refresh()
    return found
  }
  if (!dryRun) {
    const { plan } = planSwitch(log, find().live, find().beside, wishes)
    refuse(plan, plan.obstacles)
    await untilReady(log, find, outputs, patienceMs)
  }
  // What stands in the way is found while the live version still runs.
  const planned = planSwitch(log, find().live, find().beside, wishes, await look())
  if (dryRun) return planned.plan
  refuse(planned.plan, planned.plan.obstacles)
  const epoch = await stopLive(log, find, wishes, patienceMs)
  for (let attempt = 1; ; attempt++) {
    await untilReady(log, find, outputs, patienceMs)
    const found = await look()
    const done = await log.environment.inTurn(() =>
      log.environment.write((transaction) => {
        const isCurrent = found.corrections.every((one) => one.isCurrent())
        if (!isCurrent && attempt < attemptsMax) return undefined
        return exchange(log, transaction, find(), { ...wishes, found, isCurrent }, epoch)
      }),
    )
    if (done === undefined) continue
    await sweepDeleted(log.environment)
    return done
  }
}

/** Stops the live version at a moment from which the other one can come to where it stands; returns its new epoch. */
async function stopLive(
  log: ApplicationsLog,
  find: () => Pair,
  wishes: SwitchWishes,
  patienceMs: number,
): Promise<number> {
  const { outputs } = wishes
  for (;;) {
    await untilReady(log, find, outputs, patienceMs)
    const epoch = await log.environment.inTurn(() =>
      log.environment.write((transaction) => {
        const pair = find()
        const { plan } = planSwitch(log, pair.live, pair.beside, wishes)
        refuse(plan, plan.obstacles)
        // Once it is stopped it cannot finish what it has begun.
        if (owes(log, pair, outputs)) return undefined
        return log.applications.retire(transaction, plan.applicationId, 'superseded')
      }),
    )
    if (epoch !== undefined) return epoch
  }
}

export async function switchBack(
  log: ApplicationsLog,
  applicationId: string,
  options: SwitchBackOptions = {},
): Promise<SwitchPlan> {
  const { version, outputs, ...rest } = checkOptions('switchBack', options, ['version', ...optionNames])
  log.refresh()
  const left = versionsOf(log, applicationId).flatMap((one) => (isLive(one) || one.row.switches === 0 ? [] : [one.row]))
  const to = version ?? left.toSorted((a, b) => b.switches - a.switches)[0]?.version
  const taken = switchesOf(log.environment, applicationId).findLast(({ from }) => from === to)
  const mode = outputs ?? (taken?.outputs === 'correct' ? 'correct' : 'replace')
  if (to !== undefined) return switchVersion(log, applicationId, to, { outputs: mode, ...rest })
  throw new MillraceError(
    'version_unknown',
    `application "${applicationId}" has no version that was live before: there was no switch, or that version was deleted`,
  )
}

/** @throws MillraceError `application_unknown`, `version_unknown` */
function pairOf(log: ApplicationsLog, applicationId: string, version: string): Pair {
  const versions = versionsOf(log, applicationId)
  const live = versions.find(isLive)
  const beside = versions.find((one) => !isLive(one) && one.row.version === version)
  if (live !== undefined && beside !== undefined) return { live, beside }
  const known = versions.map((one) => `"${one.row.version}"${isLive(one) ? ' (live)' : ''}`).join(', ')
  throw new MillraceError(
    'version_unknown',
    `application "${applicationId}" has no version "${version}" beside a live one; it has ${known}`,
  )
}

/** @throws MillraceError `behind` */
async function untilReady(
  log: ApplicationsLog,
  find: () => Pair,
  outputs: SwitchOutputs,
  patienceMs: number,
): Promise<void> {
  const startMs = log.clock.elapsed()
  for (;;) {
    let wake = (): void => undefined
    const news = new Promise<void>((resolve) => {
      wake = resolve
    })
    const stop = log.onCommit(wake)
    const leftMs = patienceMs - (log.clock.elapsed() - startMs)
    const cancel = log.clock.schedule(Math.max(0, leftMs), wake)
    try {
      log.refresh()
      const pair = find()
      if (isReady(log, pair, outputs)) return
      if (leftMs <= 0) throw behind(log, pair, patienceMs)
      await news
    } finally {
      stop()
      cancel()
    }
  }
}

/** Whether the version that comes has made all that the live one has, or goes back to where it stood. */
function isReady(log: ApplicationsLog, pair: Pair, outputs: SwitchOutputs): boolean {
  const { live, beside } = pair
  if (goesBack(beside, outputs)) return true
  return lagBetween(log, live, beside) === 0 && isAtRest(log, beside) && !owes(log, pair, outputs)
}

/** Whether the live version has yet to write results of what it has read into topics that stay. */
function owes(log: ApplicationsLog, { live }: Pair, outputs: SwitchOutputs): boolean {
  return outputs !== 'replace' && !isAtRest(log, live)
}

function behind(log: ApplicationsLog, { live, beside }: Pair, patienceMs: number): MillraceError {
  const { applicationId, version } = live.row
  const lag = lagBetween(log, live, beside)
  const why =
    lag > 0
      ? `they lie ${lag} records apart`
      : 'one of them has work left of what it has read, such as calls of mapAsync'
  return new MillraceError(
    'behind',
    `version "${beside.row.version}" of "${applicationId}" did not come to where the live "${version}" is in ` +
      `${patienceMs} ms: ${why}. See that both run, and wait until it has caught up. Nothing has been exchanged; where ` +
      'the live one was stopped, start it again',
  )
}

/** @throws MillraceError `switch_refused` */
function refuse({ applicationId, to, outputs }: SwitchPlan, refusals: readonly string[]): void {
  if (refusals.length === 0) return
  throw new MillraceError(
    'switch_refused',
    `"${applicationId}" cannot switch to version "${to}":\n${refusals.map((refusal) => `  - ${refusal}\n`).join('')}` +
      `Do what is said, or switch with ${adviceOf(outputs)}`,
  )
}

function adviceOf(outputs: SwitchOutputs): string {
  const ways = {
    replace: "{ outputs: 'replace' }, which takes the topics of the new version",
    continue: "{ outputs: 'continue' }, which leaves what was written as it is",
  } as const
  if (outputs === 'correct') return `${ways.replace}, or ${ways.continue}`
  return outputs === 'replace' ? ways.continue : ways.replace
}

/** What becomes of the outputs. */
interface Outcome extends SwitchWishes {
  readonly found: FoundCorrections
  /** Whether the outputs are as they were when they were compared. */
  readonly isCurrent: boolean
}

function exchange(
  log: ApplicationsLog,
  transaction: WriteTransaction,
  { live, beside }: Pair,
  { outputs, reset, found, isCurrent }: Outcome,
  epoch: number,
): SwitchPlan {
  const planned = planSwitch(log, live, beside, { outputs, reset }, found)
  refuse(planned.plan, planned.plan.refusals)
  if (live.row.epoch !== epoch) throw disturbed(live, 'it was started again')
  if (!isCurrent) throw disturbed(live, 'its outputs were written to all the time')
  const { applicationId, version } = live.row
  const renames = renamesOf(applicationId, version, planned.exchanged)
  const { number, from, to } = planned.plan
  const corrections = outputs === 'correct' ? planned.plan.corrections : undefined
  const atMs = log.clock.now()
  const positions = positionsOf(log, beside, renames.coming)
  putSwitch(transaction, applicationId, { number, atMs, from, to, outputs, corrections, positions })
  const bases = outputs === 'replace' ? undefined : shareOutputs(log, transaction, live, found.corrections)
  exchangeTopics(log, transaction, planned, besideNameOf(applicationId, version))
  appendCorrections(log, transaction, live.row, found.corrections)
  // The version that comes has no use for what it has written for itself.
  if (outputs !== 'replace')
    for (const topic of outputsBeside(log, beside)) log.topics.deleteIn(transaction, topic.name)
  exchangeVersions(log, transaction, applicationId, beside.name, { ...renames, bases })
  for (const id of reset) startOverIn(log, transaction, liveVersionOf(log, id))
  return planned.plan
}

function disturbed({ row }: KeptVersion, why: string): MillraceError {
  return new MillraceError(
    'switch_refused',
    `"${row.applicationId}" cannot switch: ${why} during the switch. Nothing has been exchanged; where the live version ` +
      'was stopped, start it again',
  )
}

/** What the version that leaves has written up to now is in topics that stay as they are called. */
function shareOutputs(
  log: ApplicationsLog,
  transaction: WriteTransaction,
  { row }: KeptVersion,
  corrections: readonly Corrections[],
): OutputBases {
  const { bases, topics } = sharedOutputs(log, row.applicationId)
  for (const topic of topics) if (isCompacted(topic)) ensureOwnTopic(log.topics, transaction, topic, row)
  const added = new Map(corrections.map(({ topic, added: records }) => [topic.id, records]))
  const kept = Object.entries(bases).map(([name, base]) => {
    const keptTo = base.ends.map((end, partition) => end + (added.get(base.topicId)?.[partition] ?? 0))
    return [name, { ...base, keptTo }] as const
  })
  return Object.fromEntries(kept)
}

/** Of the version that comes, in topics as they are called from now on. */
function positionsOf(
  log: ApplicationsLog,
  { name: kept }: KeptVersion,
  names: Renames,
): ApplicationSwitch['positions'] {
  return log.topics
    .named(log.positions.list(kept))
    .map(({ topic, partition, offset }) => ({ topic: names.get(topic) ?? topic, partition, offset }))
}

function besideNameOf(applicationId: string, version: string): (topic: string) => string {
  return (topic) => besideTopic(topic, { applicationId, version })
}

/** The topics of the version that comes take the names; groups go on in them. */
function exchangeTopics(
  log: ApplicationsLog,
  transaction: WriteTransaction,
  { exchanged, plan }: PlannedSwitch,
  nameOfLeaving: (topic: string) => string,
): void {
  for (const { name, coming, leaving } of exchanged) {
    log.topics.forget(transaction, coming.name)
    if (leaving !== undefined) log.topics.put(transaction, { ...leaving, name: nameOfLeaving(name) })
    log.topics.put(transaction, { ...coming, name })
  }
  const topics = new Map(exchanged.map((topic) => [topic.name, topic]))
  for (const move of plan.positions) movePosition(log, transaction, move, present(topics.get(move.topic), 'it moves'))
}

function movePosition(
  log: ApplicationsLog,
  transaction: WriteTransaction,
  { group, partition, after }: SwitchPlan['positions'][number],
  { coming, leaving }: ExchangedTopic,
): void {
  const from = partitionAt(present(leaving, 'positions move from one topic to another'), partition)
  const { metadata } = present(log.positions.get(group, from), 'a position that moves is there')
  log.positions.remove(transaction, group, from)
  log.positions.put(transaction, group, partitionAt(coming, partition), {
    offset: after,
    committedMs: log.clock.now(),
    metadata,
  })
}
