/**
 * What became of dead letters that were sent again, or would.
 */
import type { RedriveOutcome, RedriveReport } from '../log/admin/letters-face.ts'
import { counted } from '../inspect/counts.ts'
import { outcomes, outcomeWords } from '../inspect/redrive-words.ts'
import { shownLetterPlace } from './letters.ts'
import type { VerbContext } from './verb.ts'

export async function printReport(report: RedriveReport, { out, say, time }: VerbContext): Promise<void> {
  if (out.isJson) return out.facts(report, [])
  if (report.letters.length > 0) {
    await out.rows(report.letters, [
      { head: 'LETTER', of: ({ letter }) => shownLetterPlace(letter) },
      { head: 'REASON', of: ({ letter }) => letter.reason },
      { head: 'TIME', of: ({ letter }) => time(letter.timestamp) },
      { head: 'NEWEST THERE', of: ({ newestTimestamp: newest }) => (newest === null ? null : time(newest)) },
      {
        head: 'BECOMES',
        of: ({ outcome }) => (report.dryRun && outcome === 'sent' ? 'to be sent' : outcomeWords[outcome]),
      },
    ])
  }
  for (const outcome of outcomes) {
    if (outcome === 'sent' || report[outcome] > 0)
      say(`${counted(report[outcome], 'letter')} ${wordsFor(report, outcome)}`)
  }
}

function wordsFor({ dryRun }: RedriveReport, outcome: RedriveOutcome): string {
  return dryRun && outcome === 'sent' ? 'would be sent; --execute sends them' : outcomeWords[outcome]
}
