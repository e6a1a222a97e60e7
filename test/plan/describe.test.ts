// A topology as text: what people read, and what a test may compare.
import { int64, keyValueStore, seconds, string, TimeWindows, topic, windowed } from 'millrace'
import { expect, test } from 'vitest'
import { input, output, topologyOf } from '../support/topology.ts'

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
