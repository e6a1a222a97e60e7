// A topic of many partitions costs what it carries: no record pays for partitions that have none.
import { string, topic } from 'millrace'
import { describe, expect, test } from 'vitest'
import type { EmbeddedLog } from '../../src/log/embedded-log.ts'
import { engineOn } from '../support/engine.ts'
import { openTestLog } from '../support/open.ts'
import { output, topologyOf } from '../support/topology.ts'

const wide = (partitions: number) => topic('wide', { key: string(), value: string(), partitions })

/** What an engine reads from now on. */
function readsOf(log: EmbeddedLog): { looks: number; ends: number; batches: number } {
  const reads = { looks: 0, ends: 0, batches: 0 }
  const endsOf = log.ends.of.bind(log.ends)
  log.ends.of = (topic) => (reads.looks++, endsOf(topic))
  const endOffset = log.partitions.endOffset.bind(log.partitions)
  const batchAt = log.partitions.batchAt.bind(log.partitions)
  log.partitions.endOffset = (partition) => (reads.ends++, endOffset(partition))
  log.partitions.batchAt = (...place) => (reads.batches++, batchAt(...place))
  return reads
}

const records = (count: number, from = 0) =>
  Array.from({ length: count }, (_, i) => ({ key: `key ${i % 50}`, value: 'v', timestamp: from + i }))

describe.each([1, 64, 512])('an engine on %i partitions', (partitions) => {
  test('looks for more once for every commit of others, never for its own, and only where there is more', async () => {
    const source = wide(partitions)
    const { log, embedded } = openTestLog()
    await log.admin.createTopic(source)
    const producer = log.producer()
    const copying = topologyOf((builder) => {
      builder.stream(source).to(output)
    })
    await log.admin.createTopic(output)
    const { engine, commit } = engineOn(embedded, copying)
    const reads = readsOf(embedded)
    for (let round = 1; round <= 3; round++) {
      await producer.sendMany(source, records(200, 1_000 * round))
      for (let slice = 0; slice < 50; slice++) engine.run(() => true)
      commit()
      for (let slice = 0; slice < 50; slice++) engine.run(() => true)
      while (engine.run(() => false) !== 'drained') commit()
      commit()
      expect(engine.run(() => true)).toBe('drained')
      expect(engine.recordCount).toBe(200 * round)
      expect(reads.looks).toBe(round)
      // The records of a round are in no more partitions than they have keys, and in each in one batch.
      expect(reads.ends).toBeLessThanOrEqual(Math.min(partitions, 50) * round)
      expect(reads.batches).toBeLessThanOrEqual(Math.min(partitions, 50) * round)
    }
  })

  test('sees what its own commits append to its input', async () => {
    const source = wide(partitions)
    const { log, embedded } = openTestLog()
    await log.producer().sendMany(source, records(10))
    const again = topologyOf((builder) => {
      const stream = builder.stream(source)
      stream
        .filter(({ value }) => value === 'v')
        .mapValues(() => 'w')
        .to(source)
    })
    const { engine, commit } = engineOn(embedded, again)
    for (let turn = 0; turn < 3; turn++) {
      expect(engine.run(() => false)).toBe('drained')
      commit()
    }
    expect(engine.recordCount).toBe(20)
  })
})

test('a commit of others between two looks is seen, whoever commits last', async () => {
  const source = wide(8)
  const { log, embedded } = openTestLog()
  await log.admin.createTopic(source)
  const { engine, commit } = engineOn(
    embedded,
    topologyOf((builder) => {
      builder.stream(source).foreach(() => undefined)
    }),
  )
  await log.producer().sendMany(source, records(5))
  expect(engine.run(() => false)).toBe('drained')
  await log.producer().sendMany(source, records(5))
  commit()
  expect(engine.run(() => false)).toBe('drained')
  expect(engine.recordCount).toBe(10)
})
