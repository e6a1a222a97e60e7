/**
 * A topology as a picture: sub-topologies as boxes, what feeds what and how fast, and what each node keeps. Each node
 * is a link to its facts; arrow keys go from one to the next.
 */
import { useMemo } from 'preact/hooks'
import type { ApplicationView, TopologyDescription } from '../views.ts'
import { goTo, withQuery } from './address.tsx'
import { edgeName, edgeRates, type Loss, lossesOf, own } from './graph-figures.ts'
import { type Direction, nextNode } from './graph-keys.ts'
import { type DrawnEdge, nodeHeightPx, pictureOf, type Placed, type Room } from './graph-layout.ts'
import { Scroller } from './scroller.tsx'
import { briefCount, percent, rate, Text } from './text.tsx'

/** More reasons than this stand in the facts of the node only. */
const lossesMax = 3

interface GraphProps {
  readonly topology: TopologyDescription
  readonly app: ApplicationView
  readonly address: URL
}

export function Graph({ topology, app, address }: GraphProps) {
  const room = roomOf(topology, app)
  // Figures change all the time; where things stand only when there is something else to show.
  const picture = useMemo(() => pictureOf(topology, room), [topology, JSON.stringify(room)])
  const rates = edgeRates(topology, app)
  const chosen = address.searchParams.get('node')
  const move = (event: KeyboardEvent): void => {
    const from = event.target instanceof Element ? event.target.getAttribute('data-node') : null
    const node = picture.nodes.find(({ id }) => id === from)
    if (node === undefined || !event.key.startsWith('Arrow')) return
    event.preventDefault() // not to scroll
    const next = nextNode(picture.nodes, node, event.key as Direction)
    if (next === undefined || !(event.currentTarget instanceof Element)) return
    event.currentTarget.querySelector<SVGElement>(`[data-node="${CSS.escape(next.id)}"]`)?.focus()
  }
  return (
    <Scroller label="Topology graph" class="graph" onKeyDown={move}>
      <svg width={picture.width} height={picture.height} viewBox={`0 0 ${picture.width} ${picture.height}`}>
        <defs>
          <marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
            <path d="M0 0 L8 4 L0 8 z" />
          </marker>
        </defs>
        {picture.boxes.map(({ title, x, y, w, h }) => (
          <g key={title} class="box">
            <rect x={x} y={y} width={w} height={h} rx="6" />
            <text x={x + 8} y={y + 14}>
              {title}
            </text>
          </g>
        ))}
        {picture.edges.map((edge) => (
          <Edge key={edgeName(edge.from, edge.to)} of={edge} rate={rates.get(edgeName(edge.from, edge.to))} />
        ))}
        {picture.nodes.map((node) => (
          <Node key={`${node.kind} ${node.id}`} of={node} app={app} address={address} isChosen={chosen === node.id} />
        ))}
      </svg>
    </Scroller>
  )
}

function Edge({
  of: { path, isStore, x, y },
  rate: known,
}: {
  readonly of: DrawnEdge
  readonly rate: number | undefined
}) {
  return (
    <>
      <path class={isStore ? 'edge store' : 'edge'} d={path} marker-end={isStore ? undefined : 'url(#tip)'} />
      {!isStore && known !== undefined && (
        <text class="rate" x={x} y={y + 4} text-anchor="middle">
          {rate(known)}
        </text>
      )}
    </>
  )
}

interface NodeProps {
  readonly of: Placed
  readonly app: ApplicationView
  readonly address: URL
  readonly isChosen: boolean
}

function Node({ of: { id, kind, title, subtitle, x, y, width, height }, app, address, isChosen }: NodeProps) {
  const to = withQuery(address, { node: isChosen ? undefined : id })
  const losses = lossesOf(app.passedOver, id)
  const busy = own(app.figures?.operators, id)?.busy ?? null
  const open = (event: MouseEvent): void => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return
    event.preventDefault()
    goTo(to, true)
  }
  return (
    <a
      href={to}
      onClick={open}
      data-node={id}
      class={`node ${kind} ${isChosen ? 'chosen' : ''} ${losses[0]?.tone ?? ''}`}
      aria-current={isChosen ? 'true' : undefined}
    >
      <rect class="shape" x={x} y={y} width={width} height={height} rx={kind === 'store' ? 14 : 4} />
      <text class="title" x={x + 10} y={y + 17}>
        <Text of={title} />
      </text>
      <text class="subtitle" x={x + 10} y={y + 33}>
        <Text of={busy === null ? subtitle : `${subtitle} · ${percent(busy)} busy`} />
      </text>
      {busy !== null && <rect class="busy" x={x} y={y + height - 3} width={width * Math.min(1, busy)} height="3" />}
      {losses.length > 0 && (
        <text class="losses" x={x + 10} y={y + nodeHeightPx + 6}>
          {losses.slice(0, lossesMax).map((loss, at) => (
            <tspan key={loss.name} class={loss.tone}>
              {at > 0 && ' · '}
              <Text of={lossText(loss)} />
            </tspan>
          ))}
          {losses.length > lossesMax && ' …'}
        </text>
      )}
    </a>
  )
}

/** `▲ late 12`: what is late, or failed, is marked; other reasons to drop a record are part of the plan. */
function lossText({ tone, name, count }: Loss): string {
  const mark = tone === 'failed' ? '■ ' : tone === 'late' ? '▲ ' : ''
  return `${mark}${name} ${briefCount(count)}`
}

function roomOf({ subTopologies }: TopologyDescription, { passedOver, figures }: ApplicationView): Room {
  const ids = subTopologies.flatMap(({ nodes }) => nodes).map(({ id }) => id)
  const passedChars = ids.flatMap((id): [string, number][] => {
    const losses = lossesOf(passedOver, id).slice(0, lossesMax)
    // As if each count were of the most digits, so that a picture stays as it is while they rise.
    return losses.length === 0 ? [] : [[id, losses.reduce((chars, { name }) => chars + name.length + 11, 0)]]
  })
  const hasShares = Object.values(figures?.operators ?? {}).some(({ busy }) => busy !== null)
  return { passedChars: Object.fromEntries(passedChars), hasShares }
}
