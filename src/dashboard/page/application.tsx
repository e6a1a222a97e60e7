/**
 * An application: how it is doing, its topology, where it is in each partition, what it passed over and what it keeps.
 */
import type { ApplicationView, HistoryView, StoreView, TopologyDescription, VersionView } from '../views.ts'
import { Link, pathOf, withQuery } from './address.tsx'
import { Answered, useAnswer } from './answer.tsx'
import { Attention, StateBadge } from './badge.tsx'
import { Graph } from './graph.tsx'
import { type Live, partOf, partsOf } from './live.ts'
import { Notice } from './notice.tsx'
import { Spark } from './spark.tsx'
import { Table } from './table.tsx'
import { Ago, count, duration, lag, rate, size, Text, Time } from './text.tsx'

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
        {isKnown || live.state === 'connecting' ? (
          <Notice kind="loading">Reading…</Notice>
        ) : (
          <Notice kind="gone">
            This log has no such application, or no such version of it. It may have been deleted.
          </Notice>
        )}
      </>
    )
  }
  const node = address.searchParams.get('node')
  return (
    <>
      <h1>
        <Text of={id} /> <small>{version}</small> <StateBadge of={app} />
      </h1>
      <Facts app={app} history={partOf<HistoryView>(live, `history/application/${id}/${version}`)} />
      <section aria-labelledby="topology">
        <h2 id="topology">Topology</h2>
        {topology.subTopologies.length === 0 ? (
          <Notice kind="empty">Its topology was not stored when it was last started. Start it again to see it.</Notice>
        ) : (
          <Graph topology={topology} app={app} address={address} />
        )}
        {node !== null && <NodeFacts app={app} topology={topology} id={node} address={address} />}
      </section>
      <section aria-labelledby="positions">
        <h2 id="positions">Positions</h2>
        {app.positions.length === 0 ? (
          <Notice kind="empty">It has committed no position yet.</Notice>
        ) : (
          <Positions app={app} />
        )}
      </section>
      <section aria-labelledby="passed">
        <h2 id="passed">Passed over</h2>
        {app.passedOver.length === 0 ? (
          <Notice kind="empty">Nothing was dropped, and nothing failed.</Notice>
        ) : (
          <PassedOver app={app} />
        )}
      </section>
      <Stores app={app} />
    </>
  )
}

interface FactsProps {
  readonly app: ApplicationView
  readonly history: HistoryView | undefined
}

function Facts({ app, history }: FactsProps) {
  const { instance, state, fenced } = app
  const others = app.versions.filter(({ version }) => version !== app.version)
  return (
    <dl class="facts">
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
      <Fact name="records">
        {rate(app.rate)} <Spark of={history?.rates} what="records a second" />
      </Fact>
      <Fact name="in all">{count(app.consumed)}</Fact>
      <Fact name="lag">
        {lag(app.lag, app.lagMs)} <Spark of={history?.lags} what="records of lag" />
      </Fact>
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
    </dl>
  )
}

function Fact({ name, children }: { readonly name: string; readonly children: preact.ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

interface NodeFactsProps {
  readonly app: ApplicationView
  readonly topology: TopologyDescription
  readonly id: string
  readonly address: URL
}

/** What is known of the node that was chosen in the picture. */
function NodeFacts({ app, topology, id, address }: NodeFactsProps) {
  const store = id.startsWith('store:') ? id.slice('store:'.length) : undefined
  const node = topology.subTopologies.flatMap(({ nodes }) => nodes).find((one) => one.id === id)
  if (store === undefined && node === undefined) {
    return <Notice kind="gone">The topology has no such node. A newer start may have changed it.</Notice>
  }
  const passed = app.passedOver.filter(({ operator }) => operator === id)
  const topics = node?.kind === 'source' || node?.kind === 'sink' ? node.topics : []
  const stores = store === undefined ? (node?.kind === 'operator' ? node.stores : []) : [store]
  return (
    <div class="panel" aria-live="polite">
      <h3>
        <Text of={store ?? id} /> <small>{store === undefined ? node?.verb : 'store'}</small>{' '}
        <Link to={withQuery(address, { node: undefined })}>close</Link>
      </h3>
      <ul>
        {topics.map((topic) => (
          <li key={topic}>
            topic{' '}
            <Link to={pathOf('topics', topic)}>
              <Text of={topic} />
            </Link>
          </li>
        ))}
        {stores.map((name) => (
          <li key={name}>
            store{' '}
            <Link to={pathOf('stores', app.applicationId, name)}>
              <Text of={name} />
            </Link>
          </li>
        ))}
        {passed.map(({ kind, why, count: times }) => (
          <li key={`${kind} ${why}`}>
            {kind}, <Text of={why} />: {count(times)}
          </li>
        ))}
        {node !== undefined && passed.length === 0 && <li>nothing was passed over here</li>}
        {node?.breaksDeterminism === true && (
          <li>from here on, two runs may differ in what they write, or in its order</li>
        )}
      </ul>
    </div>
  )
}

function Positions({ app }: { readonly app: ApplicationView }) {
  return (
    <Table
      caption="Positions"
      rows={app.positions}
      keyOf={({ topic, partition }) => `${topic}/${partition}`}
      columns={[
        {
          head: 'topic',
          of: ({ topic }) => (
            <Link to={pathOf('topics', topic)}>
              <Text of={topic} />
            </Link>
          ),
        },
        { head: 'partition', isFigure: true, of: ({ partition }) => partition },
        { head: 'position', isFigure: true, of: ({ position }) => count(position) },
        { head: 'end', isFigure: true, isExtra: true, of: ({ end }) => count(end) },
        { head: 'lag', isFigure: true, of: (one) => lag(one.lag, one.lagMs) },
        { head: 'stream time', isExtra: true, of: ({ streamTimeMs }) => <Time ms={streamTimeMs} /> },
        {
          head: 'moves',
          of: ({ standsForMs, lag: left }) =>
            standsForMs >= 30_000 ? (
              <Attention of={1} text={`stuck for ${duration(standsForMs)}`} />
            ) : left === 0 ? (
              'at the end'
            ) : (
              'yes'
            ),
        },
      ]}
    />
  )
}

function PassedOver({ app }: { readonly app: ApplicationView }) {
  return (
    <Table
      caption="Passed over"
      rows={app.passedOver}
      keyOf={({ operator, kind, why }) => `${operator} ${kind} ${why}`}
      columns={[
        { head: 'operator', of: ({ operator }) => <Text of={operator} /> },
        { head: 'what', of: ({ kind }) => (kind === 'failed' ? <Attention of={1} text="failed" /> : kind) },
        { head: 'why', of: ({ why }) => <Text of={why} /> },
        { head: 'records', isFigure: true, of: (one) => count(one.count) },
      ]}
    />
  )
}

function Stores({ app }: { readonly app: ApplicationView }) {
  const { applicationId, version, lastCommitMs } = app
  // Counted again when something was committed, but not more often than every ten seconds.
  const again = Math.floor((lastCommitMs ?? 0) / 10_000)
  const answer = useAnswer<readonly StoreView[]>(`/api${pathOf('applications', applicationId, version)}/stores`, again)
  return (
    <section aria-labelledby="stores">
      <h2 id="stores">Stores</h2>
      <Answered answer={answer}>
        {(stores) =>
          stores.length === 0 ? (
            <Notice kind="empty">It keeps nothing between records.</Notice>
          ) : (
            <Table
              caption="Stores"
              rows={stores}
              keyOf={({ name }) => name}
              columns={[
                {
                  head: 'store',
                  of: ({ name, isReadable }) =>
                    isReadable ? (
                      <Link to={pathOf('stores', applicationId, name)}>
                        <Text of={name} />
                      </Link>
                    ) : (
                      <Text of={name} />
                    ),
                },
                { head: 'kind', of: ({ kind }) => kind },
                { head: 'rows', isFigure: true, of: ({ rows }) => count(rows) },
                { head: 'size', isFigure: true, of: ({ bytes }) => `about ${size(bytes)}` },
                { head: 'keys', isExtra: true, of: ({ key }) => <Text of={key} /> },
                { head: 'values', isExtra: true, of: ({ value }) => <Text of={value} /> },
                { head: 'operator', isExtra: true, of: ({ owner }) => <Text of={owner} /> },
              ]}
            />
          )
        }
      </Answered>
    </section>
  )
}

/** The address of an application without a version means its live one. */
export function liveVersionOf(live: Live, id: string): VersionView | undefined {
  const versions = partsOf<VersionView>(live, 'application').filter(({ applicationId }) => applicationId === id)
  return versions.find(({ isLive }) => isLive) ?? versions[0]
}
