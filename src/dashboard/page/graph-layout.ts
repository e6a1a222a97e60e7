/**
 * Where everything stands in the picture of a topology: dagre lays it out, from the left to the right.
 */
import { Graph as LayoutGraph, type GraphLabel, layout } from '@dagrejs/dagre'
import type { NodeDescription, TopologyDescription } from '../views.ts'

const charPx = 6.9
export const nodeHeightPx = 42
/** What a further line of a node takes. */
const linePx = 15
const boxTitlePx = 18
/** Room for `999.9K/s` on an edge. */
const edgeLabel = { width: 52, height: 14, labelpos: 'c' } as const

/** A node of the picture. */
export interface Drawn {
  readonly id: string
  readonly kind: NodeDescription['kind'] | 'store'
  readonly title: string
  readonly subtitle: string
}

export interface Placed extends Drawn {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export interface DrawnEdge {
  /** The ids of the nodes; of one to a store there are none. */
  readonly from: string
  readonly to: string
  readonly path: string
  readonly isStore: boolean
  /** Where its label stands. */
  readonly x: number
  readonly y: number
}

interface Box {
  readonly title: string
  readonly x: number
  readonly y: number
  readonly w: number
  readonly h: number
}

export interface Picture {
  readonly width: number
  readonly height: number
  readonly nodes: readonly Placed[]
  readonly edges: readonly DrawnEdge[]
  readonly boxes: readonly Box[]
}

/** What needs room besides the shape. */
export interface Room {
  /** How many characters the line of what a node passed over has, by its id. */
  readonly passedChars: Readonly<Record<string, number>>
  /** Whether each operator shows a share of the time. */
  readonly hasShares: boolean
}

export function pictureOf({ subTopologies }: TopologyDescription, { passedChars, hasShares }: Room): Picture {
  const graph = new LayoutGraph<GraphLabel>({ compound: true, multigraph: true })
  graph.setGraph({ rankdir: 'LR', nodesep: 16, ranksep: 30, marginx: 8, marginy: 8 + boxTitlePx })
  graph.setDefaultEdgeLabel(() => ({}))
  const drawn = new Map<string, Drawn>()
  const add = (key: string, node: Drawn, box: string): void => {
    const passed = passedChars[node.id] ?? 0
    const hasShare = hasShares && node.kind !== 'store'
    const chars = Math.max(node.title.length + 2, node.subtitle.length + (hasShare ? 11 : 0), passed)
    drawn.set(key, node)
    graph.setNode(key, {
      width: Math.min(300, Math.max(104, chars * charPx + 20)),
      height: nodeHeightPx + (passed > 0 ? linePx : 0),
    })
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
    for (const { id, to } of nodes) for (const next of to) graph.setEdge(`node ${id}`, `node ${next}`, { ...edgeLabel })
  }
  layout(graph)
  const nodes = [...drawn].map(([key, node]): Placed => {
    const { x = 0, y = 0, width = 0, height = 0 } = graph.node(key) as Partial<Placed>
    return { ...node, x: x - width / 2, y: y - height / 2, width, height }
  })
  const edges = graph.edges().map(({ v, w }): DrawnEdge => {
    const edge = graph.edge(v, w) as { points?: readonly Point[] } & Partial<Point>
    const { points = [], x = 0, y = 0 } = edge
    const [from, to] = [drawn.get(v)?.id ?? '', drawn.get(w)?.id ?? '']
    return { from, to, path: pathThrough(points), isStore: w.startsWith('store '), x, y }
  })
  const boxes = subTopologies.map(({ index }): Box => {
    const { x = 0, y = 0, width = 0, height = 0 } = graph.node(`box ${index}`) as Partial<Placed>
    const [left, top] = [x - width / 2, y - height / 2 - boxTitlePx]
    return { title: `sub-topology ${index}`, x: left, y: top, w: width, h: height + boxTitlePx }
  })
  const { width = 0, height = 0 } = graph.graph()
  return { width: Math.ceil(width), height: Math.ceil(height - boxTitlePx), nodes, edges, boxes }
}

interface Point {
  readonly x: number
  readonly y: number
}

function pathThrough(points: readonly Point[]): string {
  return points.map(({ x, y }, at) => `${at === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`).join(' ')
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
