// A topology as text: what people read, and what a test may compare.
import { int64, keyValueStore, seconds, string, TimeWindows, topic, windowed } from 'millrace'
import { describe, expect, test } from 'vitest'
import { input, output, topologyOf } from '../support/topology.ts'
import { atWork, verbsAtWork } from '../support/verbs-at-work.ts'

test('describe shows sub-topologies, operators, stores, and what feeds what', () => {
  const totals = keyValueStore('totals', { key: string(), value: int64() })
  const perSecond = topic('per-second', { key: windowed(string(), { size: seconds(1) }), value: int64() })
  const topology = topologyOf((builder) => {
    const stream = builder.stream(input).filter(({ value }) => value !== '')
    stream.to(output)
    const words = stream.groupBy(({ value }) => value, { key: string() })
    words.count({ store: totals })
    words
      .windowedBy(TimeWindows.of({ size: seconds(1) }))
      .count({ name: 'windows' })
      .toStream()
      .to(perSecond)
  })
  expect(topology.describe()).toBe(
    `Topologies:
  Sub-topology 0
    Source input (topics: input) --> filter-1
    Operator filter-1 --> to-1, selectKey-1
    Sink to-1 (topic: output)
    Operator selectKey-1 --> input.groupBy
    Regroup input.groupBy (by string)
  Sub-topology 1
    Regrouped input.groupBy --> input.groupBy.count, windows
    Operator input.groupBy.count (store: totals)
    Operator windows (store: windows) --> to-2
    Sink to-2 (topic: per-second)
`,
  )
})

test('describe shows merges, and every topic of a source', () => {
  const other = topic('other', { key: string(), value: string() })
  const third = topic('third', { key: string(), value: string() })
  const topology = topologyOf((builder) =>
    builder.stream([input, other]).merge(builder.stream(third), { name: 'all' }).to(output),
  )
  expect(topology.describe()).toBe(
    `Topologies:
  Sub-topology 0
    Source input_other (topics: input, other) --> all
    Source third (topics: third) --> all
    Operator all --> to-1
    Sink to-1 (topic: output)
`,
  )
})

test('two scripts that say the same are described the same', () => {
  const script = (): string =>
    topologyOf((builder) => builder.stream(input).repartition({ partitions: 3 }).to(output)).describe()
  expect(script()).toBe(script())
})

describe.each(Object.keys(verbsAtWork))('of %s', (name) => {
  const topology = atWork(name)

  test('every node, store, regrouping, port and sub-topology is described, with what it feeds', () => {
    const { subTopologies } = topology.describe({ format: 'json' })
    const described = subTopologies.flatMap(({ nodes }) => nodes)
    const wordsOf = (id: string, kind: string, stores: readonly string[], to: readonly string[]): string =>
      `${kind} ${id} [${stores.toSorted().join()}] to ${to.toSorted().join()}`
    expect(
      described
        .map((node) => wordsOf(node.id, node.kind, node.kind === 'operator' ? node.stores : [], node.to))
        .toSorted(),
    ).toEqual(
      topology.nodes
        .map((node) => {
          const to = [...topology.childrenOf(node).map((edge) => edge.to), ...topology.portsOf(node)]
          return wordsOf(
            node.id,
            node.kind,
            node.stores.map((store) => store.name),
            to.map(({ id }) => id),
          )
        })
        .toSorted(),
    )
    expect(subTopologies).toHaveLength(topology.subTopologies.length)
  })

  test('the text and the picture name them all', () => {
    const names = [
      ...topology.nodes.map(({ id }) => id),
      ...topology.stores.map(({ spec }) => spec.name),
      ...topology.nodes.flatMap((node) => (node.kind === 'sink' ? node.topics.map((topic) => topic.name) : [])),
    ]
    const inPicture = (text: string): string =>
      text.replace(/#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)))
    const texts = [topology.describe(), inPicture(topology.describe({ format: 'mermaid' }))]
    for (const text of texts) expect(names.filter((one) => !text.includes(one))).toEqual([])
  })
})
