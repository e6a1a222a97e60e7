/**
 * What an act on an application is going to do, in lines for those who are asked to agree.
 */
import type { ApplicationDescription, StoreDescription } from '../log/admin/application-description.ts'
import type { ApplicationOutput } from '../log/admin/application-outputs.ts'
import type { SwitchPlan } from '../log/admin/switch-face.ts'
import type { VersionDeletion } from '../log/admin/version-deletion.ts'
import { shownBytes } from './amounts.ts'
import { counted } from './counts.ts'

export function storeLines(
  stores: readonly Pick<StoreDescription, 'name' | 'rows' | 'bytes'>[],
  act: string,
): string[] {
  return stores.map(
    ({ name, rows, bytes }) => `store ${name}: ${counted(rows, 'row')}, about ${shownBytes(bytes)}: ${act}`,
  )
}

export function outputLines(outputs: readonly ApplicationOutput[], act: string): string[] {
  return outputs.map(({ topic, records, isTaken, readBy }) => {
    const readers = readBy.length === 0 ? '' : `, read by ${readBy.join(', ')}`
    return `topic ${topic}: ${counted(records, 'record')}${readers}: ${isTaken ? act : 'stays'}`
  })
}

/** What a switch does, without what is in its way. */
export function switchLines(plan: SwitchPlan): string[] {
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
  ]
}

/** Why a switch cannot be done however long one waits; empty where it can. */
export function switchHindrances(plan: SwitchPlan, state: ApplicationDescription['state']): readonly string[] {
  const { applicationId, to, refusals, obstacles, lag } = plan
  if (obstacles.length > 0 || refusals.length === 0 || state === 'running') return obstacles
  return [
    `version "${to}" is ${counted(lag, 'record')} away from the live one, and does not run: start it with its code, ` +
      `"millrace replay start SCRIPT ${to} --app ${applicationId}", and leave it running`,
  ]
}

/** What goes with a version beside the live one. */
export function versionDeletionLines({ version, endsWayBack, positions, stores, topics }: VersionDeletion): string[] {
  return [
    `version ${version} with ${counted(positions, 'position')}: deleted`,
    ...storeLines(stores, 'deleted'),
    ...topics.map(({ topic, records }) => `topic ${topic}: ${counted(records, 'record')}: deleted`),
    ...(endsWayBack ? [`it was live before: there is no way back to it after this`] : []),
  ]
}
