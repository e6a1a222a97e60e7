/**
 * Makes another version of an application the live one: the live one is stopped, the other comes to exactly where it
 * stood, and one transaction exchanges the two. Killed before it, nothing has changed, and the live one can be started
 * again; after it, everything has.
 */
import { checkBoolean, checkChoice, checkOptions, checkSignal, checkWhole } from '../../core/checks.ts'
import { MillraceError } from '../../core/errors.ts'
import { switchesOf } from '../kept/switch-rows.ts'
import { stepsInTurn } from '../kept/steps-in-turn.ts'
import { sweepDeleted } from '../kept/version-removal.ts'
import { type ApplicationsLog, isLive, versionsOf } from './application-log.ts'
import type { ResettableLog } from './application-reset.ts'
import { type FoundCorrections, findCorrections } from './switch-corrections.ts'
import type { SwitchBackOptions, SwitchOptions, SwitchPlan } from './switch-face.ts'
import { planSwitch, type SwitchWishes } from './switch-plan.ts'
import { disturbed, refuse, switchedMeanwhile } from './switch-refusal.ts'
import { checkResets } from './switch-resets.ts'
import { owes, SwitchWait } from './switch-wait.ts'
import { exchange, type Pair } from './version-exchange.ts'

const outputModes = ['replace', 'continue', 'correct'] as const
const optionNames = ['outputs', 'dryRun', 'patienceMs', 'reset', 'correctMaxBytes', 'number', 'signal']
/**
 * The version that comes may write by the clock, so that what was compared is not what is there, and whatever keeps the
 * live one running may start it again: this often the switch begins again where that has disturbed it.
 */
const attemptsMax = 5

export async function switchVersion(
  log: ResettableLog,
  applicationId: string,
  version: string,
  options: SwitchOptions,
): Promise<SwitchPlan> {
  const checked = checkOptions('switchVersion', options, optionNames)
  const { outputs, dryRun = false, patienceMs = 30_000, reset = [], correctMaxBytes = 64 * 1_048_576 } = checked
  const { number, signal } = checked
  checkChoice('outputs', outputs, outputModes)
  checkBoolean('dryRun', dryRun)
  checkWhole('patienceMs', patienceMs, 0)
  checkWhole('correctMaxBytes', correctMaxBytes, 0)
  if (number !== undefined) checkWhole('number', number, 1)
  if (signal !== undefined) checkSignal('signal', signal)
  const wishes: SwitchWishes = { outputs, reset: checkResets(reset, applicationId) }
  log.refresh()
  // In each transaction too: what was agreed to is what happens, or nothing.
  const find = (): Pair => {
    signal?.throwIfAborted()
    return pairOf(log, applicationId, version, number)
  }
  const look = async (): Promise<FoundCorrections> => {
    const { correctable, plan } = planSwitch(log, find().live, find().beside, wishes)
    const found = await findCorrections(log, correctable, plan.number, { bytesMax: correctMaxBytes, signal })
    log.refresh()
    return found
  }
  const wait = new SwitchWait(log, find, { outputs, patienceMs, signal })
  if (!dryRun) {
    const { plan } = planSwitch(log, find().live, find().beside, wishes)
    refuse(plan, plan.obstacles)
    await wait.untilClose()
  }
  // What stands in the way is found while the live version still runs.
  const planned = planSwitch(log, find().live, find().beside, wishes, await look())
  if (dryRun) return planned.plan
  refuse(planned.plan, planned.plan.obstacles)
  let epoch = await stopLive(log, find, wishes, wait)
  for (let attempt = 1; ; attempt++) {
    await wait.untilThere(epoch)
    const found = await look()
    const done = await log.environment.inTurn(() =>
      log.environment.write((transaction) => {
        const pair = find()
        const disturbance = disturbanceOf(pair, epoch, found)
        if (disturbance === undefined) return exchange(log, transaction, pair, { ...wishes, found })
        if (attempt === attemptsMax) throw disturbed(pair.live, disturbance)
        return undefined
      }),
    )
    if (done !== undefined) {
      await sweepDeleted(log.environment)
      for (const partition of done.emptied) await stepsInTurn(log.environment, log.retention.removeDeleted(partition))
      return done.plan
    }
    if (find().live.row.epoch !== epoch) epoch = await stopLive(log, find, wishes, wait)
  }
}

/** What has happened since the outputs were compared. */
function disturbanceOf({ live }: Pair, epoch: number, { corrections }: FoundCorrections): string | undefined {
  if (live.row.epoch !== epoch) return 'it was started again'
  return corrections.every((one) => one.isCurrent()) ? undefined : 'its outputs were written to all the time'
}

/** Stops the live version at a moment from which the other one can come to where it stands; returns its new epoch. */
async function stopLive(
  log: ApplicationsLog,
  find: () => Pair,
  wishes: SwitchWishes,
  wait: SwitchWait,
): Promise<number> {
  for (;;) {
    await wait.untilClose()
    const epoch = await log.environment.inTurn(() =>
      log.environment.write((transaction) => {
        const pair = find()
        const { plan } = planSwitch(log, pair.live, pair.beside, wishes)
        refuse(plan, plan.obstacles)
        // Once it is stopped it cannot finish what it has begun.
        if (owes(log, pair, wishes.outputs)) return undefined
        return log.applications.retire(transaction, plan.applicationId, 'superseded')
      }),
    )
    if (epoch !== undefined) {
      wait.stopped()
      return epoch
    }
    await wait.forNews()
  }
}

export async function switchBack(
  log: ResettableLog,
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

/**
 * @param number that the switch has to have; undefined: any
 * @throws MillraceError `application_unknown`, `version_unknown`, `switch_refused`
 */
function pairOf(log: ApplicationsLog, applicationId: string, version: string, number: number | undefined): Pair {
  const versions = versionsOf(log, applicationId)
  const live = versions.find(isLive)
  if (live !== undefined && number !== undefined && live.row.switches + 1 !== number) {
    throw switchedMeanwhile(live, number)
  }
  const beside = versions.find((one) => !isLive(one) && one.row.version === version)
  if (live !== undefined && beside !== undefined) return { live, beside }
  const known = versions.map((one) => `"${one.row.version}"${isLive(one) ? ' (live)' : ''}`).join(', ')
  throw new MillraceError(
    'version_unknown',
    `application "${applicationId}" has no version "${version}" beside a live one; it has ${known}`,
  )
}
