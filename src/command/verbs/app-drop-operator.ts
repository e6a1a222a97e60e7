/**
 * `millrace app drop-operator APP OPERATOR…`: lets an application start without operators that it had.
 */
import type { OperatorsDrop } from '../../log/admin/operator-drop.ts'
import { storeLines } from '../../inspect/plan-lines.ts'
import { argument, flag, several, yes } from '../options.ts'
import { declareVerb, type Verb } from '../verb.ts'

export const verb: Verb = declareVerb({
  about:
    'A start is refused if the code no longer has an operator that keeps something. This removes operators from ' +
    'what the log knows of the application, with their stores, counters and stream times, in one commit. The ' +
    'application must not be running. Everything else goes on as it was. If the code still has one of them, it ' +
    'begins empty. Also name sources and repartitions that are gone.',
  arguments: {
    application: argument('its id'),
    operators: several('their ids, as "millrace app describe --json" and a refused start list them'),
  },
  options: { dryRun: flag('--dry-run', 'say what would go, and do nothing'), yes },
  json: 'what went, or would go, as one JSON object',
  examples: [
    { does: 'What would go', line: 'millrace app drop-operator page-counts count-minutes --dry-run' },
    { does: 'In a script', line: 'millrace app drop-operator page-counts count-minutes --yes' },
  ],
  async run({ application, operators, dryRun, yes: isYes }, { openLog, agree, out, say }) {
    const { admin } = await openLog(dryRun ? 'read' : 'write')
    const planned = await admin.dropOperators(application, operators, { dryRun: true })
    if (dryRun) {
      if (out.isJson) return out.facts(planned, [])
      for (const line of linesOf(planned)) out.add(`${line}\n`)
      return out.flush()
    }
    await agree(linesOf(planned), `Drop ${namesOf(planned)} of ${application} for good?`, isYes)
    const done = await admin.dropOperators(application, operators)
    if (out.isJson) await out.facts(done, [])
    else say(`dropped ${namesOf(done)}: the next start of ${application} can do without`)
  },
})

function namesOf({ operators }: OperatorsDrop): string {
  return operators.map(({ id }) => id).join(', ')
}

function linesOf({ operators, stores }: OperatorsDrop): string[] {
  return [
    ...operators.map(({ id, verb: what }) => `operator ${id} (${what}): dropped`),
    ...stores.flatMap((store) =>
      storeLines(
        [store],
        store.readBy.length === 0 ? 'deleted' : `deleted, though ${store.readBy.join(', ')} reads it`,
      ),
    ),
  ]
}
