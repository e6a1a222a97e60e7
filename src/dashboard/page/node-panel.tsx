/**
 * What is known of the node that was chosen in the picture: its facts, its figures, and the first rows of its stores.
 */
import type { ApplicationView, FactsView, NodeDescription, RowsView, StoreView, TopologyDescription } from '../views.ts'
import { Link, pathOf, TextLink, withQuery } from './address.tsx'
import { Answered, useAnswer } from './answer.tsx'
import type { Answer } from './asking.ts'
import { Fact, Facts } from './facts.tsx'
import { lossesOf, own } from './graph-figures.ts'
import { Notice } from './notice.tsx'
import { RowsTable } from './rows.tsx'
import { count, duration, percent, rate, size, Text } from './text.tsx'

const rowsShown = 5

interface NodePanelProps {
  readonly app: ApplicationView
  readonly topology: TopologyDescription
  readonly facts: FactsView | undefined
  readonly stores: Answer<readonly StoreView[]>
  readonly id: string
  readonly address: URL
}

export function NodePanel({ app, topology, facts, stores, id, address }: NodePanelProps) {
  const store = id.startsWith('store:') ? id.slice('store:'.length) : undefined
  const node = topology.subTopologies.flatMap(({ nodes }) => nodes).find((one) => one.id === id)
  if (store === undefined && node === undefined) {
    return <Notice kind="gone">The topology has no such node. A newer start may have changed it.</Notice>
  }
  const names = store === undefined ? (node?.kind === 'operator' ? node.stores : []) : [store]
  const known = stores.state === 'ready' ? stores.value : []
  return (
    <section class="panel" aria-label={`Node ${store ?? id}`}>
      <h3>
        <Text of={store ?? id} /> <small>{store === undefined ? node?.verb : 'store'}</small>{' '}
        <Link to={withQuery(address, { node: undefined })}>close</Link>
      </h3>
      <Facts>
        <Figures app={app} id={id} />
        {Object.entries(own(facts, id) ?? {})
          .filter(([name]) => name !== 'verb') // it stands in the heading
          .map(([name, fact]) => (
            <Fact key={name} name={name}>
              <Text of={String(fact)} />
            </Fact>
          ))}
      </Facts>
      {node !== undefined && <Paths app={app} node={node} />}
      {names.map((name) => (
        <FirstRows key={name} app={app} name={name} store={known.find((one) => one.name === name)} />
      ))}
    </section>
  )
}

/** What its process counts, and what it passed over; nothing where nothing is known. */
function Figures({ app, id }: { readonly app: ApplicationView; readonly id: string }) {
  const flow = own(app.figures?.operators, id)
  const calls = own(app.figures?.calls, id)
  return (
    <>
      {flow !== undefined && <Fact name="records in">{rate(flow.rate)}</Fact>}
      {flow !== undefined && <Fact name="since the start">{count(flow.count)}</Fact>}
      {flow !== undefined && flow.busy !== null && <Fact name="share of the time">{percent(flow.busy)}</Fact>}
      {calls !== undefined && (
        <Fact name="open calls">
          {count(calls.open)}
          {calls.open > 0 && `, the oldest for ${duration(calls.oldestMs)}`}
        </Fact>
      )}
      {lossesOf(app.passedOver, id).map(({ tone, name, count: times }) => (
        <Fact key={name} name={tone === 'dropped' ? `dropped, ${name}` : name}>
          {count(times)}
        </Fact>
      ))}
    </>
  )
}

function Paths({ app, node }: { readonly app: ApplicationView; readonly node: NodeDescription }) {
  const topics = node.kind === 'source' || node.kind === 'sink' ? node.topics : []
  const flows = node.kind === 'source' ? app.consumedByTopic : app.producedByTopic
  const failures = app.passedOver.filter(({ operator, kind }) => operator === node.id && kind === 'failed')
  return (
    <ul>
      {topics.map((topic) => (
        <li key={topic}>
          topic <TextLink to={pathOf('topics', topic)} of={topic} />
          {own(flows, topic) !== undefined && `: ${rate(own(flows, topic)?.rate ?? null)}`}
        </li>
      ))}
      {failures.map(({ why, count: times }) => (
        <li key={why}>
          failed, <Text of={why} />: {count(times)}
        </li>
      ))}
      {node.breaksDeterminism === true && (
        <li>from here on, two runs may differ in what they write, or in its order</li>
      )}
    </ul>
  )
}

interface FirstRowsProps {
  readonly app: ApplicationView
  readonly name: string
  /** Undefined until it is known. */
  readonly store: StoreView | undefined
}

function FirstRows({ app, name, store }: FirstRowsProps) {
  const path = pathOf('stores', app.applicationId, name)
  const isAskable = store?.isReadable === true && store.kind !== 'versioned'
  const newest = store?.kind === 'window' || store?.kind === 'session' ? '&newest=1' : ''
  const rows = useAnswer<RowsView>(isAskable ? `/api${path}?limit=${rowsShown}${newest}` : undefined, app.lastCommitMs)
  const cache = own(app.figures?.stores, name)
  return (
    <>
      <h4>
        {store?.isReadable === true ? <TextLink to={path} of={name} /> : <Text of={name} />}{' '}
        <small>
          {store === undefined ? 'store' : `${store.kind}, ${count(store.rows)} rows, about ${size(store.bytes)}`}
          {cache !== undefined && `, ${cacheText(cache.cacheHits, cache.cacheMisses, cache.cachedBytes)}`}
        </small>
      </h4>
      {isAskable ? (
        <Answered answer={rows}>
          {(found) => (
            <>
              <RowsTable of={found.rows} caption={`Rows of ${name}`} />
              {found.isCutShort && (
                <p class="pager">
                  <Link to={path}>all rows</Link>
                </p>
              )}
            </>
          )}
        </Answered>
      ) : (
        store !== undefined && <p class="about">{unreadableText(app, store)}</p>
      )}
    </>
  )
}

function unreadableText({ isLive }: ApplicationView, { kind, isReadable }: StoreView): string {
  if (isReadable) return 'It keeps versions of each key: open it, and search for a key.'
  if (!isLive) return 'Only the rows of the live version can be shown.'
  return `The operator keeps this ${kind} for itself: its rows are not shown.`
}

/** `92% cache hits, 3.2 MiB in memory`. */
export function cacheText(hits: number, misses: number, bytes: number): string {
  const share = hits + misses === 0 ? '' : `${percent(hits / (hits + misses))} cache hits, `
  return `${share}${size(bytes)} in memory`
}
