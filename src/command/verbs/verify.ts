/**
 * `millrace verify`: whether all that is stored is what was written.
 */
import { shownBytes } from '../../inspect/amounts.ts'
import { counted } from '../../inspect/counts.ts'
import { exitCodes } from '../exit-codes.ts'
import { flag } from '../options.ts'
import { shownProgress } from '../progress.ts'
import { declareVerb, type Verb } from '../verb.ts'

export const verb: Verb = declareVerb({
  about:
    'Checks every batch, row, position and store, while others read and write. Ends with 1 when anything is wrong, and ' +
    'lists it: restore a backup then.',
  options: { deep: flag('--deep', 'look at every record, not only at every batch') },
  json: 'One object: what was looked at, and the problems.',
  examples: [
    { does: 'Every batch and row', line: 'millrace verify' },
    { does: 'Every record too, for a script', line: 'millrace verify --deep --json | jq .problemCount' },
  ],
  async run({ deep }, { openLog, out, progress, say, signal }) {
    const { admin } = await openLog()
    const report = await admin.verify({ deep, signal, onProgress: (done) => progress(shownProgress('verify', done)) })
    const { problems, problemCount } = report
    await out.facts(report, [
      ['topics', report.topics],
      ['partitions', report.partitions],
      ['batches', report.batches],
      ['records', report.records],
      ['bytes', shownBytes(report.bytes)],
      ['rows', report.rows],
      ['problems', problemCount],
    ])
    if (report.positionsBeforeStart > 0) {
      say(
        `${counted(report.positionsBeforeStart, 'position')} before the first record that is kept: their readers have missed some`,
      )
    }
    if (problemCount === 0) return
    if (!out.isJson) {
      await out.rows(problems, [
        { head: 'PROBLEM', of: ({ kind }) => kind },
        { head: 'TOPIC', of: ({ topic }) => topic },
        { head: 'PARTITION', of: ({ partition }) => partition },
        { head: 'OFFSET', of: ({ offset }) => offset },
        { head: 'WHAT', of: ({ message }) => message },
      ])
    }
    say(`${counted(problemCount, 'problem')}: restore a backup with "millrace restore"`)
    return exitCodes.failed
  },
})
