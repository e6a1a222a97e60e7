/**
 * Why a switch is refused, and what the one who asked for it can do.
 */
import { MillraceError } from '../../core/errors.ts'
import type { KeptVersion } from './application-log.ts'
import type { SwitchOutputs, SwitchPlan } from './switch-face.ts'

/** @throws MillraceError `switch_refused` */
export function refuse({ applicationId, to, outputs }: SwitchPlan, refusals: readonly string[]): void {
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

/** Another switch came before the one that was agreed to. */
export function switchedMeanwhile({ row }: KeptVersion, number: number): MillraceError {
  return new MillraceError(
    'switch_refused',
    `"${row.applicationId}" was switched meanwhile: "${row.version}" is the live version, and the next switch is number ` +
      `${row.switches + 1}, not ${number}. Look at its plan before you switch`,
  )
}

export function disturbed({ row }: KeptVersion, why: string): MillraceError {
  return new MillraceError(
    'switch_refused',
    `"${row.applicationId}" cannot switch: ${why} during the switch. Nothing has been exchanged; where the live version ` +
      'was stopped, start it again',
  )
}
