/**
 * The overview: what runs, what lags, what is passed over, and what is in the log, at one glance.
 */
import type { GroupView, HistoryView, LogView, TopicView, Trouble, VersionView } from '../views.ts'
import { Link, pathOf, TextLink } from './address.tsx'
import { Attention, StateBadge } from './badge.tsx'
import { Charts } from './chart.tsx'
import { Fact, Facts } from './facts.tsx'
import { type Live, partOf, partsOf } from './live.ts'
import { Notice } from './notice.tsx'
import { Spark } from './spark.tsx'
import { Table } from './table.tsx'
import { Troubles } from './troubles.tsx'
import { Ago, briefCount, count, lag, rate, size, Text, Time } from './text.tsx'

export function Overview({ live }: { readonly live: Live }) {
  const versions = partsOf<VersionView>(live, 'application')
  const topics = partsOf<TopicView>(live, 'topic')
  const groups = partsOf<GroupView>(live, 'group').filter(({ kind }) => kind === 'group')
  return (
    <>
      <h1>Overview</h1>
      <Summary versions={versions} topics={topics} groups={groups} file={partOf<LogView>(live, 'log')} />
      <Troubles of={partOf<readonly Trouble[]>(live, 'troubles') ?? []} />
      <Charts
        label="Charts of the log"
        of={partOf<HistoryView>(live, 'history/log')}
        atMs={live.atMs}
        figures={['rate', 'lagMs', 'passedOver', 'usedBytes']}
      />
      <section aria-labelledby="applications">
        <h2 id="applications">Applications</h2>
        {versions.length === 0 ? (
          <Notice kind="empty">No application has been started on this log yet.</Notice>
        ) : (
          <Applications versions={versions} live={live} />
        )}
      </section>
      <section aria-labelledby="topics">
        <h2 id="topics">Topics</h2>
        {topics.length === 0 ? (
          <Notice kind="empty">No topics yet. A producer creates one, or: millrace topic create NAME</Notice>
        ) : (
          <Topics topics={topics} live={live} />
        )}
      </section>
      {groups.length > 0 && (
        <section aria-labelledby="groups">
          <h2 id="groups">Groups</h2>
          <Groups groups={groups} live={live} />
        </section>
      )}
    </>
  )
}

interface SummaryProps {
  readonly versions: readonly VersionView[]
  readonly topics: readonly TopicView[]
  readonly groups: readonly GroupView[]
  readonly file: LogView | undefined
}

function total<T>(all: readonly T[], of: (one: T) => number): number {
  return all.reduce((sum, one) => sum + of(one), 0)
}

function Summary({ versions, topics, groups, file }: SummaryProps) {
  const running = versions.filter(({ state, standstill }) => state === 'running' && standstill?.kind !== 'hangs').length
  const readers = [...versions, ...groups]
  const facts: readonly (readonly [string, string])[] = [
    ['running', `${running} of ${versions.length}`],
    ['processed', rate(total(versions, (one) => one.rate ?? 0))],
    [
      'lag',
      lag(
        total(readers, (one) => one.lag),
        Math.max(0, ...readers.map(({ lagMs }) => lagMs)),
      ),
    ],
    ['dropped', briefCount(total(versions, ({ dropped }) => dropped))],
    ['failed', briefCount(total(versions, ({ failed }) => failed))],
    ['in topics', `${briefCount(total(topics, ({ records }) => records))} records`],
    ...(file === undefined ? [] : [['file', `${size(file.fileBytes)}, ${size(file.freeBytes)} free`] as const]),
  ]
  return (
    <Facts>
      {facts.map(([name, value]) => (
        <Fact key={name} name={name}>
          {value}
        </Fact>
      ))}
    </Facts>
  )
}

function historyOf(live: Live, name: string): HistoryView | undefined {
  return partOf<HistoryView>(live, `history/${name}`)
}

function Applications({ versions, live }: { readonly versions: readonly VersionView[]; readonly live: Live }) {
  const nameOf = ({ applicationId, version }: VersionView): string => `application/${applicationId}/${version}`
  return (
    <Table
      caption="Applications"
      rows={versions}
      keyOf={nameOf}
      columns={[
        {
          head: 'application',
          of: ({ applicationId, version, isLive }) => (
            <Link to={pathOf('applications', applicationId, version)}>
              <Text of={applicationId} /> <small>{isLive ? version : `${version}, beside the live one`}</small>
            </Link>
          ),
        },
        { head: 'state', of: (one) => <StateBadge of={one} /> },
        { head: 'rate', isFigure: true, of: (one) => rate(one.rate) },
        {
          head: 'last 15 min',
          isExtra: true,
          of: (one) => <Spark of={historyOf(live, nameOf(one))?.series.rate} what="records a second" />,
        },
        { head: 'lag', isFigure: true, of: (one) => <Attention of={lagging(one)} text={lag(one.lag, one.lagMs)} /> },
        {
          head: 'lag, 15 min',
          isExtra: true,
          of: (one) => <Spark of={historyOf(live, nameOf(one))?.series.lag} what="records of lag" />,
        },
        { head: 'event time', isExtra: true, of: ({ eventTimeMs }) => <Time ms={eventTimeMs} /> },
        { head: 'dropped', isFigure: true, of: ({ dropped }) => count(dropped) },
        { head: 'failed', isFigure: true, of: (one) => <Attention of={one.failedLately} text={count(one.failed)} /> },
        { head: 'last commit', isExtra: true, of: ({ lastCommitMs }) => <Ago ms={lastCommitMs} /> },
      ]}
    />
  )
}

/** Records that wait for a second are on their way, and a version beside the live one has to read what that one has. */
function lagging({ lag: records, lagMs, state, isLive }: VersionView): number {
  return isLive && (state !== 'running' || lagMs > 10_000) ? records : 0
}

export function Topics({ topics, live }: { readonly topics: readonly TopicView[]; readonly live: Live }) {
  return (
    <Table
      caption="Topics"
      rows={topics}
      keyOf={({ name }) => name}
      columns={[
        {
          head: 'topic',
          of: ({ name }) => <TextLink to={pathOf('topics', name)} of={name} />,
        },
        { head: 'rate', isFigure: true, of: (one) => rate(one.rate) },
        {
          head: 'last 15 min',
          isExtra: true,
          of: ({ name }) => <Spark of={historyOf(live, `topic/${name}`)?.series.rate} what="records a second" />,
        },
        { head: 'records', isFigure: true, of: ({ records }) => count(records) },
        { head: 'size', isFigure: true, of: ({ bytes }) => size(bytes) },
        { head: 'partitions', isFigure: true, isExtra: true, of: ({ partitions }) => partitions },
        { head: 'last record', isExtra: true, of: ({ lastAppendMs }) => <Ago ms={lastAppendMs} /> },
      ]}
    />
  )
}

export function Groups({ groups, live }: { readonly groups: readonly GroupView[]; readonly live: Live }) {
  return (
    <Table
      caption="Groups"
      rows={groups}
      keyOf={({ name }) => name}
      columns={[
        {
          head: 'group',
          of: ({ name }) => <TextLink to={pathOf('groups', name)} of={name} />,
        },
        { head: 'kind', isExtra: true, of: ({ kind }) => kind },
        { head: 'state', of: ({ kind, state }) => (kind === 'application' ? '–' : state) },
        { head: 'members', isFigure: true, of: ({ kind, members }) => (kind === 'application' ? '–' : members) },
        {
          head: 'lag',
          isFigure: true,
          of: (one) => (
            <Attention of={one.kind === 'group' && one.members === 0 ? one.lag : 0} text={lag(one.lag, one.lagMs)} />
          ),
        },
        {
          head: 'lag, 15 min',
          isExtra: true,
          of: ({ name }) => <Spark of={historyOf(live, `group/${name}`)?.series.lag} what="records of lag" />,
        },
      ]}
    />
  )
}
