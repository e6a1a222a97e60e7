// Both sides of a join have equally many partitions: a side that is regrouped adapts to the other, and sides that cannot
// adapt are refused with what to do.
import {
  int64,
  JoinWindows,
  json,
  type KStream,
  nullable,
  type Serde,
  string,
  TimeWindows,
  topic,
  type Topic,
  windowed,
} from 'millrace'
import { describe, expect, test } from 'vitest'
import { layOut, topicsOf } from '../../src/runtime/layout.ts'
import type { Topology } from '../../src/plan/topology.ts'
import { errorOf } from '../support/thrown.ts'
import { drive, type Script, topologyOf } from '../support/topology.ts'

const wide = (name: string, partitions: number): Topic<string, string> =>
  topic(name, { key: string(), value: string(), partitions })
const [two, three, five] = [wide('two', 2), wide('three', 3), wide('five', 5)]
const window = JoinWindows.of({ difference: 10 })
const pair = (left: string, right: string): string => `${left}+${right}`

type Texts = KStream<string, string, 'both'>
const byValue = (stream: Texts): Texts => stream.selectKey(({ value }) => value) as unknown as Texts

/** How many partitions each regrouping has, by its id. */
function widths(topology: Topology): Record<string, number> {
  const descriptions = topicsOf(topology).map(({ name, partitions = 1 }) => ({ name, partitions }))
  const { partitionsOf } = layOut(topology, descriptions as never)
  return Object.fromEntries(
    topology.nodes.flatMap((node) => (node.kind === 'regroup' ? [[node.id, partitionsOf(node)]] : [])),
  )
}

const options = { window, key: string(), name: 'pairs' }

describe('a side of a join that is regrouped', () => {
  test.each<readonly [string, Script, Record<string, number>]>([
    [
      'has as many partitions as the topic on the other side, be it wider or narrower',
      (builder) => {
        byValue(builder.stream(five)).join(builder.stream(two), pair, { ...options, name: 'narrow' })
        builder.stream(five).join(byValue(builder.stream(three)), pair, { ...options, name: 'wide' })
      },
      { 'narrow-left': 2, 'wide-right': 5 },
    ],
    [
      'has as many as the widest, where both are',
      (builder) => byValue(builder.stream(two)).join(byValue(builder.stream(three)), pair, options),
      { 'pairs-left': 3, 'pairs-right': 3 },
    ],
    [
      'adapts to a regrouping that says how many it has',
      (builder) =>
        byValue(builder.stream(two)).join(
          builder.stream(three).repartition({ partitions: 7, name: 'seven' }),
          pair,
          options,
        ),
      { 'pairs-left': 7, seven: 7 },
    ],
    [
      'adapts to what adapts itself, over several joins',
      (builder) => {
        const first = byValue(builder.stream(two)).join(byValue(builder.stream(three)), pair, {
          ...options,
          name: 'first',
        })
        const again = byValue(first as unknown as Texts)
        again.join(byValue(builder.stream(five)), pair, { ...options, value: string(), name: 'second' })
      },
      { 'first-left': 3, 'first-right': 3, 'second-left': 5, 'second-right': 5 },
    ],
  ])('%s', (_, script, expected) => {
    expect(widths(topologyOf(script))).toEqual(expected)
  })
})

test('sides with different numbers of partitions are refused, and it is said what to do', () => {
  const topology = topologyOf((builder) => builder.stream(two).join(builder.stream(three), pair, options))
  expect(errorOf(() => widths(topology))).toMatchObject({
    code: 'partitions_differ',
    operator: 'pairs',
    message: expect.stringMatching(/two has 2, three has 3\. Put repartition\(\) before it/),
  })
})

describe('keys of different formats', () => {
  const texts = topic('texts', { key: string(), value: int64(), partitions: 4 })
  const quoted = topic('quoted', { key: json<string>(), value: int64(), partitions: 4 })
  const sums = topic('sums', { key: string(), value: int64() })
  const add = (_: string, value: number, sum: number): number => sum + value

  test.each<readonly [string, Script]>([
    [
      'merged and grouped',
      (builder) =>
        builder.stream(texts).merge(builder.stream(quoted)).groupByKey({ key: string(), value: int64() }).count(),
    ],
    [
      'merged into a table',
      (builder) => builder.stream(texts).merge(builder.stream(quoted)).toTable({ key: string(), value: int64() }),
    ],
    [
      'cogrouped as one format',
      (builder) =>
        builder
          .stream(texts)
          .groupByKey({ key: json<string>() })
          .cogroup<number>(add)
          .cogroup(builder.stream(quoted).groupByKey(), add)
          .aggregate({ initializer: () => 0, value: int64() }),
    ],
    [
      'joined as one format',
      (builder) =>
        builder
          .stream(texts)
          .toTable({ key: json<string>() })
          .join(builder.table(quoted), (left, right) => left + right),
    ],
  ])('are refused where they would be %s, unless there is one partition', (_, script) => {
    const start = (partitions: number) => (): unknown => {
      const topology = topologyOf(script)
      return layOut(topology, topicsOf(topology).map(({ name }) => ({ name, partitions })) as never)
    }
    expect(errorOf(start(4))).toMatchObject({
      code: 'topology_invalid',
      message: expect.stringMatching(/texts has string, quoted has json|quoted has json, texts has string/),
    })
    expect(start(1)).not.toThrow()
  })

  test('meet after repartition', () => {
    const driver = drive((builder) =>
      builder
        .stream(texts)
        .merge(builder.stream(quoted).repartition({ key: string() }))
        .groupByKey()
        .aggregate({ initializer: () => 0, aggregator: add, value: int64() })
        .toStream()
        .to(sums),
    )
    const keys = ['a', 'b', 'c', 'd', 'e', 'f']
    for (const [timestamp, key] of keys.entries()) {
      driver.inputTopic(texts).pipeInput({ key, value: 1, timestamp })
      driver.inputTopic(quoted).pipeInput({ key, value: 1, timestamp })
    }
    const last = new Map(
      driver
        .outputTopic(sums)
        .readRecords()
        .map(({ key, value }) => [key, value]),
    )
    expect([...last]).toEqual(keys.map((key) => [key, 2]))
  })

  test('are none where windows stand around them, where nulls are allowed, or where serdes of one name are given', () => {
    const windows = TimeWindows.of({ size: 10 })
    const perWindow = topic('per-window', { key: windowed(string(), windows), value: int64(), partitions: 4 })
    const maybe = topic('maybe', { key: nullable(string()), value: int64(), partitions: 4 })
    const own = (): Serde<string> => ({ ...string(), name: 'own', encode: string().encode, decode: string().decode })
    const [mine, yours] = ['mine', 'yours'].map((name) => topic(name, { key: own(), value: int64(), partitions: 4 }))
    const topology = topologyOf((builder) => {
      const counted = builder.stream(texts).groupByKey().windowedBy(windows).count()
      counted.join(builder.table(perWindow), (left, right) => left + right)
      builder
        .stream(maybe)
        .groupByKey()
        .cogroup<number>(add)
        .cogroup(builder.stream(texts).groupByKey(), add)
        .aggregate({ initializer: () => 0, value: int64() })
      const [one, other] = [builder.stream(mine as typeof texts), builder.stream(yours as typeof texts)]
      one.merge(other).groupByKey({ key: own(), value: int64() }).count()
    })
    expect(() =>
      layOut(topology, topicsOf(topology).map(({ name }) => ({ name, partitions: 4 })) as never),
    ).not.toThrow()
  })
})

test('records of one key meet, whatever partitions they came by', () => {
  const driver = drive((builder) => {
    byValue(builder.stream(five))
      .join(byValue(builder.stream(two)), pair, options)
      .to(three)
  })
  const values = Array.from({ length: 40 }, (_, index) => `value ${index}`)
  for (const [index, value] of values.entries()) {
    driver.inputTopic(five).pipeInput({ key: `left ${index}`, value, timestamp: 1 })
    driver.inputTopic(two).pipeInput({ key: `right ${index}`, value, timestamp: 2 })
  }
  const found = driver.outputTopic(three).readRecords()
  expect(found.map(({ key }) => key).toSorted()).toEqual(values.toSorted())
})
