/**
 * `millrace replay drop APP VERSION`: deletes a version that stands beside the live one.
 */
import { versionDeletionLines } from '../../inspect/plan-lines.ts'
import { argument, flag, yes } from '../options.ts'
import { declareVerb, type Verb } from '../verb.ts'

export const verb: Verb = declareVerb({
  about:
    'Deletes its state, its positions and its hidden topics. The application, and what the live version has, ' +
    'stay. The version must not be running. After a switch, this ends the way back to the old version.',
  arguments: { application: argument('its id'), version: argument('a version beside the live one') },
  options: { dryRun: flag('--dry-run', 'say what would go, and do nothing'), yes },
  json: 'what went, or would go, as one JSON object',
  examples: [
    { does: 'What would go', line: 'millrace replay drop page-counts v2 --dry-run' },
    { does: 'In a script', line: 'millrace replay drop page-counts v2 --yes' },
  ],
  async run({ application, version, dryRun, yes: isYes }, { openLog, agree, out, say }) {
    const { admin } = await openLog(dryRun ? 'read' : 'write')
    const planned = await admin.deleteVersion(application, version, { dryRun: true })
    if (dryRun) {
      if (out.isJson) return out.facts(planned, [])
      for (const line of versionDeletionLines(planned)) out.add(`${line}\n`)
      return out.flush()
    }
    await agree(versionDeletionLines(planned), `Delete ${version} of ${application} for good?`, isYes)
    const done = await admin.deleteVersion(application, version)
    if (out.isJson) await out.facts(done, [])
    else say(`deleted ${version} of ${application}`)
  },
})
