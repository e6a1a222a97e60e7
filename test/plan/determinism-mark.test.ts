// A description marks the first node after which two runs may differ: there answers of calls meet other records, or overtake.
import { int64, keyValueStore, type KStream, type Processor, string, topic } from 'millrace'
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

/** The values of `output` when the calls of 1 and 2, which are asked for before either is answered, answer at once or late. */
async function outputs(build: (asked: KStream<string, number>, all: KStream<string, number>) => unknown) {
  return Promise.all(
    [true, false].map(async (isAtOnce) => {
      const waiting: (() => void)[] = []
      const driver = drive((builder) => {
        const stream = builder.stream(numbers)
        const asked = stream.mapAsync(async ({ value }) => {
          await new Promise<void>((resolve) => {
            waiting.push(resolve)
          })
          return value
        })
        build(asked, stream)
      })
      const answer = async (): Promise<void> => {
        for (const resolve of waiting.splice(0)) resolve()
        await driver.settled()
      }
      for (const [value, timestamp] of [
        [1, 5],
        [2, 15],
      ] as const) {
        driver.inputTopic(numbers).pipeInput({ key: 'a', value, timestamp })
        if (isAtOnce) await answer()
      }
      await answer()
      return driver.outputTopic(results).readValues()
    }),
  )
}

const numbers = topic('numbers', { key: string(), value: int64(), partitions: 1 })
const results = topic('results', { key: string(), value: int64() })

describe('what goes by the time of its task after calls', () => {
  const summing: Processor<string, number> = (context) => {
    const sums = context.store(keyValueStore('sums', { key: string(), value: int64() }))
    context.schedule(10, 'streamTime', () => {
      for (const { key, value } of sums.range()) context.forward({ key, value })
    })
    return { process: ({ key, value }) => sums.put(key, (sums.get(key) ?? 0) + value) }
  }
  const stores = [keyValueStore('sums', { key: string(), value: int64() })]

  test('depends on when they answer', async () => {
    const [atOnce, late] = await outputs((asked) => asked.process(summing, { stores }).to(results))
    expect(atOnce).toEqual([1])
    expect(late).toEqual([])
  })

  test('is marked, and no longer after a regrouping of one partition', () => {
    const script =
      (isRegrouped: boolean): Script =>
      (builder) => {
        const asked = builder.stream(numbers).mapAsync(async ({ value }) => value, { value: int64() })
        const stream = isRegrouped ? asked.repartition({ key: string(), value: int64() }) : asked
        stream.process(summing, { stores, name: 'summing' }).to(results)
      }
    expect(marked(script(false))).toEqual(['summing'])
    expect(marked(script(true))).toEqual([])
  })
})

describe('a topic that is written to from two places', () => {
  test('has another order with each run where one of them waits for calls, and is marked', async () => {
    const [atOnce, late] = await outputs((asked, all) => {
      all.mapValues(({ value }) => -value).to(results)
      asked.to(results)
    })
    expect(atOnce).toEqual([-1, 1, -2, 2])
    expect(late).toEqual([-1, -2, 1, 2])
    const script =
      (other: typeof output): Script =>
      (builder) => {
        const stream = builder.stream(input)
        stream.mapAsync(same).to(output)
        stream.to(other, { name: 'second' })
      }
    expect(marked(script(output))).toEqual(['second'])
    expect(marked(script(topic('another', { key: string(), value: string() })))).toEqual([])
  })

  test('may be any, where a function names it', () => {
    const script: Script = (builder) => {
      const stream = builder.stream(input)
      stream.mapAsync(same).to(output)
      stream.to(() => output, { name: 'second' })
    }
    expect(marked(script)).toEqual(['second'])
  })
})

test('without calls nothing is marked, and a mark shows in text and picture', () => {
  expect(marked((builder) => builder.stream(input).merge(builder.stream(input)).to(output))).toEqual([])
  const topology = topologyOf((builder) => builder.stream(input).mapAsync(same, { order: 'none' }).to(output))
  expect(topology.describe()).toContain('--> to-1 (not deterministic from here)')
  expect(topology.describe({ format: 'mermaid' })).toContain('node1 -.- broken["not deterministic from here"]')
})
