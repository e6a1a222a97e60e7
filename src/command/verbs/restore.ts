/**
 * `millrace restore BACKUP`: a log from a backup.
 */
import { shownBytes } from '../../inspect/amounts.ts'
import { argument } from '../options.ts'
import { shownProgress } from '../progress.ts'
import { declareVerb, type Verb } from '../verb.ts'

export const verb: Verb = declareVerb({
  about:
    'Makes the directory that --dir names, which has to be missing or empty: nothing is ever replaced. The backup stays ' +
    'as it is, and may be on a disk that is read-only.',
  arguments: { backup: argument('the directory of a backup, or of a log') },
  json: 'One object: `path` and `bytes`.',
  examples: [
    { does: 'A log in ./restored', line: 'millrace restore ./data --dir ./restored' },
    { does: 'How large it is, for a script', line: 'millrace restore ./data --dir ./restored --json | jq .bytes' },
  ],
  async run({ backup }, { dir, out, progress }) {
    const { restoreLog } = await import('../../log/admin/backup.ts')
    const log = await restoreLog(backup, dir, { onProgress: (done) => progress(shownProgress('restore', done)) })
    await out.facts(log, [
      ['log', log.path],
      ['size', shownBytes(log.bytes)],
    ])
  },
})
