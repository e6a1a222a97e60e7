/**
 * `millrace replay resume APP VERSION`: lets a version go on that was paused.
 */
import { argument } from '../options.ts'
import { declareVerb, type Verb } from '../verb.ts'

export const verb: Verb = declareVerb({
  about: 'The process that replays it goes on at once. If there is none, the version goes on when it is started.',
  arguments: { application: argument('its id'), version: argument('a version beside the live one') },
  json: 'the application and the version as one JSON object',
  examples: [
    { does: 'A version goes on', line: 'millrace replay resume page-counts v3' },
    { does: 'For a script', line: 'millrace replay resume page-counts v3 --json' },
  ],
  async run({ application, version }, { openLog, out, say }) {
    const { admin } = await openLog('write')
    await admin.resumeVersion(application, version)
    if (out.isJson) await out.facts({ application, version, isPaused: false }, [])
    else say(`${version} of ${application} goes on`)
  },
})
