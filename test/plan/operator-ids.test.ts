// Stateful and regrouping operators keep their ids when stateless ones come and go: their data is found again by them.
import {
  int64,
  keyValueStore,
  type StreamsBuilder,
  string,
  TimeWindows,
  topic,
  type Topology,
  windowStore,
} from 'millrace'
import { describe, expect, test } from 'vitest'
import { errorOf } from '../support/thrown.ts'
import { input, output, topologyOf } from '../support/topology.ts'

const idsOf = (topology: Topology): string[] =>
  topology.nodes.filter((node) => node.kind === 'regroup' || node.stores.length > 0).map(({ id }) => id)

const storesOf = (topology: Topology): string[] => topology.stores.map(({ spec }) => spec.name)

describe('an id', () => {
  test('is made of the source and of what keeps or regroups data before it', () => {
    const topology = topologyOf((builder) => {
      const words = builder.stream(input).groupBy(({ value }) => value, { key: string() })
      words
        .count()
        .toStream()
        .selectKey(({ value }) => value)
        .groupByKey({ key: int64() })
        .count()
    })
    expect(idsOf(topology)).toEqual([
      'input.groupBy',
      'input.groupBy.count',
      'input.groupBy.count.groupByKey',
      'input.groupBy.count.groupByKey.count',
    ])
  })

  test('does not change when stateless operators are put in', () => {
    const before = topologyOf((builder) => {
      const stream = builder.stream(input)
      stream.groupBy(({ value }) => value, { key: string() }).count()
      stream
        .repartition()
        .groupByKey()
        .reduce((left) => left)
    })
    const after = topologyOf((builder) => {
      const stream = builder
        .stream(input)
        .peek(() => undefined)
        .filter(() => true)
        .filterNot(() => false, { name: 'not-these' })
      stream.to(output)
      stream
        .flatMapValues(({ value }) => [value])
        .groupBy(({ value }) => value, { key: string(), value: string() })
        .count()
        .toStream()
        .foreach(() => undefined)
      const same = stream.mapValues(({ value }) => value)
      same
        .merge(same)
        .repartition({ value: string() })
        .groupByKey()
        .reduce((left) => left)
    })
    expect(idsOf(after)).toEqual(idsOf(before))
    expect(storesOf(after)).toEqual(storesOf(before))
  })

  test('follows from every input of a merge', () => {
    const other = topic('other', { key: string(), value: string() })
    const topology = topologyOf((builder) => builder.stream(input).merge(builder.stream(other)).groupByKey().count())
    expect(idsOf(topology)).toEqual(['input_other.count'])
  })

  test('follows from all topics of one source', () => {
    const other = topic('other', { key: string(), value: string() })
    expect(idsOf(topologyOf((builder) => builder.stream([input, other]).groupByKey().count()))).toEqual([
      'input_other.count',
    ])
  })

  test('does not depend on the order in which topics are named', () => {
    const other = topic('other', { key: string(), value: string() })
    const of = (topics: readonly (typeof other)[]): string[] =>
      idsOf(topologyOf((builder) => builder.stream(topics).groupByKey().count()))
    expect(of([other, input])).toEqual(of([input, other]))
  })

  test('is the name where one is given, and the beginning of the ids behind it', () => {
    const topology = topologyOf((builder) =>
      builder
        .stream(input, { name: 'lines' })
        .groupBy(({ value }) => value, { key: string(), name: 'by-word' })
        .count({ name: 'per-word' })
        .toStream()
        .repartition(),
    )
    expect(idsOf(topology)).toEqual(['by-word', 'per-word', 'per-word.repartition'])
    expect(topology.nodes[0]?.id).toBe('lines')
    expect(storesOf(topology)).toEqual(['per-word'])
  })

  test('names the store unless the store has a name of its own', () => {
    const totals = keyValueStore('totals', { key: string(), value: int64() })
    expect(storesOf(topologyOf((builder) => builder.stream(input).groupByKey().count({ store: totals })))).toEqual([
      'totals',
    ])
  })
})

describe('two operators that would share an id', () => {
  test('are refused when the topology is built, with the words that help', () => {
    const error = errorOf(() =>
      topologyOf((builder) => {
        const grouped = builder.stream(input).groupByKey()
        grouped.count()
        grouped.count()
      }),
    )
    expect(error).toMatchObject({
      code: 'topology_invalid',
      operator: 'input.count',
      message: expect.stringMatching(/count and count would both be called "input\.count".*name: '…' \}$/),
    })
  })

  test('have none where stores name them: an aggregation whose id is taken is called by its store', () => {
    const script = (builder: StreamsBuilder): void => {
      const grouped = builder.stream(input).groupByKey()
      grouped.count({ store: keyValueStore('totals', { key: string(), value: int64() }) })
      grouped
        .windowedBy(TimeWindows.of({ size: 5 }))
        .count({ store: windowStore('minutes', { key: string(), value: int64() }) })
    }
    expect(idsOf(topologyOf(script))).toEqual(['input.count', 'minutes'])
  })

  test('are told of the store where both were given the same one', () => {
    const totals = keyValueStore('totals', { key: string(), value: int64() })
    const twice = (builder: StreamsBuilder): void => {
      const grouped = builder.stream(input).groupByKey()
      for (let i = 0; i < 3; i++) grouped.count({ store: totals })
    }
    expect(errorOf(() => topologyOf(twice))).toMatchObject({
      code: 'topology_invalid',
      message: expect.stringContaining('or a store of its own where both were given store "totals"'),
    })
  })

  test('are accepted once one of them has a name', () => {
    const topology = topologyOf((builder) => {
      const grouped = builder.stream(input).groupByKey()
      grouped.count()
      grouped.count({ name: 'again' })
    })
    expect(idsOf(topology)).toEqual(['input.count', 'again'])
  })

  test('are refused when the same name is given twice, stateless ones too', () => {
    const twice = (name: string): unknown =>
      topologyOf((builder) =>
        builder
          .stream(input)
          .filter(() => true, { name })
          .filter(() => true, { name }),
      )
    expect(errorOf(() => twice('these'))).toMatchObject({ code: 'topology_invalid', operator: 'these' })
  })

  test('are refused when a name is the id of another one', () => {
    const clash = (): unknown =>
      topologyOf((builder) => {
        const grouped = builder.stream(input).groupByKey()
        grouped.count()
        grouped.reduce((left) => left, { name: 'input.count' })
      })
    expect(errorOf(clash)).toMatchObject({ code: 'topology_invalid', operator: 'input.count' })
  })

  test('are refused when both regroup', () => {
    const twice = (): unknown =>
      topologyOf((builder) => {
        const stream = builder.stream(input)
        stream.repartition().to(output)
        stream.repartition().foreach(() => undefined)
      })
    expect(errorOf(twice)).toMatchObject({ code: 'topology_invalid', operator: 'input.repartition' })
  })
})

test('two operators with one store are refused', () => {
  const totals = keyValueStore('totals', { key: string(), value: int64() })
  const twice = (): unknown =>
    topologyOf((builder) => {
      const grouped = builder.stream(input).groupByKey()
      grouped.count({ store: totals, name: 'first' })
      grouped.count({ store: totals, name: 'second' })
    })
  expect(errorOf(twice)).toMatchObject({
    code: 'topology_invalid',
    store: 'totals',
    operator: 'second',
    message: expect.stringContaining('name another store'),
  })
})

test('an id that would be too long asks for a name', () => {
  const long = topic('x'.repeat(249), { key: string(), value: string() })
  const error = errorOf(() => topologyOf((builder) => builder.stream(long).groupByKey().count()))
  expect(error).toMatchObject({ code: 'topology_invalid', message: expect.stringContaining("name: '…'") })
  expect(idsOf(topologyOf((builder) => builder.stream(long).groupByKey().count({ name: 'short' })))).toEqual(['short'])
})

test('a topology without a source is refused', () => {
  expect(errorOf(() => topologyOf(() => undefined))).toMatchObject({ code: 'topology_invalid' })
})
