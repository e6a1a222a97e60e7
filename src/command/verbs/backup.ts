/**
 * `millrace backup TARGET`: a copy of the whole log while it is in use.
 */
import { shownBytes } from '../../inspect/amounts.ts'
import { argument } from '../options.ts'
import { shownProgress } from '../progress.ts'
import { declareVerb, type Verb } from '../verb.ts'

export const verb: Verb = declareVerb({
  about:
    'The copy is of one moment, and holds everything: records, stores, positions. It is as small as it can be, and a log ' +
    'like any other. Pages that are freed meanwhile are used again only when it is done.',
  arguments: { target: argument('a directory that is missing or empty') },
  json: 'One object: `path` and `bytes`.',
  examples: [
    { does: 'A copy beside the log', line: 'millrace backup ./saved' },
    { does: 'How large it is, for a script', line: 'millrace backup ./saved --json | jq .bytes' },
  ],
  async run({ target }, { openLog, out, progress }) {
    const { admin } = await openLog()
    const copy = await admin.backup(target, { onProgress: (done) => progress(shownProgress('backup', done)) })
    await out.facts(copy, [
      ['copy', copy.path],
      ['size', shownBytes(copy.bytes)],
    ])
  },
})
