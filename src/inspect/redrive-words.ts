/**
 * What became of dead letters that were to be sent again, in words.
 */
import type { LetterPlace, RedriveOutcome, RedriveReport } from '../log/admin/letters-face.ts'
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

/** How many places a sentence names. */
const namedMax = 20

export function shownLetterPlace({ partition, offset }: LetterPlace): string {
  return `${partition}:${offset}`
}

/** `2 letters no longer there: 0:5, 0:6`. */
export function goneWords(gone: readonly LetterPlace[]): string {
  const named = gone.slice(0, namedMax).map(shownLetterPlace).join(', ')
  return `${counted(gone.length, 'letter')} no longer there: ${named}${gone.length > namedMax ? ' …' : ''}`
}

/** How many were sent, and how many were not, and why. */
export function didOf(report: Pick<RedriveReport, RedriveOutcome | 'gone'>): string {
  const { sent, gone } = report
  const others = outcomes.filter((outcome) => outcome !== 'sent' && report[outcome] > 0)
  const rest = others.map((outcome) => `${counted(report[outcome], 'letter')} ${outcomeWords[outcome]}`)
  if (gone.length > 0) rest.push(goneWords(gone))
  const first = sent === 0 ? 'No record was sent.' : `${counted(sent, 'record')} sent again.`
  return rest.length === 0 ? first : `${first} Not sent: ${rest.join('; ')}.`
}
