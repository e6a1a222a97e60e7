// A topology is cut where records change their partition, and nowhere else.
import { string, topic, type Topology } from 'millrace'
import { expect, test } from 'vitest'
import { input, output, type Script, topologyOf } from '../support/topology.ts'

const other = topic('other', { key: string(), value: string() })
const third = topic('third', { key: string(), value: string() })

/** By sub-topology: the ids of its nodes, and the ids of what feeds it. */
function cutOf(script: Script): { readonly nodes: string; readonly inputs: string }[] {
  return topologyOf(script).subTopologies.map(({ nodes, inputs }) => ({
    nodes: nodes.map(({ id }) => id).join(' '),
    inputs: inputs.map(({ id }) => id).join(' '),
  }))
}

test('without a regrouping each source stands for itself', () => {
  expect(
    cutOf((builder) => {
      builder
        .stream(input)
        .filter(() => true)
        .to(output)
      builder.stream(other).foreach(() => undefined)
    }),
  ).toEqual([
    { nodes: 'input filter-1 to-1', inputs: 'input' },
    { nodes: 'other foreach-1', inputs: 'other' },
  ])
})

test('a regrouping ends one and begins the next', () => {
  expect(
    cutOf((builder) =>
      builder
        .stream(input)
        .repartition()
        .peek(() => undefined)
        .repartition()
        .to(output),
    ),
  ).toEqual([
    { nodes: 'input input.repartition', inputs: 'input' },
    { nodes: 'peek-1 input.repartition.repartition', inputs: 'input.repartition' },
    { nodes: 'to-1', inputs: 'input.repartition.repartition' },
  ])
})

test('a merge joins what it merges', () => {
  expect(
    cutOf((builder) => {
      const merged = builder.stream(input).merge(builder.stream(other))
      merged.merge(builder.stream(third)).to(output)
    }),
  ).toEqual([{ nodes: 'input other merge-1 third merge-2 to-1', inputs: 'input other third' }])
})

test('a stream that is merged with a regrouping of itself feeds its own sub-topology', () => {
  const script: Script = (builder) => {
    const stream = builder.stream(input)
    stream.merge(stream.selectKey(({ value }) => value).repartition({ key: string() })).to(output)
  }
  expect(cutOf(script)).toEqual([
    { nodes: 'input selectKey-1 input.repartition merge-1 to-1', inputs: 'input input.repartition' },
  ])
})

test('two regroupings that are merged feed one sub-topology', () => {
  expect(
    cutOf((builder) => {
      const left = builder.stream(input).repartition()
      left.merge(builder.stream(other).repartition()).groupByKey().count()
    }),
  ).toEqual([
    { nodes: 'input input.repartition', inputs: 'input' },
    { nodes: 'other other.repartition', inputs: 'other' },
    { nodes: 'merge-1 input.repartition_other.repartition.count', inputs: 'input.repartition other.repartition' },
  ])
})

test('a regrouping that nothing follows ends its sub-topology', () => {
  expect(cutOf((builder) => builder.stream(input).repartition())).toEqual([
    { nodes: 'input input.repartition', inputs: 'input' },
  ])
})

test('the plan is frozen, and what is built later is another plan', () => {
  let first: Topology | undefined
  const topology = topologyOf((builder) => {
    const stream = builder.stream(input)
    stream.to(output)
    first = builder.build()
    stream.peek(() => undefined)
  })
  expect(first?.nodes).toHaveLength(2)
  expect(topology.nodes).toHaveLength(3)
  const { nodes, subTopologies } = topology
  const parts: object[] = [
    topology,
    nodes,
    subTopologies,
    ...nodes,
    ...subTopologies,
    ...nodes.map(({ parents }) => parents),
  ]
  expect(parts.filter((part) => !Object.isFrozen(part))).toEqual([])
})
