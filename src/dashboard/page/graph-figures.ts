/**
 * What the picture of a topology says in figures: how many records go along each edge, and what each node passed over.
 */
import type { ApplicationView, FiguresView, Flow, NodeDescription, PassedOver, TopologyDescription } from '../views.ts'

type Flows = Pick<ApplicationView, 'figures' | 'consumedByTopic' | 'producedByTopic'>

/** Names an edge. */
export function edgeName(from: string, to: string): string {
  return `${from} → ${to}`
}

/**
 * Records a second on the edges where that is known: what goes into an operator with one edge, as its process counts;
 * without a process what was read from a topic, and what was written to one. Nothing is guessed for the rest.
 */
export function edgeRates({ subTopologies }: TopologyDescription, app: Flows): ReadonlyMap<string, number> {
  const nodes = subTopologies.flatMap((one) => one.nodes)
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const edges = nodes.flatMap((node) => node.to.map((to) => ({ node, to })))
  const edgesInto = countsOf(edges.map(({ to }) => to))
  const writers = countsOf(nodes.flatMap((node) => (node.kind === 'sink' ? node.topics : [])))
  const rates = new Map<string, number>()
  for (const { node, to } of edges) {
    const isOnly = edgesInto.get(to) === 1
    const target = byId.get(to)
    const rate =
      (isOnly ? own(app.figures?.operators, to)?.rate : undefined) ??
      (node.kind === 'source' ? sumOf(node.topics, app.consumedByTopic) : undefined) ??
      (isOnly && isOnlyWriter(target, writers) ? sumOf(target.topics, app.producedByTopic) : undefined)
    if (rate !== undefined) rates.set(edgeName(node.id, to), rate)
  }
  return rates
}

type Sink = Extract<NodeDescription, { kind: 'sink' }>

/** Whether what is in its topic came from it alone. */
function isOnlyWriter(node: NodeDescription | undefined, writers: ReadonlyMap<string, number>): node is Sink {
  return node?.kind === 'sink' && !node.byRecord && node.topics.every((topic) => writers.get(topic) === 1)
}

function countsOf(names: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return counts
}

function sumOf(topics: readonly string[], flows: Readonly<Record<string, Flow>>): number | undefined {
  let sum: number | undefined
  for (const topic of topics) {
    const rate = own(flows, topic)?.rate
    if (rate === null) return undefined
    if (rate !== undefined) sum = (sum ?? 0) + rate
  }
  return sum
}

/** Of an object whose names come from the log. */
export function own<T>(of: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return of !== undefined && Object.hasOwn(of, name) ? of[name] : undefined
}

/** What one reason took from the records of a node. */
export interface Loss {
  readonly tone: 'failed' | 'late' | 'dropped'
  /** `late`, `null_key`, `failed`. */
  readonly name: string
  readonly count: number
}

/** What a node passed over, the worst first: failures of all codes as one, late records by that name. */
export function lossesOf(passedOver: readonly PassedOver[], id: string): readonly Loss[] {
  const ofNode = passedOver.filter(({ operator }) => operator === id)
  const failed = ofNode.reduce((total, { kind, count }) => (kind === 'failed' ? total + count : total), 0)
  const dropped = ofNode
    .filter(({ kind }) => kind === 'dropped')
    .map(({ why, count }): Loss => ({ tone: why === 'late' ? 'late' : 'dropped', name: why, count }))
    .toSorted((a, b) => Number(b.tone === 'late') - Number(a.tone === 'late') || (a.name < b.name ? -1 : 1))
  return failed === 0 ? dropped : [{ tone: 'failed', name: 'failed', count: failed }, ...dropped]
}

const oldMs = 60_000

/** Whether figures of the last minute are out of date: their process has been idle since, or hangs. */
export function areOld({ atMs }: FiguresView, nowMs: number): boolean {
  return nowMs - atMs > oldMs
}

/** Without shares of the time that are out of date. */
export function currentFigures(figures: FiguresView | null, nowMs: number): FiguresView | null {
  if (figures === null || !areOld(figures, nowMs)) return figures
  const operators = Object.entries(figures.operators).map(([id, flow]) => [id, { ...flow, busy: null }] as const)
  return { ...figures, operators: Object.fromEntries(operators) }
}
