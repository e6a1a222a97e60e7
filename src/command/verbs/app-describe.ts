/**
 * `millrace app describe APP`: one application with its positions, stores, counts and switches.
 */
import type { ApplicationDescription } from '../../log/admin/application-description.ts'
import type { Counters, Counts } from '../../core/stored-progress.ts'
import { shownBytes } from '../../inspect/amounts.ts'
import { shownPlace, shownStandstill, shownState } from '../../inspect/app-state.ts'
import { argument, value } from '../options.ts'
import type { Column } from '../table.ts'
import { declareVerb, type Verb, type VerbContext } from '../verb.ts'

export const verb: Verb = declareVerb({
  about: 'Counts are of all that was committed since the application first started.',
  arguments: { application: argument('its id') },
  options: { version: value('--version <name>', 'which version (default: the live one)', (name) => name) },
  json: 'all of it as one JSON object',
  examples: [
    { does: 'An application', line: 'millrace app describe page-counts --utc' },
    { does: 'What operators dropped', line: 'millrace app describe page-counts --json | jq -c .dropped' },
  ],
  async run({ application, version }, context) {
    const { openLog, out } = context
    const { admin } = await openLog()
    const description = await admin.describeApplication(application, { version })
    await out.facts(description, factsOf(description, context.time))
    if (out.isJson) return
    await tables(description, context)
  },
})

function factsOf(description: ApplicationDescription, time: VerbContext['time']): (readonly [string, string])[] {
  const { version, versions, instance, fenced, startedMs, lastCommitMs, eventTime, reads, writes, standstill } =
    description
  const own = versions.find((one) => one.version === version)
  return [
    ['application', description.applicationId],
    ['version', own?.isLive === false ? `${version}, beside the live one` : version],
    ['state', shownState(description)],
    ...(description.state === 'running' ? [['where', shownPlace(instance) ?? '-'] as const] : []),
    ...(standstill === null
      ? []
      : [['stands', shownStandstill(nameOf(description), standstill, instance).what] as const]),
    ...(fenced === null ? [] : [['fenced', `${shownPlace(fenced)} was stopped, and has not closed yet`] as const]),
    ['started', time(startedMs)],
    ['last commit', lastCommitMs === null ? '-' : time(lastCommitMs)],
    ['event time', eventTime < 0 ? '-' : time(eventTime)],
    ['lag', String(description.lag)],
    ['reads', listed(reads)],
    ['writes', listed(writes)],
    ...(versions.length > 1 ? [['other versions', listed(otherVersions(description))] as const] : []),
  ]
}

/** As the page calls it: a version beside the live one has its own name too. */
function nameOf({ applicationId, version, versions }: ApplicationDescription): string {
  const isLive = versions.some((one) => one.version === version && one.isLive)
  return isLive ? applicationId : `${applicationId}/${version}`
}

function otherVersions({ version, versions }: ApplicationDescription): string[] {
  return versions.flatMap((one) => {
    if (one.version === version) return []
    return [`${one.version} (${one.isLive ? 'live, ' : ''}${shownState(one)})`]
  })
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? '-' : names.join(', ')
}

async function tables(description: ApplicationDescription, { out, time }: VerbContext): Promise<void> {
  const table = async <R extends object>(rows: readonly R[], columns: readonly Column<R>[]): Promise<void> => {
    if (rows.length === 0) return
    out.add('\n')
    await out.rows(rows, columns)
  }
  await table(description.positions, [
    { head: 'TOPIC', of: ({ topic }) => topic },
    { head: 'PARTITION', of: ({ partition }) => partition },
    { head: 'POSITION', of: ({ offset }) => offset },
    { head: 'END', of: ({ endOffset }) => endOffset },
    { head: 'LAG', of: ({ records }) => records },
  ])
  await table(description.stores, [
    { head: 'STORE', of: ({ name }) => name },
    { head: 'KIND', of: ({ kind }) => kind },
    { head: 'KEYS', of: ({ key }) => key },
    { head: 'VALUES', of: ({ value: serde }) => serde },
    { head: 'ROWS', of: ({ rows }) => rows },
    { head: 'SIZE', of: ({ bytes }) => shownBytes(bytes) },
  ])
  await table(topicCounts(description), [
    { head: 'TOPIC', of: ({ topic }) => topic },
    { head: 'CONSUMED', of: ({ consumed }) => consumed },
    { head: 'PRODUCED', of: ({ produced }) => produced },
  ])
  await table(
    [...operatorCounts(description.dropped, 'dropped'), ...operatorCounts(description.failed, 'failed')],
    [
      { head: 'OPERATOR', of: ({ operator }) => operator },
      { head: 'RECORDS', of: ({ what }) => what },
      { head: 'WHY', of: ({ why }) => why },
      { head: 'COUNT', of: ({ count }) => count },
    ],
  )
  await table(description.switches, [
    { head: 'SWITCH', of: ({ number }) => number },
    { head: 'WHEN', of: ({ atMs }) => time(atMs) },
    { head: 'FROM', of: ({ from }) => from },
    { head: 'TO', of: ({ to }) => to },
    { head: 'OUTPUTS', of: ({ outputs }) => outputs },
  ])
}

interface TopicCounts {
  readonly topic: string
  readonly consumed: number | null
  readonly produced: number | null
}

function topicCounts({ consumed, produced }: ApplicationDescription): TopicCounts[] {
  const topics = [...new Set([...Object.keys(consumed), ...Object.keys(produced)])].toSorted()
  const of = (counts: Counts, topic: string): number | null =>
    Object.hasOwn(counts, topic) ? (counts[topic] ?? 0) : null
  return topics.map((topic) => ({ topic, consumed: of(consumed, topic), produced: of(produced, topic) }))
}

function operatorCounts(counters: Counters, what: string) {
  return Object.entries(counters).flatMap(([operator, counts]) =>
    Object.entries(counts).map(([why, count]) => ({ operator, what, why, count })),
  )
}
