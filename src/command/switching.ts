/**
 * What `replay switch` and `replay back` share: the plan is shown, agreed to and carried out.
 */
import type { SwitchOptions, SwitchOutputs, SwitchPlan } from '../log/admin/switch-face.ts'
import type { Log } from '../log/face.ts'
import { shownBytes } from '../inspect/amounts.ts'
import { counted } from '../inspect/counts.ts'
import { CommandFailed, type ExitCode, exitCodes } from './exit-codes.ts'
import { asText, flag, type Option, type Reader, valueOr, values, yes } from './options.ts'
import { duration, oneOf } from './read-values.ts'
import type { VerbContext } from './verb.ts'
import { versionBeside } from './versions-beside.ts'

export const outputsAre: Reader<SwitchOutputs> = oneOf<SwitchOutputs>('replace', 'continue', 'correct')

export const switchOptions: {
  readonly reset: Option<readonly string[]>
  readonly patience: Option<number>
  readonly dryRun: Option<boolean>
  readonly yes: Option<boolean>
} = {
  reset: values(
    '--reset <application>',
    'an application that reads what is replaced: it starts over in the same step, and must not be running',
    asText,
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

interface Wish {
  readonly application: string
  readonly dryRun: boolean
  readonly yes: boolean
  /** Switches, or says what that would do. */
  readonly act: (log: Log, options: Pick<SwitchOptions, 'dryRun'>) => Promise<SwitchPlan>
}

export async function switchByHand(
  { application, dryRun, yes: isYes, act }: Wish,
  { openLog, agree, out, say }: VerbContext,
): Promise<ExitCode> {
  const log = await openLog(dryRun ? 'read' : 'write')
  const planned = await act(log, { dryRun: true })
  if (dryRun) {
    if (out.isJson) await out.facts(planned, [])
    else for (const line of linesOf(planned)) out.add(`${line}\n`)
    return planned.refusals.length === 0 ? exitCodes.done : exitCodes.failed
  }
  await checkPossible(log, planned)
  await agree(linesOf(planned), `Make ${planned.to} of ${application} the live version?`, isYes)
  const done = await act(log, { dryRun: false })
  if (out.isJson) await out.facts(done, [])
  else say(`${done.to} of ${application} is the live version, and ${done.from} is kept beside it`)
  return exitCodes.done
}

/** What no waiting would end is said at once, and no one is asked. */
async function checkPossible(log: Log, plan: SwitchPlan): Promise<void> {
  const { applicationId, to, refusals, obstacles, lag } = plan
  const title = `${applicationId} cannot switch to ${to}`
  if (obstacles.length > 0) throw new CommandFailed([`${title}:`, ...obstacles.map((one) => `  - ${one}`)].join('\n'))
  if (refusals.length === 0) return
  const { state } = await versionBeside(log, applicationId, to)
  if (state === 'running') return
  throw new CommandFailed(
    `${title}: it is ${counted(lag, 'record')} away from the live version, and does not run. Start it with its code, ` +
      `"millrace replay start SCRIPT ${to} --app ${applicationId}", and leave it running`,
  )
}

function linesOf(plan: SwitchPlan): string[] {
  const { applicationId, from, to, outputs, number, topics, corrections, positions, reset, readers, lag } = plan
  const corrected = new Map(corrections.map((one) => [one.topic, one]))
  return [
    `switch ${number} of ${applicationId}: ${from} -> ${to}, outputs ${outputs}`,
    ...topics.map(({ topic, records, recordsBefore }) => {
      const correction = corrected.get(topic)
      const how =
        correction === undefined
          ? ''
          : `, for ${counted(correction.keys, 'key')} (${counted(correction.deletes, 'delete')}), ${shownBytes(correction.bytes)}`
      return `topic ${topic}: ${recordsBefore} -> ${counted(records, 'record')}${how}`
    }),
    ...positions.map(({ group, topic, partition, before, after }) => {
      return `group ${group}, ${topic}[${partition}]: ${before} -> ${after}`
    }),
    ...readers.map(({ topic, applicationId: reader }) => `topic ${topic} is read by application ${reader}`),
    ...reset.map((id) => `application ${id}: starts over, with empty stores`),
    ...(lag === 0 ? [] : [`${to} is ${counted(lag, 'record')} away from ${from}`]),
    ...plan.obstacles.map((obstacle) => `in the way: ${obstacle}`),
  ]
}
