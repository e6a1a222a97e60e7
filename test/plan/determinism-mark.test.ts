// A description marks the first node after which two runs may differ: there answers of calls meet other records, or overtake.
import { expect, test } from 'vitest'
import { input, output, type Script, topologyOf } from '../support/topology.ts'

const marked = (script: Script): readonly string[] =>
  topologyOf(script)
    .describe({ format: 'json' })
    .subTopologies.flatMap(({ nodes }) => nodes)
    .filter(({ breaksDeterminism }) => breaksDeterminism === true)
    .map(({ id }) => id)

const same = async ({ value }: { readonly value: string }): Promise<string> => value

test.each(['key', 'none'] as const)('calls in the order "%s" are marked themselves', (order) => {
  expect(marked((builder) => builder.stream(input).mapAsync(same, { order, name: 'asked' }).to(output))).toEqual([
    'asked',
  ])
})

test('calls that keep the order are marked where what comes of them meets other records, and only there', () => {
  expect(marked((builder) => builder.stream(input).mapAsync(same).to(output))).toEqual([])
  const merged: Script = (builder) => {
    const stream = builder.stream(input)
    const all = stream.mapAsync(same).merge(stream, { name: 'all' })
    all.merge(stream, { name: 'more' }).to(output)
  }
  expect(marked(merged)).toEqual(['all'])
})

test('a lookup in a table is marked, whichever side waits for calls', () => {
  const afterCalls: Script = (builder) => {
    const stream = builder.stream(input)
    const table = stream.toTable()
    stream
      .mapAsync(same)
      .join(table, (left) => left, { name: 'found' })
      .to(output)
  }
  expect(marked(afterCalls)).toEqual(['found'])
})

test('without calls nothing is marked, and a mark shows in text and picture', () => {
  expect(marked((builder) => builder.stream(input).merge(builder.stream(input)).to(output))).toEqual([])
  const topology = topologyOf((builder) => builder.stream(input).mapAsync(same, { order: 'none' }).to(output))
  expect(topology.describe()).toContain('--> to-1 (not deterministic from here)')
  expect(topology.describe({ format: 'mermaid' })).toContain('node1 -.- broken["not deterministic from here"]')
})
