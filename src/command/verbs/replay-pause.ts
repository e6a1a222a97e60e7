/**
 * `millrace replay pause APP VERSION`: lets a version beside the live one rest.
 */
import { argument } from '../options.ts'
import { declareVerb, type Verb } from '../verb.ts'

export const verb: Verb = declareVerb({
  about:
    'The process that replays it commits what it has done, and rests until "millrace replay resume". The version ' +
    'stays paused even if it is stopped, or killed, and started again.',
  arguments: { application: argument('its id'), version: argument('a version beside the live one') },
  json: 'the application and the version as one JSON object',
  examples: [
    { does: 'While the machine has more important work', line: 'millrace replay pause page-counts v2' },
    { does: 'For a script', line: 'millrace replay pause page-counts v2 --json' },
  ],
  async run({ application, version }, { openLog, out, say }) {
    const { admin } = await openLog('write')
    await admin.pauseVersion(application, version)
    if (out.isJson) await out.facts({ application, version, isPaused: true }, [])
    else say(`${version} of ${application} is paused until it is resumed`)
  },
})
