// Both sides of a join have equally many partitions: a side that is regrouped adapts to the other, and sides that cannot
// adapt are refused with what to do.
import { JoinWindows, type KStream, string, topic, type Topic } from 'millrace'
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
