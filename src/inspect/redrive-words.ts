/**
 * What became of dead letters that were to be sent again, in words.
 */
import type { RedriveOutcome } from '../log/admin/letters-face.ts'
import { counted } from './counts.ts'

/** What is said of a letter after it: "3 letters sent before". */
export const outcomeWords: Readonly<Record<RedriveOutcome, string>> = {
  sent: 'sent',
  alreadySent: 'sent before',
  noRecord: 'without a record, because a job failed',
  notRead: 'from a topic that the application no longer reads',
  topicGone: 'from a topic that is gone',
}

export const outcomes = Object.keys(outcomeWords) as readonly RedriveOutcome[]

/** How many were sent, and how many were not, and why. */
export function didOf(counts: Readonly<Record<RedriveOutcome, number>>): string {
  const { sent } = counts
  const others = outcomes.filter((outcome) => outcome !== 'sent' && counts[outcome] > 0)
  const rest = others.map((outcome) => `${counted(counts[outcome], 'letter')} ${outcomeWords[outcome]}`)
  const first = sent === 0 ? 'No record was sent.' : `${counted(sent, 'record')} sent again.`
  return rest.length === 0 ? first : `${first} Not sent: ${rest.join('; ')}.`
}
