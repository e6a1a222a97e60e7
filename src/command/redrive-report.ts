/**
 * What became of dead letters that were sent again, or would.
 */
import type { RedriveOutcome, RedriveReport } from '../log/admin/letters-face.ts'
import { counted } from '../inspect/counts.ts'
import { goneWords, outcomes, outcomeWords, shownLetterPlace } from '../inspect/redrive-words.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import type { VerbContext } from './verb.ts'

/** Says how that is, as an exit code: of none that is there any longer, nothing was found. */
export async function printReport(report: RedriveReport, context: VerbContext): Promise<ExitCode> {
  if (context.out.isJson) await context.out.facts(report, [])
  else await print(report, context)
  const isNoneThere = report.gone.length > 0 && outcomes.every((outcome) => report[outcome] === 0)
  return isNoneThere ? exitCodes.nothingFound : exitCodes.done
}

async function print(report: RedriveReport, { out, say, time }: VerbContext): Promise<void> {
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
  if (report.gone.length > 0) say(goneWords(report.gone))
}

function wordsFor({ dryRun }: RedriveReport, outcome: RedriveOutcome): string {
  return dryRun && outcome === 'sent' ? 'would be sent; --execute sends them' : outcomeWords[outcome]
}
