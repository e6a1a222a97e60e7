// The one sequence: over all source partitions by timestamp, ties by topic and partition, and regrouped records at once.
import fc from 'fast-check'
import { int64, string, topic } from 'millrace'
import { describe, expect, test } from 'vitest'
import { partitionOf } from '../../src/core/partitioner.ts'
import { start } from '../support/applications.ts'
import { collect } from '../support/collect.ts'
import { openTestLog } from '../support/open.ts'
import { drive, input, topologyOf } from '../support/topology.ts'

const sources = ['b-topic', 'a-topic'].map((name) => topic(name, { key: string(), value: string(), partitions: 3 }))

const steps = fc.array(
  fc.record({
    source: fc.nat({ max: 1 }),
    key: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'),
    timestamp: fc.nat({ max: 9 }),
  }),
  { minLength: 1, maxLength: 40 },
)

interface Place {
  readonly topic: string
  readonly partition: number
  readonly timestamp: number
  readonly value: string
}

/** The head with the smallest timestamp goes next, ties by topic name, then partition. */
function merged(lanes: readonly (readonly Place[])[]): string[] {
  const rest = lanes.map((lane) => [...lane])
  const order: string[] = []
  for (;;) {
    const heads = rest.flatMap((lane) => (lane[0] === undefined ? [] : [{ lane, head: lane[0] }]))
    const [next] = heads.toSorted(
      (a, b) =>
        a.head.timestamp - b.head.timestamp ||
        (a.head.topic < b.head.topic ? -1 : a.head.topic > b.head.topic ? 1 : a.head.partition - b.head.partition),
    )
    if (next === undefined) return order
    order.push(next.head.value)
    next.lane.shift()
  }
}

describe('source records', () => {
  test('are taken by timestamp over all partitions, within one by offset, also where its time goes back', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.nat({ max: 3 }), async (list, everyRecords) => {
        const { log } = openTestLog()
        const producer = log.producer()
        for (const [index, { source, key, timestamp }] of list.entries()) {
          const to = sources[source] ?? input
          const sent = producer.send(to, { key, value: `${index}`, timestamp })
          if (index % 3 === 0) await sent // several batches in a partition
        }
        await producer.flush()
        const seen: string[] = []
        const topology = topologyOf((builder) => {
          for (const source of sources) builder.stream(source).foreach(({ value }) => seen.push(value))
        })
        const app = await start(log, topology, { commit: { everyRecords: everyRecords + 1 } })
        await app.caughtUp()
        const lanes = new Map<string, Place[]>()
        for (const source of sources) {
          for (const record of await collect(log.read(source))) {
            const name = `${record.topic} ${record.partition}`
            lanes.set(name, [...(lanes.get(name) ?? []), record])
          }
        }
        expect(seen).toEqual(merged([...lanes.values()]))
        await app.close()
        await log.close()
      }),
      { numRuns: 25 },
    )
  })

  test('of one time go by topic name, then by partition', async () => {
    const { log } = openTestLog()
    for (const source of sources) {
      const records = 'hgfedcba'.split('').map((key) => ({ key, value: source.name, timestamp: 5 }))
      await log.producer().sendMany(source, records)
    }
    const seen: string[] = []
    const topology = topologyOf((builder) =>
      builder.stream(sources).foreach(({ key, value }) => seen.push(`${value} ${key}`)),
    )
    const app = await start(log, topology)
    await app.caughtUp()
    const expected = ['a-topic', 'b-topic'].flatMap(async (name) => {
      const source = sources.find((one) => one.name === name) ?? input
      const records = await collect(log.read(source))
      return records
        .toSorted((a, b) => a.partition - b.partition || a.offset - b.offset)
        .map(({ key }) => `${name} ${key}`)
    })
    expect(seen).toEqual((await Promise.all(expected)).flat())
  })
})

/** A key for each partition. */
function keysOfPartitions(partitions: number): string[] {
  const keys = new Map<number, string>()
  for (let i = 0; keys.size < partitions; i++) {
    const bytes = Buffer.from(`${i}`)
    keys.set(partitionOf(bytes, 0, bytes.length, partitions), `${i}`)
  }
  return [...keys.values()]
}

describe('regrouped records', () => {
  test('are worked off before the next source record', () => {
    const seen: string[] = []
    const driver = drive(
      (builder) =>
        builder
          .stream(input)
          .peek(({ value }) => seen.push(`source ${value}`))
          .flatMapValues(({ value }) => [`${value}1`, `${value}2`])
          .repartition({ value: string(), name: 'first' })
          .peek(({ value }) => seen.push(`first ${value}`))
          .repartition({ name: 'second' })
          .foreach(({ value }) => seen.push(`second ${value}`)),
      { commit: 'manual' },
    )
    for (const value of ['a', 'b']) driver.inputTopic(input).pipeInput({ key: 'k', value, timestamp: 1 })
    expect(seen).toEqual(
      ['a', 'b'].flatMap((value) => [
        `source ${value}`,
        `first ${value}1`,
        `first ${value}2`,
        `second ${value}1`,
        `second ${value}2`,
      ]),
    )
  })

  test('go by the smallest timestamp of the heads, within a partition as they were sent there', () => {
    const seen: string[] = []
    const driver = drive((builder) =>
      builder
        .stream(input)
        .flatMap(({ value }) =>
          value.split(' ').map((part) => {
            const [key = '', timestamp = ''] = part.split('@')
            return { key, value: part, timestamp: Number(timestamp) }
          }),
        )
        .repartition({ key: string(), value: string(), partitions: 8 })
        .foreach(({ value }) => seen.push(value)),
    )
    const [a = '', b = ''] = keysOfPartitions(8)
    const parts = [`${a}@9`, `${a}@2`, `${b}@5`, `${b}@7`, `${a}@8`, `${b}@1`]
    driver.inputTopic(input).pipeInput({ key: 'k', value: parts.join(' '), timestamp: 100 })
    expect(seen).toEqual([`${b}@5`, `${b}@7`, `${b}@1`, `${a}@9`, `${a}@2`, `${a}@8`])
  })

  test('of one time go by the name of their regrouping, whatever the order of the calls', () => {
    const seen: string[] = []
    const driver = drive((builder) => {
      for (const name of ['z', 'a', 'm']) {
        builder
          .stream(input)
          .repartition({ name })
          .foreach(({ value }) => seen.push(`${name} ${value}`))
      }
    })
    driver.inputTopic(input).pipeInput({ key: 'k', value: 'x', timestamp: 1 })
    expect(seen).toEqual(['a x', 'm x', 'z x'])
  })
})

test('reading in pieces changes nothing: an importer that commits prefixes is never read past one', async () => {
  const { log } = openTestLog()
  const wide = topic('wide', { key: string(), value: int64(), partitions: 4 })
  const seen: number[] = []
  const app = await start(
    log,
    topologyOf((builder) => builder.stream(wide).foreach(({ value }) => seen.push(value))),
  )
  const producer = log.producer()
  for (let prefix = 0; prefix < 30; prefix++) {
    const records = Array.from({ length: 20 }, (_, i) => ({
      key: `${i}`,
      value: prefix * 20 + i,
      timestamp: prefix * 20 + i,
    }))
    const sent = producer.sendMany(wide, records)
    if (prefix % 3 === 0) await app.caughtUp()
    await sent
  }
  await app.caughtUp()
  expect(seen).toEqual(Array.from({ length: 600 }, (_, i) => i))
})
