/**
 * The outputs of a version beside the live one and of the live one, as a comparison takes them: what either has written
 * so far, except dead letters.
 */
import { parsePlan } from '../core/stored-plan.ts'
import { decodeEntries, sumOf } from '../core/stored-progress.ts'
import type { ApplicationLog, OutputBases, StoredApplication } from '../log/contract.ts'
import { besideName, besideTopic, topicBeside, type VersionId } from '../log/kept/version-name.ts'
import type { ComparedOutput } from './compare-outputs.ts'
import type { OutputNames } from './other-outputs.ts'

/** Where the outputs of a version are. */
export interface OutputPlaces {
  readonly outputs: OutputNames
  /** What comes before. */
  readonly bases: OutputBases
}

export function versionOutputs(
  log: ApplicationLog,
  version: VersionId,
  { outputs, bases }: OutputPlaces,
): readonly ComparedOutput[] {
  const { applicationId } = version
  const live = writtenBy(applicationId, log.find(applicationId))
  const hidden = writtenBy(applicationId, log.find(besideName(version)))
  const others = new Map(Object.entries(outputs).map(([name, other]) => [other, name]))
  const names = new Set([...live, ...hidden.flatMap((topic) => topicBeside(topic, version) ?? others.get(topic) ?? [])])
  return [...names].toSorted().flatMap((name) => {
    const mine = log.records.findTopic(ownOf(outputs, name) ?? besideTopic(name, version))
    const theirs = log.records.findTopic(name)
    const topic = theirs ?? mine
    if (topic === undefined) return [] // it was deleted
    const ends =
      theirs && Object.hasOwn(bases, name) && bases[name]?.topicId === theirs.id ? bases[name].ends : undefined
    const base = theirs && ends && { topic: theirs, ends }
    return [{ name, here: mine && { topic: mine, base }, live: theirs && { topic: theirs }, topic }]
  })
}

function ownOf(outputs: OutputNames, name: string): string | undefined {
  return Object.hasOwn(outputs, name) ? outputs[name] : undefined
}

function writtenBy(applicationId: string, version: StoredApplication | undefined): readonly string[] {
  if (version === undefined) return []
  const { deadLetters = `${applicationId}.dead-letters` } = parsePlan(applicationId, version.plan)
  const entries = version
    .allProgress()
    .flatMap(({ progress }) => (progress === undefined ? [] : decodeEntries(progress)))
  return Object.keys(sumOf(entries).produced).filter((topic) => topic !== deadLetters)
}
