/**
 * `millrace app delete APP`: deletes an application with everything that is its own.
 */
import type { ApplicationDeletion } from '../../log/admin/application-deletion.ts'
import { outputLines, storeLines } from '../../inspect/plan-lines.ts'
import { counted } from '../../inspect/counts.ts'
import { argument, flag, valueOr, yes } from '../options.ts'
import { oneOf } from '../read-values.ts'
import { declareVerb, type Verb } from '../verb.ts'

export const verb: Verb = declareVerb({
  about:
    'Versions, stores, positions, plan and counters go; topics that it has written stay, unless --outputs delete takes ' +
    'them along. It must not run. One version alone is deleted by "millrace replay drop".',
  arguments: { application: argument('its id') },
  options: {
    outputs: valueOr(
      '--outputs <keep|delete>',
      'what becomes of the topics that it has written; its dead letters stay',
      oneOf('keep', 'delete'),
      'keep',
    ),
    dryRun: flag('--dry-run', 'say what would go, and do nothing'),
    yes,
  },
  json: 'what went, or would go, as one JSON object',
  examples: [
    { does: 'What would go', line: 'millrace app delete page-counts --outputs delete --dry-run' },
    { does: 'In a script', line: 'millrace app delete page-counts --yes' },
  ],
  async run({ application, outputs, dryRun, yes: isYes }, { openLog, agree, out, say }) {
    const { admin } = await openLog(dryRun ? 'read' : 'write')
    const planned = await admin.deleteApplication(application, { outputs, dryRun: true })
    if (dryRun) {
      if (out.isJson) return out.facts(planned, [])
      for (const line of linesOf(planned)) out.add(`${line}\n`)
      return out.flush()
    }
    await agree(linesOf(planned), `Delete ${application} for good?`, isYes)
    const done = await admin.deleteApplication(application, { outputs })
    if (out.isJson) await out.facts(done, [])
    else say(`deleted application ${application}`)
  },
})

function linesOf({ versions, positions, stores, outputs }: ApplicationDeletion): string[] {
  return [
    `${counted(versions.length, 'version')} (${versions.join(', ')}) with ${counted(positions, 'position')}: deleted`,
    ...storeLines(stores, 'deleted'),
    ...outputLines(outputs, 'deleted'),
  ]
}
