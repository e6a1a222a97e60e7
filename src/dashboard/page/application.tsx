/**
 * An application: how it is doing, its topology, where it is in each partition, what it passed over and what it keeps.
 */
import type {
  ApplicationView,
  FactsView,
  HistoryView,
  StoreView,
  TopologyDescription,
  Trouble,
  VersionPositionView,
  VersionView,
} from '../views.ts'
import { Link, pathOf } from './address.tsx'
import { useAnswer } from './answer.tsx'
import { Attention, StateBadge } from './badge.tsx'
import { Charts } from './chart.tsx'
import { Fact, Facts } from './facts.tsx'
import { Graph } from './graph.tsx'
import { currentFigures } from './graph-figures.ts'
import { type Live, partOf, partsOf } from './live.ts'
import { NodePanel } from './node-panel.tsx'
import { Notice } from './notice.tsx'
import { Positions } from './positions.tsx'
import { ProcessFigures } from './process-figures.tsx'
import { Stores } from './stores-table.tsx'
import { type Column, Table } from './table.tsx'
import { Ago, count, duration, lag, rate, Text, Time } from './text.tsx'
import { Troubles } from './troubles.tsx'

interface ApplicationProps {
  readonly live: Live
  readonly id: string
  readonly version: string
  readonly address: URL
}

export function Application({ live, id, version, address }: ApplicationProps) {
  const app = partOf<ApplicationView>(live, `detail/${id}/${version}`)
  const topology = partOf<TopologyDescription>(live, `shape/${id}/${version}`)
  if (app === undefined || topology === undefined) {
    const isKnown = live.parts.has(`application/${id}/${version}`)
    return (
      <>
        <h1>
          <Text of={id} />
        </h1>
        {isKnown ? (
          <Notice kind="loading">Reading…</Notice>
        ) : (
          <Notice kind="gone">
            This log has no such application, or no such version of it. It may have been deleted.
          </Notice>
        )}
      </>
    )
  }
  const figures = currentFigures(app.figures, live.atMs)
  return <Known live={live} app={{ ...app, figures }} topology={topology} address={address} />
}

interface KnownProps {
  readonly live: Live
  readonly app: ApplicationView
  readonly topology: TopologyDescription
  readonly address: URL
}

function Known({ live, app, topology, address }: KnownProps) {
  const { applicationId, version, lastCommitMs } = app
  const node = address.searchParams.get('node')
  // Counted again when something was committed, but not more often than every ten seconds.
  const again = Math.floor((lastCommitMs ?? 0) / 10_000)
  const stores = useAnswer<readonly StoreView[]>(`/api${pathOf('applications', applicationId, version)}/stores`, again)
  const troubles = partOf<readonly Trouble[]>(live, 'troubles') ?? []
  const places = [pathOf('applications', applicationId, version), pathOf('dead-letters', applicationId)]
  const facts = partOf<FactsView>(live, `facts/${applicationId}/${version}`)
  return (
    <>
      <h1>
        <Text of={applicationId} /> <small>{version}</small> <StateBadge of={app} />
      </h1>
      <Summary app={app} />
      <Troubles of={troubles.filter(({ at }) => places.includes(at))} />
      <Charts
        label="Charts of the application"
        of={partOf<HistoryView>(live, `history/application/${applicationId}/${version}`)}
        atMs={live.atMs}
        figures={['rate', 'lag', 'lagMs', 'passedOver']}
      />
      <section aria-labelledby="topology">
        <h2 id="topology">Topology</h2>
        {topology.subTopologies.length === 0 ? (
          <Notice kind="empty">Its topology was not stored when it was last started. Start it again to see it.</Notice>
        ) : (
          <Graph topology={topology} app={app} address={address} />
        )}
        {node !== null && (
          <NodePanel app={app} topology={topology} facts={facts} stores={stores} id={node} address={address} />
        )}
      </section>
      {app.figures !== null && <ProcessFigures of={app.figures} atMs={live.atMs} />}
      <section aria-labelledby="positions">
        <h2 id="positions">Positions</h2>
        {app.positions.length === 0 ? (
          <Notice kind="empty">It has committed no position yet.</Notice>
        ) : (
          <Positions rows={app.positions} leftOut={app.positionsLeftOut} columns={positionColumns(app)} />
        )}
      </section>
      <section aria-labelledby="passed">
        <h2 id="passed">Passed over</h2>
        <p class="about">
          Records that failed or were dropped may be among its{' '}
          <Link to={pathOf('dead-letters', app.applicationId)}>dead letters</Link>.
        </p>
        {app.passedOver.length === 0 ? (
          <Notice kind="empty">Nothing was dropped, and nothing failed.</Notice>
        ) : (
          <PassedOver app={app} />
        )}
      </section>
      <Stores app={app} stores={stores} />
    </>
  )
}

function Summary({ app }: { readonly app: ApplicationView }) {
  const { instance, state, fenced } = app
  const others = app.versions.filter(({ version }) => version !== app.version)
  return (
    <Facts>
      <Fact name="where">
        {instance === null ? '–' : `pid ${instance.pid} on ${instance.host}`}
        {state === 'stopped' && instance !== null ? ', gone' : ''}
      </Fact>
      <Fact name="started">
        <Ago ms={app.startedMs} />
      </Fact>
      <Fact name="last commit">
        <Ago ms={app.lastCommitMs} />
      </Fact>
      <Fact name="processed">{rate(app.rate)}</Fact>
      <Fact name="since it first started">{count(app.consumed)}</Fact>
      <Fact name="lag">{lag(app.lag, app.lagMs)}</Fact>
      <Fact name="event time">
        <Time ms={app.eventTimeMs} />
      </Fact>
      {fenced !== null && <Fact name="fenced">{`pid ${fenced.pid} on ${fenced.host} has not closed yet`}</Fact>}
      {others.length > 0 && (
        <Fact name="other versions">
          {others.map(({ version, isLive }) => (
            <span key={version}>
              <Link to={pathOf('applications', app.applicationId, version)}>{version}</Link>
              {isLive ? ' (live) ' : ' '}
            </span>
          ))}
        </Fact>
      )}
    </Facts>
  )
}

function positionColumns({ state }: ApplicationView): readonly Column<VersionPositionView>[] {
  return [
    { head: 'stream time', isExtra: true, of: ({ streamTimeMs }) => <Time ms={streamTimeMs} /> },
    {
      head: 'moves',
      of: ({ standsForMs, lag: left }) => {
        if (left === 0) return 'at the end'
        if (standsForMs >= 30_000) return <Attention of={1} text={`stands still for ${duration(standsForMs)}`} />
        return state === 'running' ? 'yes' : 'no'
      },
    },
  ]
}

function PassedOver({ app }: { readonly app: ApplicationView }) {
  return (
    <Table
      caption="Passed over"
      rows={app.passedOver}
      keyOf={({ operator, kind, why }) => `${operator} ${kind} ${why}`}
      columns={[
        { head: 'operator', of: ({ operator }) => <Text of={operator} /> },
        { head: 'what', of: ({ kind }) => <Attention of={kind === 'failed' ? app.failedLately : 0} text={kind} /> },
        { head: 'why', of: ({ why }) => <Text of={why} /> },
        { head: 'records', isFigure: true, of: (one) => count(one.count) },
      ]}
    />
  )
}

/** The address of an application without a version means its live one. */
export function liveVersionOf(live: Live, id: string): VersionView | undefined {
  const versions = partsOf<VersionView>(live, 'application').filter(({ applicationId }) => applicationId === id)
  return versions.find(({ isLive }) => isLive) ?? versions[0]
}
