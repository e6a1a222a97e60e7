// A description marks the first node after which two runs may differ: there answers of calls meet other records, or overtake.
import { string, topic } from 'millrace'
import { describe, expect, test } from 'vitest'
import { partitionOf } from '../../src/core/partitioner.ts'
import { drive, input, output, type Script, topologyOf } from '../support/topology.ts'

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

/** A key that lies in this one of two partitions. */
const keyIn = (partition: number): string =>
  'abcdefgh'.split('').find((key) => partitionOf(Buffer.from(key), 0, 1, 2) === partition) ?? ''

describe('a regrouping of what calls answered', () => {
  const regrouped =
    (partitions: number): Script =>
    (builder) =>
      builder
        .stream(topic('asked', { key: string(), value: string(), partitions }))
        .mapAsync(same)
        .selectKey(() => 'all')
        .repartition({ key: string(), value: string(), name: 'together' })
        .to(output)

  test('is marked, unless all of it comes from one partition', () => {
    expect(marked(regrouped(2))).toEqual(['together'])
    expect(marked(regrouped(1))).toEqual([])
  })

  test.each([
    [1, true],
    [2, false],
  ])('from %i partitions comes in one order whatever answers first: %s', async (partitions, isOne) => {
    const orders = await Promise.all(
      [
        ['a', 'b'],
        ['b', 'a'],
      ].map(async (answers) => {
        const asked = topic('asked', { key: string(), value: string(), partitions })
        const waiting = new Map<string, (value: string) => void>()
        const driver = drive((builder) =>
          builder
            .stream(asked)
            .mapAsync(async ({ value }) => {
              return new Promise<string>((resolve) => {
                waiting.set(value, resolve)
              })
            })
            .selectKey(() => 'all')
            .repartition({ key: string(), value: string() })
            .to(output),
        )
        for (const [key, value] of [
          [keyIn(0), 'a'],
          [keyIn(1), 'b'],
        ] as const) {
          driver.inputTopic(asked).pipeInput({ key, value, timestamp: 0 })
        }
        for (const value of answers) {
          waiting.get(value)?.(value)
          await new Promise(setImmediate)
        }
        await driver.settled()
        return driver.outputTopic(output).readValues()
      }),
    )
    expect(orders).toEqual(
      isOne
        ? [
            ['a', 'b'],
            ['a', 'b'],
          ]
        : [
            ['a', 'b'],
            ['b', 'a'],
          ],
    )
  })
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
