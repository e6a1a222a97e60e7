/**
 * What is live of dead letters: how many each application has.
 */
import type { Log } from '../log/face.ts'
import { ifThere } from './if-there.ts'
import type { LettersView } from './letter-views.ts'
import type { TopicView } from './views.ts'

/** Of those applications that have ever written one. */
export async function lettersOf(
  { admin }: Log,
  applications: ReadonlySet<string>,
  topics: readonly TopicView[],
): Promise<readonly LettersView[]> {
  const all: LettersView[] = []
  for (const applicationId of applications) {
    const name = await ifThere(admin.deadLetters(applicationId).topic())
    const topic = topics.find((one) => one.name === name)
    if (topic === undefined) continue
    all.push({ applicationId, topic: topic.name, letters: topic.records, lastMs: topic.lastAppendMs })
  }
  return all
}
