/**
 * Makes another version of an application the live one: the live one is stopped, the other comes to exactly where it
 * stood, and one transaction exchanges the two. Killed before it, nothing has changed, and the live one can be started
 * again; after it, everything has.
 */
import { present } from '../../core/assert.ts'
import { checkBoolean, checkChoice, checkOptions, checkWhole } from '../../core/checks.ts'
import { MillraceError } from '../../core/errors.ts'
import type { WriteTransaction } from '../../storage/environment.ts'
import { exchangeVersions, type Renames } from '../kept/exchange-versions.ts'
import { type ApplicationSwitch, putSwitch } from '../kept/switch-rows.ts'
import { partitionAt } from '../format/partition-id.ts'
import { basesOf } from '../kept/version-copy.ts'
import { besideTopic } from '../kept/version-name.ts'
import { type ApplicationsLog, isLive, type KeptVersion, versionsOf } from './application-log.ts'
import type { SwitchBackOptions, SwitchOptions, SwitchOutputs, SwitchPlan } from './switch-face.ts'
import {
  type ExchangedTopic,
  goesBack,
  isAtRest,
  lagBetween,
  outputsBeside,
  type PlannedSwitch,
  planSwitch,
  renamesOf,
} from './switch-plan.ts'

const outputModes = ['replace', 'continue'] as const

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
  const checked = checkOptions('switchVersion', options, ['outputs', 'dryRun', 'patienceMs'])
  const { outputs, dryRun = false, patienceMs = 30_000 } = checked
  checkChoice('outputs', outputs, outputModes)
  checkBoolean('dryRun', dryRun)
  checkWhole('patienceMs', patienceMs, 0)
  log.refresh()
  const find = (): Pair => pairOf(log, applicationId, version)
  const planned = planSwitch(log, find().live, find().beside, outputs)
  if (dryRun) return planned.plan
  refuse(planned.plan, planned.obstacles)
  const epoch = await stopLive(log, find, outputs, patienceMs)
  await untilReady(log, find, outputs, patienceMs)
  return log.environment.inTurn(() =>
    log.environment.write((transaction) => exchange(log, transaction, find(), outputs, epoch)),
  )
}

/** Stops the live version at a moment from which the other one can come to where it stands; returns its new epoch. */
async function stopLive(
  log: ApplicationsLog,
  find: () => Pair,
  outputs: SwitchOutputs,
  patienceMs: number,
): Promise<number> {
  for (;;) {
    await untilReady(log, find, outputs, patienceMs)
    const epoch = await log.environment.inTurn(() =>
      log.environment.write((transaction) => {
        const pair = find()
        const { plan, obstacles } = planSwitch(log, pair.live, pair.beside, outputs)
        refuse(plan, obstacles)
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
  const checked = checkOptions('switchBack', options, ['version', 'outputs', 'dryRun', 'patienceMs'])
  const { version, outputs = 'replace', ...rest } = checked
  log.refresh()
  const left = versionsOf(log, applicationId).flatMap((one) => (isLive(one) || one.row.switches === 0 ? [] : [one.row]))
  const to = version ?? left.toSorted((a, b) => b.switches - a.switches)[0]?.version
  if (to !== undefined) return switchVersion(log, applicationId, to, { outputs, ...rest })
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
function refuse({ applicationId, to }: SwitchPlan, refusals: readonly string[]): void {
  if (refusals.length === 0) return
  throw new MillraceError(
    'switch_refused',
    `"${applicationId}" cannot switch to version "${to}":\n${refusals.map((refusal) => `  - ${refusal}\n`).join('')}` +
      "Do what is said, or keep the topics as they are with { outputs: 'continue' }",
  )
}

function exchange(
  log: ApplicationsLog,
  transaction: WriteTransaction,
  pair: Pair,
  outputs: SwitchOutputs,
  epoch: number,
): SwitchPlan {
  const { live, beside } = pair
  const planned = planSwitch(log, live, beside, outputs)
  refuse(planned.plan, planned.plan.refusals)
  if (live.row.epoch !== epoch) {
    throw new MillraceError(
      'switch_refused',
      `"${live.row.applicationId}" was started again during the switch: nothing has been exchanged`,
    )
  }
  const { applicationId, version } = live.row
  const renames = renamesOf(applicationId, version, planned.exchanged)
  const bases = outputs === 'continue' ? basesOf(log, applicationId) : undefined
  const { number, from, to } = planned.plan
  const made = { number, atMs: log.clock.now(), from, to, outputs, positions: positionsOf(log, beside, renames.coming) }
  putSwitch(transaction, applicationId, made)
  exchangeTopics(log, transaction, planned, besideNameOf(applicationId, version))
  if (outputs === 'continue')
    for (const topic of outputsBeside(log, beside)) log.topics.deleteIn(transaction, topic.name)
  exchangeVersions(log, transaction, applicationId, beside.name, { ...renames, bases })
  return planned.plan
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
