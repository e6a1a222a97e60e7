/**
 * `millrace replay compare APP VERSION`: how a version differs from the live one.
 */
import { applicationLogOf } from '../../log/contract.ts'
import { compareWithLive } from '../../replay/compare-with-live.ts'
import { formatComparison } from '../../replay/format-comparison.ts'
import { counted } from '../../inspect/counts.ts'
import { exitCodes } from '../exit-codes.ts'
import { argument, flag, valueOr } from '../options.ts'
import { duration, whole } from '../read-values.ts'
import { declareVerb, type Verb } from '../verb.ts'
import { versionBeside } from '../versions-beside.ts'

export const verb: Verb = declareVerb({
  about:
    'Compares stores and topics row by row, at moments when both versions have processed the same input; neither ' +
    'has to stop. A version that did not begin at the beginning lacks what came before.\n\n' +
    'Ends as diff does: with 0 if all is alike, with 1 if something differs or could not be compared. A failure ' +
    'ends with 1 too, and prints nothing on standard output.',
  arguments: { application: argument('its id'), version: argument('a version beside the live one') },
  options: {
    samples: valueOr('--samples <count>', 'how many differences to show for each store and topic', whole(0), '5'),
    all: flag('--all', 'also compare what operators keep for themselves, such as buffers of joins'),
    patience: valueOr(
      '--patience <duration>',
      'how long to wait, for each store and topic, until both are at the same place',
      duration,
      '30s',
    ),
  },
  json: 'the whole report as one JSON object',
  examples: [
    {
      does: 'What the new code does differently',
      line: 'millrace replay compare page-counts v2 --samples 1',
      exits: 1,
    },
    {
      does: 'For a script: whether anything differs',
      line: 'millrace replay compare page-counts v3 --json | jq .isEqual',
    },
  ],
  async run({ application, version, samples, all, patience }, { openLog, out, progress, signal }) {
    const log = await openLog()
    await versionBeside(log, application, version)
    const id = { applicationId: application, version }
    const report = await compareWithLive(applicationLogOf(log), id, {
      samples,
      all,
      patienceMs: patience,
      signal,
      onProgress: ({ part, name, done, total, rows }) =>
        progress(`compare ${part} ${name} (${done + 1} of ${total})${rows === 0 ? '' : `, ${counted(rows, 'row')}`}`),
    })
    if (out.isJson) await out.facts(report, [])
    else {
      out.add(formatComparison(report))
      await out.flush()
    }
    return report.isEqual ? exitCodes.done : exitCodes.failed
  },
})
