// describe() for tools: Mermaid's own parser reads the flowchart back, and finds what the JSON says.
import purify from 'dompurify'
import fc from 'fast-check'
import {
  type DescriptionFormat,
  int64,
  keyValueStore,
  type Serde,
  string,
  topic,
  type Topology,
  type TopologyDescription,
} from 'millrace'
import { expect, test } from 'vitest'
import { buildRandom, numberTopic, randomTopologies } from '../support/random-topology.ts'
import { input, output, topologyOf } from '../support/topology.ts'

// Mermaid cleans labels with DOMPurify, which does nothing without a browser but has to be there; the parser needs no browser.
Object.assign(purify, { addHook: () => undefined, sanitize: (text: string) => text })
const { default: mermaid } = await import('mermaid')

/** What the parser of Mermaid's flowcharts hands on, as far as it is compared. */
interface Flowchart {
  getVertices(): ReadonlyMap<string, { readonly text: string; readonly type: string }>
  getEdges(): readonly { readonly start: string; readonly end: string; readonly text: string }[]
  getSubGraphs(): readonly { readonly title: string; readonly nodes: readonly string[] }[]
}

/** Mermaid keeps `#46;` in a form of its own until it draws. */
const drawn = (label: string): string => label.replace(/ﬂ°°(\d+)¶ß/g, (_, code) => String.fromCodePoint(Number(code)))

/** The picture in words: what Mermaid read, with labels in place of its ids. */
async function pictureOf(topology: Topology): Promise<unknown> {
  const text = topology.describe({ format: 'mermaid' })
  await mermaid.parse(text)
  const { db } = await mermaid.mermaidAPI.getDiagramFromText(text)
  const chart = db as unknown as Flowchart
  const vertices = chart.getVertices()
  const name = (id: string): string => {
    const { type, text } = vertices.get(id) as { readonly type: string; readonly text: string }
    return `${type} ${drawn(text)}`
  }
  return {
    vertices: [...vertices.keys()].map(name).toSorted(),
    edges: chart
      .getEdges()
      .map(({ start, end, text }) => [name(start), drawn(text), name(end)].join('|'))
      .toSorted(),
    subgraphs: chart
      .getSubGraphs()
      .map(({ title, nodes }) => `${title}: ${nodes.map(name).toSorted().join(', ')}`)
      .toSorted(),
  }
}

/** The same words from the JSON. */
function wordsOf({ subTopologies }: TopologyDescription): unknown {
  const nodes = subTopologies.flatMap((sub) => sub.nodes)
  const shape = (node: (typeof nodes)[number]): string => `${node.kind === 'regroup' ? 'hexagon' : 'square'} ${node.id}`
  const byId = new Map(nodes.map((node) => [node.id, shape(node)]))
  const topics = nodes.flatMap((node) => (node.kind === 'source' || node.kind === 'sink' ? node.topics : []))
  const store = (node: (typeof nodes)[number]): string[] =>
    node.kind === 'operator' ? node.stores.map((name) => `cylinder ${name}`) : []
  const broken = (node: (typeof nodes)[number]): string[] =>
    node.breaksDeterminism === true ? ['square not deterministic from here'] : []
  return {
    vertices: [
      ...nodes.map(shape),
      // A store that several nodes use is drawn once.
      ...new Set(nodes.flatMap(store)),
      ...new Set(topics.map((name) => `stadium ${name}`)),
      ...new Set(nodes.flatMap(broken)),
    ].toSorted(),
    edges: nodes
      .flatMap((node) => [
        ...node.to.map((id) => [shape(node), node.kind === 'regroup' ? `by ${node.key}` : '', byId.get(id)]),
        ...(node.kind === 'source' ? node.topics.map((name) => [`stadium ${name}`, '', shape(node)]) : []),
        ...(node.kind === 'sink' ? node.topics.map((name) => [shape(node), '', `stadium ${name}`]) : []),
        ...store(node).map((name) => [shape(node), '', name]),
        ...broken(node).map((note) => [shape(node), '', note]),
      ])
      .map((edge) => edge.join('|'))
      .toSorted(),
    subgraphs: subTopologies
      .map(({ index, nodes: own }) => {
        // That of a global table is drawn beside the table, whoever reads it.
        const tables = nodes.filter(({ verb }) => verb === 'globalTable')
        const isElsewhere = (name: string): boolean =>
          tables.some((table) => store(table).includes(name) && !own.includes(table))
        const members = [...own.map(shape), ...new Set(own.flatMap(store).filter((name) => !isElsewhere(name)))]
        return `Sub-topology ${index}: ${members.toSorted().join(', ')}`
      })
      .toSorted(),
  }
}

test('the JSON of a topology with a regrouping, a store and a sink', () => {
  const totals = keyValueStore('totals', { key: string(), value: int64() })
  const topology = topologyOf((builder) => {
    const stream = builder.stream(input)
    stream.to(output)
    stream.groupBy(({ value }) => value, { key: string() }).count({ store: totals })
  })
  expect(topology.describe({ format: 'json' })).toEqual({
    subTopologies: [
      {
        index: 0,
        regrouped: [],
        nodes: [
          { kind: 'source', id: 'input', verb: 'stream', topics: ['input'], to: ['to-1', 'selectKey-1'] },
          { kind: 'sink', id: 'to-1', verb: 'to', topics: ['output'], byRecord: false, to: [] },
          { kind: 'operator', id: 'selectKey-1', verb: 'selectKey', stores: [], to: ['input.groupBy'] },
          { kind: 'regroup', id: 'input.groupBy', verb: 'groupBy', key: 'string', to: ['input.groupBy.count'] },
        ],
      },
      {
        index: 1,
        regrouped: [{ id: 'input.groupBy', to: ['input.groupBy.count'] }],
        nodes: [{ kind: 'operator', id: 'input.groupBy.count', verb: 'count', stores: ['totals'], to: [] }],
      },
    ],
  })
})

test('Mermaid reads any topology as the JSON describes it', async () => {
  await fc.assert(
    fc.asyncProperty(randomTopologies, async (random) => {
      const inputs = random.topics.map(({ partitions }, index) => numberTopic(`in-${index}`, partitions))
      const outputs = random.outputs.map((partitions, index) => numberTopic(`out-${index}`, partitions))
      const topology = buildRandom(random, inputs, outputs)
      const description = topology.describe({ format: 'json' })
      expect(await pictureOf(topology)).toEqual(wordsOf(description))
      expect(JSON.parse(JSON.stringify(description))).toEqual(description)
    }),
    { numRuns: 50 },
  )
})

test.each(['end', 'graph', 'subgraph', 'click', '-', '--', '...', 'a.b-c_d', 'o--x', 'style', '1.', 'default', '_'])(
  'the name %s means nothing to Mermaid',
  async (name) => {
    const named = topic(name, { key: string(), value: string() })
    const topology = topologyOf((builder) =>
      builder
        .stream(named, { name })
        .groupByKey()
        .count({ name: `${name}1` })
        .toStream()
        .mapValues(String)
        .to(output, { name: `${name}2` }),
    )
    expect(await pictureOf(topology)).toEqual(wordsOf(topology.describe({ format: 'json' })))
  },
)

test('the name of a serde is free text, and stays a label', async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.string(), fc.string({ unit: 'grapheme' })), async (text) => {
      const serde: Serde<string> = {
        ...string(),
        encode: (value) => Buffer.from(value),
        decode: String,
        name: `"]${text}\n`,
      }
      const topology = topologyOf((builder) =>
        builder
          .stream(input)
          .groupBy(({ value }) => value, { key: serde })
          .count(),
      )
      expect(await pictureOf(topology)).toEqual(wordsOf(topology.describe({ format: 'json' })))
    }),
    { numRuns: 50 },
  )
})

test('an unknown format is refused with those that there are', () => {
  const topology = topologyOf((builder) => builder.stream(input).to(output))
  for (const format of ['dot', 'toString', ''] as unknown as DescriptionFormat[]) {
    expect(() => topology.describe({ format })).toThrow(
      expect.objectContaining({
        code: 'bad_option',
        message: `format is ${JSON.stringify(format)}; expected "text", "mermaid" or "json"`,
      }),
    )
  }
})
