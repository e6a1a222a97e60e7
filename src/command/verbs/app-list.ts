/**
 * `millrace app list`: what applications there are, and how each is doing.
 */
import { shownPlace, shownState } from '../../inspect/app-state.ts'
import { flag } from '../options.ts'
import { declareVerb, type Verb } from '../verb.ts'

export const verb: Verb = declareVerb({
  about: 'Of each application its live version: whether it runs and where, and how many records it has yet to read.',
  options: { versions: flag('--versions', 'also the versions beside the live ones, each on a line of its own') },
  examples: [
    { does: 'All applications', line: 'millrace app list' },
    {
      does: 'Those that do not run',
      line: `millrace app list --json | jq -r 'select(.state != "running").applicationId'`,
    },
  ],
  async run({ versions }, { openLog, out, say, time }) {
    const { admin } = await openLog()
    const applications = await admin.applications()
    if (applications.length === 0) return say('there are no applications')
    if (!versions && out.isJson) return out.rows(applications, [])
    const rows = applications.flatMap((application) => {
      const shown = versions ? application.versions : application.versions.slice(0, 1)
      return shown.map((version) => ({ applicationId: application.applicationId, ...version }))
    })
    await out.rows(rows, [
      { head: 'APPLICATION', of: ({ applicationId }) => applicationId },
      { head: 'VERSION', of: ({ version, isLive }) => (isLive ? version : `${version} (beside)`) },
      { head: 'STATE', of: shownState },
      { head: 'WHERE', of: ({ state, instance }) => (state === 'running' ? shownPlace(instance) : null) },
      { head: 'LAG', of: ({ lag }) => lag },
      { head: 'LAST COMMIT', of: ({ lastCommitMs }) => (lastCommitMs === null ? null : time(lastCommitMs)) },
    ])
  },
})
