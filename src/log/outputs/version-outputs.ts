/**
 * Where the outputs of a version are: what a comparison reads of them, and what a switch corrects.
 */
import type { StoredRecords } from '../contract.ts'
import type { OutputPlaces } from '../kept/written-outputs.ts'
import { besideTopic, type VersionId } from '../kept/version-name.ts'
import type { VersionOutput } from './output-rows.ts'

/** What a version beside the live one writes for a topic of its topology. */
function ownTopic(version: VersionId, { outputs }: OutputPlaces, name: string): string {
  return (Object.hasOwn(outputs, name) ? outputs[name] : undefined) ?? besideTopic(name, version)
}

/** An output of a version beside the live one; undefined where it has nothing. */
export function outputBeside(
  records: StoredRecords,
  version: VersionId,
  places: OutputPlaces,
  name: string,
): VersionOutput | undefined {
  const topic = records.findTopic(ownTopic(version, places, name))
  const stored = Object.hasOwn(places.bases, name) ? places.bases[name] : undefined
  if (stored === undefined) return topic && { topic }
  const shared = records.topicOf(stored.topicId)
  return { topic, base: shared === undefined ? 'gone' : { ...stored, topic: shared } }
}
