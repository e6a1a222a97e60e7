// Partitions are added while no stored data depends on how many there are.
import { int64, string, topic, type StreamsBuilder } from 'millrace'
import { describe, expect, test } from 'vitest'
import { start } from '../../support/applications.ts'
import { collect } from '../../support/collect.ts'
import { openTestLog } from '../../support/open.ts'
import { topologyOf } from '../../support/topology.ts'

const source = topic('source', { key: string(), value: string() })
const other = topic('other', { key: string(), value: string() })
const copies = topic('copies', { key: string(), value: string() })
const counts = topic('counts', { key: string(), value: int64() })

describe('partitions are not added', () => {
  const dependents: Readonly<Record<string, (builder: StreamsBuilder) => void>> = {
    'where an application keeps state by its keys': (builder) => builder.stream(source).groupByKey().count(),
    'where state lies behind a regrouping of it': (builder) =>
      builder
        .stream(source)
        .groupBy(({ value }) => value, { key: string() })
        .count(),
    'where state is kept of it together with another topic': (builder) =>
      builder.stream(other).merge(builder.stream(source)).groupByKey().count(),
  }
  test.each(Object.entries(dependents))('%s, and the message names the store', async (_, script) => {
    const { log } = openTestLog()
    await (await start(log, topologyOf(script), { applicationId: 'counting' })).close()
    await expect(log.admin.addPartitions(source, 2)).rejects.toMatchObject({
      code: 'partitions_differ',
      topic: 'source',
      message: expect.stringMatching(/count.* of application "counting"/),
    })
    expect(await log.admin.describeTopic(source)).toMatchObject({ partitions: 1 })
    await (await start(log, topologyOf(script), { applicationId: 'counting' })).close()
  })
})

describe('partitions are added', () => {
  const free: Readonly<Record<string, (builder: StreamsBuilder) => void>> = {
    'where an application keeps no state': (builder) => builder.stream(source).to(copies),
    'where state lies in as many partitions as a repartition says': (builder) =>
      builder
        .stream(source)
        .repartition({ partitions: 2 })
        .groupByKey()
        .count()
        .toStream()
        .mapValues(String)
        .to(copies),
    'where state of the same application is of another topic': (builder) => {
      builder.stream(source).to(copies)
      builder.stream(other).groupByKey().count().toStream().to(counts)
    },
    'where it is regrouped and no state is behind it': (builder) => builder.stream(source).repartition().to(copies),
  }
  test.each(Object.entries(free))('%s, which then reads all of them', async (_, script) => {
    const { log } = openTestLog()
    await (await start(log, topologyOf(script), { applicationId: 'copying' })).close()
    await log.admin.addPartitions(source, 4)
    const records = Array.from({ length: 20 }, (__, index) => ({ key: `key ${index}`, value: 'value' }))
    await log.producer().sendMany(source, records)
    const app = await start(log, topologyOf(script), { applicationId: 'copying' })
    await app.caughtUp()
    expect(await collect(log.read(copies))).toHaveLength(20)
  })

  test('and an application that begins at the end of a topic reads what came into them while it was away', async () => {
    const { log } = openTestLog()
    const copying = topologyOf((builder) => builder.stream(source, { reset: 'latest' }).to(copies))
    await log.producer().send(source, { key: 'a', value: 'before it began' })
    await (await start(log, copying, { applicationId: 'copying' })).close()
    await log.admin.addPartitions(source, 4)
    const records = Array.from({ length: 20 }, (_, index) => ({ key: `key ${index}`, value: 'value' }))
    await log.producer().sendMany(source, records)
    const app = await start(log, copying, { applicationId: 'copying' })
    await app.caughtUp()
    expect(await collect(log.read(copies))).toHaveLength(20)
  })
})
