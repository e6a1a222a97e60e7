/**
 * Makes another version of an application the live one: the live one is stopped, the other comes to exactly where it
 * stood, and one transaction exchanges the two. Killed before it, nothing has changed, and the live one can be started
 * again; after it, everything has.
 */
import { checkBoolean, checkChoice, checkList, checkName, checkOptions, checkWhole } from '../../core/checks.ts'
import { MillraceError } from '../../core/errors.ts'
import { switchesOf } from '../kept/switch-rows.ts'
import { sweepDeleted } from '../kept/version-removal.ts'
import { type ApplicationsLog, isLive, versionsOf } from './application-log.ts'
import { type FoundCorrections, findCorrections } from './switch-corrections.ts'
import type { SwitchBackOptions, SwitchOptions, SwitchOutputs, SwitchPlan } from './switch-face.ts'
import { goesBack, isAtRest, lagBetween, planSwitch, type SwitchWishes } from './switch-plan.ts'
import { refuse } from './switch-refusal.ts'
import { exchange, type Pair } from './version-exchange.ts'

const outputModes = ['replace', 'continue', 'correct'] as const
const optionNames = ['outputs', 'dryRun', 'patienceMs', 'reset', 'correctMaxBytes']
/** The version that comes may write by the clock, so that what was compared is not what is there: this often. */
const attemptsMax = 5

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
