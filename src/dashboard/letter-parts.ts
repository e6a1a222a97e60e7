/**
 * What is live of dead letters: how many each application has.
 */
import type { Log } from '../log/face.ts'
import { ifThere } from './if-there.ts'
import type { LettersView } from './letter-views.ts'
import type { Slices } from './slices.ts'
import type { TopicView } from './views.ts'

/** Of those applications that have ever written one. */
export async function lettersOf(
  { admin }: Log,
  applications: ReadonlySet<string>,
  topics: readonly TopicView[],
  slices: Slices,
): Promise<readonly LettersView[]> {
  const all: LettersView[] = []
  const byName = new Map(topics.map((topic) => [topic.name, topic]))
  for (const applicationId of applications) {
    await slices.next() // a plan is read for each
    const name = await ifThere(admin.deadLetters(applicationId).topic())
    const topic = byName.get(name ?? '')
    if (topic === undefined) continue
    all.push({ applicationId, topic: topic.name, letters: topic.records, lastMs: topic.lastAppendMs })
  }
  return all
}
