/**
 * `millrace replay status`: how far the versions beside the live ones are.
 */
import { shownDuration } from '../../inspect/amounts.ts'
import { shownPlace, shownState } from '../../inspect/app-state.ts'
import { maybeSeveral, asText } from '../options.ts'
import { type ReplayStatus, replayStatus } from '../../replay/status.ts'
import { declareVerb, type Verb } from '../verb.ts'

export const verb: Verb = declareVerb({
  about:
    'For each version beside a live one: how many records it has read of those from where it began to where it ' +
    'stops, or to the end of the log; how many it still has to read of those that the live one has read; and the ' +
    'largest event time so far. While one has something to read, the command measures for a second, to say how ' +
    'fast it goes and how long the rest will take.',
  arguments: { applications: maybeSeveral('the ids of applications (default: all)', asText) },
  examples: [
    { does: 'Everything that is replayed here', line: 'millrace replay status --utc' },
    {
      does: 'How far, in percent',
      line: `millrace replay status page-counts --json | jq -c '{version, percent, lag}'`,
    },
    { does: 'What is paused', line: `millrace replay status --json | jq -r 'select(.isPaused).version'` },
  ],
  async run({ applications }, context) {
    const { openLog, out, say, time } = context
    const versions = await replayStatus(await openLog(), applications, context)
    if (versions.length === 0) return say('no version stands beside a live one')
    await out.rows(versions, [
      { head: 'APPLICATION', of: ({ applicationId }) => applicationId },
      { head: 'VERSION', of: ({ version }) => version },
      { head: 'STATE', of: stateOf },
      { head: 'WHERE', of: ({ state, instance }) => (state === 'running' ? shownPlace(instance) : null) },
      { head: 'DONE', of: ({ done }) => done },
      { head: 'OF', of: ({ total }) => total },
      { head: '%', of: ({ percent }) => percent && Math.floor(percent) },
      { head: 'LAG', of: ({ lag }) => lag },
      { head: 'RECORDS/S', of: ({ recordsPerSecond }) => recordsPerSecond && Math.round(recordsPerSecond) },
      { head: 'LEFT', of: ({ etaMs }) => (etaMs === null ? null : shownDuration(etaMs)) },
      { head: 'EVENT TIME', of: ({ eventTime }) => (eventTime === null ? null : time(eventTime)) },
    ])
  },
})

/** Of one that runs what it does, else why it does nothing. */
function stateOf(status: ReplayStatus): string {
  const { state, wasLive, isPaused, phase } = status
  if (state === 'running') return isPaused ? 'paused' : phase
  return `${shownState(status)}${wasLive ? ', was live' : ''}`
}
