/**
 * `millrace dlq redrive APP [LETTER…]`: sends dead letters again, each once.
 */
import { UsageError } from '../exit-codes.ts'
import { filterOf, filterOptions, isFilterEmpty, letterPlace, letterTopic } from '../letters.ts'
import { argument, flag, maybeSeveral, valueOr } from '../options.ts'
import { whole } from '../read-values.ts'
import { printReport } from '../redrive-report.ts'
import { declareVerb, type Verb } from '../verb.ts'

export const verb: Verb = declareVerb({
  about:
    'Shows what would be sent; --execute sends it. Only this application reads the records again, now or with its next ' +
    'start. A record that is older than the newest one by more than the grace of a window is late there, again: compare ' +
    'the two times. A letter that was sent is not sent again.',
  arguments: {
    application: argument('its id'),
    letters: maybeSeveral('PARTITION:OFFSET of letters, or none and a filter', letterPlace),
  },
  options: {
    ...filterOptions,
    all: flag('--all', 'every letter there is'),
    samples: valueOr('--samples <count>', 'how many of the letters to show', whole(0), '20'),
    deadLetters: letterTopic,
    execute: flag('--execute', 'do it'),
  },
  json: 'the report as one JSON object',
  examples: [
    { does: 'What would be sent', line: 'millrace dlq redrive invoices --reason unexpected_null --utc' },
    { does: 'One letter', line: 'millrace dlq redrive invoices 0:0 --execute --utc' },
  ],
  async run({ application, letters, all, samples, deadLetters, execute, ...filter }, context) {
    const isNamed = letters.length > 0
    if (Number(isNamed) + Number(all) + Number(!isFilterEmpty(filter)) !== 1) {
      throw new UsageError('say which letters: their places, a filter such as --reason, or --all')
    }
    const log = await context.openLog(execute ? 'write' : 'read')
    const which = isNamed ? letters : filterOf(filter)
    const dead = log.admin.deadLetters(application, { topic: deadLetters })
    return printReport(await dead.redrive(which, { dryRun: !execute, samples }), context)
  },
})
