/**
 * The outputs of a version beside the live one and of the live one, as a comparison takes them: what either has written
 * so far, except dead letters.
 */
import { parsePlan } from '../core/stored-plan.ts'
import type { ApplicationLog } from '../log/contract.ts'
import { besideName, type VersionId } from '../log/kept/version-name.ts'
import { type OutputPlaces, writtenOutputs } from '../log/kept/written-outputs.ts'
import { outputBeside } from '../log/outputs/version-outputs.ts'
import type { ComparedOutput } from './compare-outputs.ts'

export function versionOutputs(
  log: ApplicationLog,
  version: VersionId,
  places: OutputPlaces,
): readonly ComparedOutput[] {
  const { applicationId } = version
  const writtenBy = (keptName: string): readonly string[] => {
    const found = log.find(keptName)
    if (found === undefined) return []
    return writtenOutputs(version, places, parsePlan(applicationId, found.plan), found.allProgress())
  }
  const names = new Set([...writtenBy(applicationId), ...writtenBy(besideName(version))])
  return [...names].toSorted().flatMap((name) => {
    const here = outputBeside(log.records, version, places, name)
    const live = log.records.findTopic(name)
    const topic = live ?? log.records.findTopic(here?.topic?.name ?? name)
    if (topic === undefined) return [] // it was deleted
    return [{ name, here, live: live && { topic: live }, topic }]
  })
}
