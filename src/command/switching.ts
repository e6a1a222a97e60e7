/**
 * What `replay switch` and `replay back` share: the plan is shown, agreed to and carried out.
 */
import type { SwitchOptions, SwitchOutputs, SwitchPlan, SwitchReset } from '../log/admin/switch-face.ts'
import type { Log } from '../log/face.ts'
import { switchHindrances, switchLines } from '../inspect/plan-lines.ts'
import { CommandFailed, type ExitCode, exitCodes } from './exit-codes.ts'
import { asText, flag, type Option, type Reader, valueOr, values, yes } from './options.ts'
import { duration, oneOf } from './read-values.ts'
import type { VerbContext } from './verb.ts'
import { versionBeside } from './versions-beside.ts'

export const outputsAre: Reader<SwitchOutputs> = oneOf<SwitchOutputs>('replace', 'continue', 'correct')

export const switchOptions: {
  readonly reset: Option<readonly string[]>
  readonly resetOutputs: Option<'keep' | 'empty'>
  readonly patience: Option<number>
  readonly dryRun: Option<boolean>
  readonly yes: Option<boolean>
} = {
  reset: values(
    '--reset <application>',
    'an application that reads what is replaced: it starts over in the same step, and must not be running',
    asText,
  ),
  resetOutputs: valueOr(
    '--reset-outputs <keep|empty>',
    'what becomes of the topics that applications of --reset have written',
    oneOf('keep', 'empty'),
    'keep',
  ),
  patience: valueOr(
    '--patience <duration>',
    'how long to wait until the version to make live has caught up with the live one',
    duration,
    '30s',
  ),
  dryRun: flag('--dry-run', 'say what would be done, and do nothing; ends with 1 if it cannot be done'),
  yes,
}

/** What starts over, as the options say. */
export function resetsOf(ids: readonly string[], outputs: 'keep' | 'empty'): readonly SwitchReset[] {
  return ids.map((applicationId) => ({ applicationId, outputs }))
}

interface Wish {
  readonly application: string
  readonly dryRun: boolean
  readonly yes: boolean
  /** Switches, or says what that would do. */
  readonly act: (log: Log, options: Pick<SwitchOptions, 'dryRun' | 'number' | 'signal'>) => Promise<SwitchPlan>
}

export async function switchByHand(
  { application, dryRun, yes: isYes, act }: Wish,
  { openLog, agree, out, say, signal }: VerbContext,
): Promise<ExitCode> {
  const log = await openLog(dryRun ? 'read' : 'write')
  const planned = await act(log, { dryRun: true, signal })
  if (dryRun) {
    if (out.isJson) await out.facts(planned, [])
    else for (const line of linesOf(planned)) out.add(`${line}\n`)
    return planned.refusals.length === 0 ? exitCodes.done : exitCodes.failed
  }
  await checkPossible(log, planned)
  await agree(linesOf(planned), `Make ${planned.to} of ${application} the live version?`, isYes)
  const done = await act(log, { number: planned.number })
  if (out.isJson) await out.facts(done, [])
  else say(`${done.to} of ${application} is the live version, and ${done.from} is kept beside it`)
  return exitCodes.done
}

/** What no waiting would end is said at once, and no one is asked. */
async function checkPossible(log: Log, plan: SwitchPlan): Promise<void> {
  const { applicationId, to } = plan
  const { state } = await versionBeside(log, applicationId, to)
  const hindrances = switchHindrances(plan, state)
  if (hindrances.length === 0) return
  const title = `${applicationId} cannot switch to ${to}:`
  throw new CommandFailed([title, ...hindrances.map((one) => `  - ${one}`)].join('\n'))
}

function linesOf(plan: SwitchPlan): string[] {
  return [...switchLines(plan), ...plan.obstacles.map((obstacle) => `in the way: ${obstacle}`)]
}
