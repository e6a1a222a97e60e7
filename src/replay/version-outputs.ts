/**
 * The outputs of a version beside the live one and of the live one, as a comparison takes them: what either has written
 * so far, except dead letters.
 */
import { parsePlan } from '../core/stored-plan.ts'
import { decodeEntries, sumOf } from '../core/stored-progress.ts'
import type { ApplicationLog, StoredApplication } from '../log/contract.ts'
import { besideName, besideTopic, topicBeside, type VersionId } from '../log/kept/version-name.ts'
import type { ComparedOutput } from './compare-outputs.ts'

export function versionOutputs(log: ApplicationLog, version: VersionId): readonly ComparedOutput[] {
  const { applicationId } = version
  const live = writtenBy(applicationId, log.find(applicationId))
  const hidden = writtenBy(applicationId, log.find(besideName(version)))
  const names = new Set([...live, ...hidden.flatMap((topic) => topicBeside(topic, version) ?? [])])
  return [...names].toSorted().flatMap((name) => {
    const [mine, theirs] = [log.records.findTopic(besideTopic(name, version)), log.records.findTopic(name)]
    const topic = theirs ?? mine
    if (topic === undefined) return [] // it was deleted
    return [{ name, here: mine && { topic: mine }, live: theirs && { topic: theirs }, topic }]
  })
}

function writtenBy(applicationId: string, version: StoredApplication | undefined): readonly string[] {
  if (version === undefined) return []
  const { deadLetters = `${applicationId}.dead-letters` } = parsePlan(applicationId, version.plan)
  const entries = version
    .allProgress()
    .flatMap(({ progress }) => (progress === undefined ? [] : decodeEntries(progress)))
  return Object.keys(sumOf(entries).produced).filter((topic) => topic !== deadLetters)
}
