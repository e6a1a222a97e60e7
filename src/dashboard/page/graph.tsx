/**
 * A topology as a picture: sub-topologies as boxes, what feeds what, and what it keeps. Each node is a link to its
 * facts.
 */
import { Graph as LayoutGraph, type GraphLabel, layout } from '@dagrejs/dagre'
import { useMemo } from 'preact/hooks'
import type { ApplicationView, NodeDescription, TopologyDescription } from '../views.ts'
import { goTo, withQuery } from './address.tsx'
import { briefCount, rate, Text } from './text.tsx'

const charPx = 6.9
const nodeHeightPx = 42
const boxTitlePx = 18

/** A node of the picture. */
interface Drawn {
  readonly id: string
  readonly kind: NodeDescription['kind'] | 'store'
  readonly title: string
  readonly subtitle: string
}

interface Placed extends Drawn {
  readonly x: number
  readonly y: number
  readonly width: number
}

interface Picture {
  readonly width: number
  readonly height: number
  readonly nodes: readonly Placed[]
  readonly edges: readonly { readonly key: string; readonly path: string; readonly isStore: boolean }[]
  readonly boxes: readonly {
    readonly title: string
    readonly x: number
    readonly y: number
    readonly w: number
    readonly h: number
  }[]
}

interface GraphProps {
  readonly topology: TopologyDescription
  readonly app: ApplicationView
  readonly address: URL
}

export function Graph({ topology, app, address }: GraphProps) {
  const picture = useMemo(() => pictureOf(topology), [topology])
  const chosen = address.searchParams.get('node')
  return (
    <div class="scrolls graph" role="region" aria-label="Topology graph" tabIndex={0}>
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
        {picture.edges.map(({ key, path, isStore }) => (
          <path
            key={key}
            class={isStore ? 'edge store' : 'edge'}
            d={path}
            marker-end={isStore ? undefined : 'url(#tip)'}
          />
        ))}
        {picture.nodes.map((node) => (
          <Node key={`${node.kind} ${node.id}`} of={node} app={app} address={address} isChosen={chosen === node.id} />
        ))}
      </svg>
    </div>
  )
}

interface NodeProps {
  readonly of: Placed
  readonly app: ApplicationView
  readonly address: URL
  readonly isChosen: boolean
}

function Node({ of: { id, kind, title, subtitle, x, y, width }, app, address, isChosen }: NodeProps) {
  const to = withQuery(address, { node: isChosen ? undefined : id })
  const passed = app.passedOver.filter(({ operator }) => operator === id)
  const failed = passed.some((one) => one.kind === 'failed')
  const sum = passed.reduce((total, one) => total + one.count, 0)
  const flow = flowOf(title, kind, app)
  const detail = flow === undefined ? subtitle : `${subtitle} · ${flow}`
  const open = (event: MouseEvent): void => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return
    event.preventDefault()
    goTo(to, true)
  }
  return (
    <a
      href={to}
      onClick={open}
      class={`node ${kind} ${isChosen ? 'chosen' : ''} ${failed ? 'failing' : ''}`}
      aria-current={isChosen ? 'true' : undefined}
    >
      <rect x={x} y={y} width={width} height={nodeHeightPx} rx={kind === 'store' ? 14 : 4} />
      <text class="title" x={x + 10} y={y + 17}>
        <Text of={title} />
      </text>
      <text class="subtitle" x={x + 10} y={y + 33}>
        <Text of={detail} />
      </text>
      {sum > 0 && (
        <text class="passed" x={x + width - 6} y={y + 17} text-anchor="end">
          ▲ {briefCount(sum)}
        </text>
      )}
    </a>
  )
}

function flowOf(topic: string, kind: Drawn['kind'], app: ApplicationView): string | undefined {
  const flows = kind === 'source' ? app.consumedByTopic : kind === 'sink' ? app.producedByTopic : undefined
  const flow = flows !== undefined && Object.hasOwn(flows, topic) ? flows[topic] : undefined
  return flow === undefined ? undefined : rate(flow.rate)
}

function drawnOf(node: NodeDescription): Drawn {
  const { id, kind, verb } = node
  switch (node.kind) {
    case 'source':
      return { id, kind, title: node.pattern ?? node.topics.join(', '), subtitle: verb }
    case 'sink':
      return { id, kind, title: node.byRecord ? `${node.topics.join(', ')} …` : node.topics.join(', '), subtitle: verb }
    case 'regroup':
      return { id, kind, title: id, subtitle: `repartition by ${node.key}` }
    case 'port':
      return { id, kind, title: id, subtitle: node.name }
    case 'operator':
      return { id, kind, title: id, subtitle: verb }
  }
}

/** Where everything stands: dagre lays it out, from the left to the right. */
function pictureOf({ subTopologies }: TopologyDescription): Picture {
  const graph = new LayoutGraph<GraphLabel>({ compound: true, multigraph: true })
  graph.setGraph({ rankdir: 'LR', nodesep: 16, ranksep: 30, marginx: 8, marginy: 8 + boxTitlePx })
  graph.setDefaultEdgeLabel(() => ({}))
  const drawn = new Map<string, Drawn>()
  const add = (key: string, node: Drawn, box: string): void => {
    const hasRate = node.kind === 'source' || node.kind === 'sink'
    const chars = Math.max(node.title.length + 5, node.subtitle.length + (hasRate ? 11 : 0))
    drawn.set(key, node)
    graph.setNode(key, { width: Math.min(300, Math.max(104, chars * charPx + 20)), height: nodeHeightPx })
    graph.setParent(key, box)
  }
  for (const { index, nodes } of subTopologies) {
    const box = `box ${index}`
    graph.setNode(box, {})
    for (const node of nodes) {
      add(`node ${node.id}`, drawnOf(node), box)
      for (const store of node.kind === 'operator' ? node.stores : []) {
        const key = `store ${store}`
        if (!drawn.has(key)) add(key, { id: `store:${store}`, kind: 'store', title: store, subtitle: 'store' }, box)
        graph.setEdge(`node ${node.id}`, key)
      }
    }
  }
  for (const { nodes } of subTopologies) {
    for (const { id, to } of nodes) for (const next of to) graph.setEdge(`node ${id}`, `node ${next}`)
  }
  layout(graph)
  const nodes = [...drawn].map(([key, node]): Placed => {
    const { x = 0, y = 0, width = 0 } = graph.node(key) as { x?: number; y?: number; width?: number }
    return { ...node, x: x - width / 2, y: y - nodeHeightPx / 2, width }
  })
  const edges = graph.edges().map(({ v, w }) => {
    const { points = [] } = graph.edge(v, w) as { points?: readonly { readonly x: number; readonly y: number }[] }
    return { key: `${v} ${w}`, path: pathThrough(points), isStore: w.startsWith('store ') }
  })
  const boxes = subTopologies.map(({ index }) => {
    const { x = 0, y = 0, width = 0, height = 0 } = graph.node(`box ${index}`) as Record<string, number | undefined>
    const [left, top] = [x - width / 2, y - height / 2 - boxTitlePx]
    return { title: `sub-topology ${index}`, x: left, y: top, w: width, h: height + boxTitlePx }
  })
  const { width = 0, height = 0 } = graph.graph()
  return { width: Math.ceil(width), height: Math.ceil(height), nodes, edges, boxes }
}

function pathThrough(points: readonly { readonly x: number; readonly y: number }[]): string {
  return points.map(({ x, y }, at) => `${at === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`).join(' ')
}
