// What an application does with a changed topology when it starts: go on, or leave everything as it was.
import { int64, keyValueStore, string, topic, type Topology } from 'millrace'
import { describe, expect, test } from 'vitest'
import { start } from '../support/applications.ts'
import { openTestLog } from '../support/open.ts'
import { rejectionOf } from '../support/thrown.ts'
import { input, output, topologyOf } from '../support/topology.ts'

const totals = keyValueStore('totals', { key: string(), value: int64() })
const byValue = keyValueStore('by-value', { key: string(), value: int64() })

const counting: Topology = topologyOf((builder) => builder.stream(input).groupByKey().count({ store: totals }))

describe('a topology that is extended', () => {
  test('keeps what it has, and begins what is new', async () => {
    const { log } = openTestLog()
    const producer = log.producer()
    const before = await start(log, counting)
    await producer.send(input, { key: 'a', value: 'x' })
    await before.caughtUp()
    await before.close()

    const extended = topologyOf((builder) => {
      builder.stream(input).groupByKey().count({ store: totals })
      builder
        .stream(input)
        .groupBy(({ value }) => value, { key: string() })
        .count({ store: byValue })
    })
    const after = await start(log, extended)
    await producer.send(input, { key: 'a', value: 'x' })
    await after.caughtUp()
    expect(after.store(totals).get('a')).toBe(2)
    expect(after.store(byValue).get('x')).toBe(1)
    await after.close()

    expect(await rejectionOf(start(log, counting))).toMatchObject({ code: 'plan_changed' })
  })
})

describe('a topology that is refused', () => {
  const changed = topologyOf((builder) => {
    const elsewhere = topic('elsewhere', { key: string(), value: string(), partitions: 3 })
    builder.stream(input).to(elsewhere)
  })

  test('leaves the instance that runs at work', async () => {
    const { log } = openTestLog()
    const running = await start(log, counting)
    await running.caughtUp()
    expect(await rejectionOf(start(log, changed))).toMatchObject({
      code: 'plan_changed',
      message: expect.stringContaining('application "app"'),
    })
    await log.producer().send(input, { key: 'a', value: 'x' })
    await running.caughtUp()
    expect(running.store(totals).get('a')).toBe(1)
    expect(running.state).toBe('running')
  })

  test('leaves plan, positions and state for the old one', async () => {
    const { log } = openTestLog()
    const producer = log.producer()
    const first = await start(log, counting)
    await producer.send(input, { key: 'a', value: 'x' })
    await first.caughtUp()
    await first.close()
    expect(await rejectionOf(start(log, changed))).toMatchObject({ code: 'plan_changed' })
    const again = await start(log, counting)
    await producer.send(input, { key: 'a', value: 'x' })
    await again.caughtUp()
    expect(again.store(totals).get('a')).toBe(2)
    expect(again.metrics().consumed).toEqual({ input: 2 })
  })

  test('creates none of its topics', async () => {
    const { log } = openTestLog()
    await (await start(log, counting)).close()
    expect(await rejectionOf(start(log, changed))).toMatchObject({ code: 'plan_changed' })
    expect((await log.admin.listTopics()).map(({ name }) => name)).toEqual(['input'])
  })

  test('is taken under another application id', async () => {
    const { log } = openTestLog()
    await log.producer().send(input, { key: 'a', value: 'x' })
    await (await start(log, counting)).close()
    const copy = topologyOf((builder) => builder.stream(input).to(output))
    const app = await start(log, copy, { applicationId: 'another' })
    await app.caughtUp()
    expect(await log.admin.endOffsets(output)).toEqual([1])
  })
})

test('a regrouping keeps its number of partitions', async () => {
  const { log } = openTestLog()
  const regrouped = (partitions: number): Topology =>
    topologyOf((builder) => builder.stream(input).repartition({ partitions }).groupByKey().count())
  await (await start(log, regrouped(2))).close()
  expect(await rejectionOf(start(log, regrouped(3)))).toMatchObject({
    code: 'plan_changed',
    message: expect.stringContaining('store "input.repartition.count": partitions was 2, is 3'),
  })
})
