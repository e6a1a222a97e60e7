// Bounded releases: many rows that fall due at once leave in jobs of at most 1,000, which a commit or a crash may come between.
import { bytes, nullable, string, topic, type Topology } from 'millrace'
import type { TopologyTestDriver } from 'millrace/testing'
import { describe, expect, test } from 'vitest'
import { type Codec, codecOf } from '../../src/core/serde.ts'
import { start } from '../support/applications.ts'
import { carrierOfBytes } from '../support/carriers.ts'
import { alone } from '../support/operator-double.ts'
import type { Carrier } from '../../src/plan/carrier.ts'
import { buffering } from '../support/buffering.ts'
import { collect } from '../support/collect.ts'
import { engineOn } from '../support/engine.ts'
import { openTestLog } from '../support/open.ts'
import { drivePlan, planned, planTopic } from '../support/plans.ts'
import { errorOf } from '../support/thrown.ts'
import { input, output } from '../support/topology.ts'
import { asking } from '../support/asking.ts'
import type { PlanBuilder } from '../../src/plan/plan-builder.ts'

const letters = topic('test-driver.dead-letters', { key: nullable(bytes()), value: nullable(bytes()) })
const text = codecOf(string()) as Codec<unknown>

/** Enough that no commit comes early. */
const stateCacheBytes = 100_000_000

/** Holds each record of `input` for 10 ms of stream time; then it goes on, past what throws for values `bad…`. */
function holding(sizes: number[] = [], after: (value: string) => void = () => undefined) {
  return (builder: PlanBuilder): void => {
    const source = builder.source([planTopic(input)], 'earliest', undefined)
    const held = builder.stateful('buffer', source, 'buffer', () => buffering(10, (size) => sizes.push(size)))
    const checked = builder.stateless(
      'ask',
      held,
      'checker',
      asking(() => ({ value }) => {
        after(String(value))
        if (String(value).startsWith('bad')) throw new Error(`${String(value)} is bad`)
      }),
    )
    builder.sink(checked, planTopic(output), undefined)
  }
}

function feed(driver: TopologyTestDriver, timestamp: number, ...values: readonly string[]): void {
  for (const value of values) driver.inputTopic(input).pipeInput({ key: value, value, timestamp })
}

const values = (count: number): string[] => Array.from({ length: count }, (_, at) => `v${String(at).padStart(4, '0')}`)
const released = (driver: TopologyTestDriver): string[] =>
  driver
    .outputTopic(output)
    .readRecords()
    .map(({ value }) => value)

/** A log with rows that fall due at once, and the record that makes them so; nothing of that record is worked on yet. */
async function aboutToFallDue(topology: Topology, all: readonly string[]) {
  const { log, embedded } = openTestLog()
  const producer = log.producer()
  const send = (timestamp: number, ...some: readonly string[]) =>
    producer.sendMany(
      input,
      some.map((value) => ({ key: value, value, timestamp })),
    )
  await send(1, ...all)
  await send(0, 'early')
  const { engine, commit } = engineOn(embedded, topology, { stateCacheBytes })
  engine.run(() => false)
  commit()
  await send(11, 'next')
  await send(30, 'last')
  return { embedded, written: async () => (await collect(log.read(output))).map(({ value }) => value) }
}

describe('rows that fall due at once', () => {
  const all = values(2_500)

  test('leave in turns of at most 1,000, by time and then key, before the next source record', async () => {
    const sizes: number[] = []
    const topology = planned(holding(sizes))
    const { embedded, written } = await aboutToFallDue(topology, all.toReversed())
    const { engine, commit } = engineOn(embedded, topology, { stateCacheBytes })
    expect(engine.run(() => false)).toBe('drained')
    commit()
    expect(sizes).toEqual([1_000, 1_000, 501, 1])
    expect(await written()).toEqual(['early', ...all, 'next'])
  })

  test('go on where they were after a crash at every commit between them', async () => {
    const sizes: number[] = []
    const topology = planned(holding(sizes))
    const { embedded, written } = await aboutToFallDue(topology, all)
    let commits = 0
    for (let result = 'commitDue'; result === 'commitDue'; commits++) {
      const { engine, commit } = engineOn(embedded, topology, { commitRecords: 1, stateCacheBytes })
      result = engine.run(() => false)
      commit()
    }
    // One for each of the two records and the four releases, and a last one that finds nothing.
    expect(commits).toBe(2 + 4 + 1)
    expect(sizes).toEqual([1_000, 1_000, 501, 1])
    expect(await written()).toEqual(['early', ...all, 'next'])
  })

  test('are done by an application before it says that it is caught up', async () => {
    const { log } = openTestLog()
    const app = await start(log, planned(holding()), { commit: { everyRecords: 1 } })
    const send = (timestamp: number, some: readonly string[]) =>
      log.producer().sendMany(
        input,
        some.map((value) => ({ key: value, value, timestamp })),
      )
    await send(1, values(12))
    await send(11, ['next'])
    await app.caughtUp()
    expect((await collect(log.read(output))).map(({ value }) => value)).toEqual(values(12))
  })

  test('are not forgotten when the commit comes before the first of them', () => {
    const driver = drivePlan(holding(), { commit: 'manual' })
    feed(driver, 1, ...values(3))
    driver.commit()
    feed(driver, 11, 'next')
    driver.crash()
    driver.commit()
    expect(released(driver)).toEqual(values(3))
  })

  test('are due again when their turn was undone', () => {
    let isBad = true
    const driver = drivePlan(
      holding([], (value) => {
        if (value === 'v0001' && isBad) throw new Error('not yet')
      }),
    )
    feed(driver, 1, ...values(3))
    errorOf(() => feed(driver, 11, 'next'))
    isBad = false
    driver.crash()
    expect(released(driver)).toEqual(values(3))
  })
})

describe('a row whose release fails', () => {
  test.each(['skip', 'deadLetter'] as const)('fails alone, with onError %s', (onError) => {
    const driver = drivePlan(holding(), { onError })
    feed(driver, 1, 'a', 'bad 1', 'c', 'bad 2', 'e')
    feed(driver, 11, 'next')
    expect(released(driver)).toEqual(['a', 'c', 'e'])
    expect(driver.metrics().failed).toEqual({ checker: { user_function_threw: 2 } })
    feed(driver, 21, 'after')
    expect(released(driver)).toEqual(['a', 'c', 'e', 'next'])
  })

  test('stops the application with onError fail', () => {
    const driver = drivePlan(holding())
    feed(driver, 1, 'a', 'bad', 'c')
    const error = errorOf(() => feed(driver, 11, 'next'))
    expect(error.message).toMatch(/^in a release of buffer\[0\]: a function of checker threw: bad is bad/)
  })

  test('is a letter of its own', () => {
    const driver = drivePlan(holding(), { onError: 'deadLetter' })
    feed(driver, 1, 'a', 'bad', 'c')
    feed(driver, 11, 'next')
    const [letter, ...more] = driver.outputTopic(letters).readRecords()
    expect(more).toEqual([])
    expect([String(letter?.key && Buffer.from(letter.key)), letter?.timestamp]).toEqual(['bad', 1])
    expect(String(letter?.value && Buffer.from(letter.value))).toBe('bad')
    expect(letter?.headers.map(({ key }) => key)).toContain('millrace.kind')
  })

  test('is retried alone, as a record would be', () => {
    let attempts = 0
    const driver = drivePlan(
      holding([], (value) => {
        if (value.startsWith('bad')) attempts++
      }),
      { onError: { retries: 2, then: 'skip' } },
    )
    feed(driver, 1, 'a', 'bad', 'c')
    feed(driver, 11, 'next')
    // Once with the others, then alone.
    expect(attempts).toBe(1 + 3)
    expect(released(driver)).toEqual(['a', 'c'])
  })
})

test('an operator alone is given its jobs when a test says so', () => {
  const buffer = alone(buffering(10).operator)
  const record = (value: string, timestamp: number) =>
    carrierOfBytes(string(), Buffer.from(value), string(), Buffer.from(value), timestamp) as unknown as Carrier
  for (const [value, timestamp] of [
    ['b', 2],
    ['a', 1],
    ['c', 11],
  ] as const)
    buffer.feed(record(value, timestamp))
  expect(buffer.caught).toEqual([])
  buffer.due()
  expect(buffer.caught.map(({ value, timestamp }) => [value, timestamp])).toEqual([['a', 1]])
})

test('what a release regroups is worked off before the next release', async () => {
  const order: string[] = []
  const topology = planned((builder) => {
    const source = builder.source([planTopic(input)], 'earliest', undefined)
    const held = builder.stateful('buffer', source, 'buffer', () =>
      buffering(10, (size) => order.push(`release of ${size}`)),
    )
    const regroup = builder.regroup('repartition', held, 'regroup', text, text)
    const last = asking(() => ({ value }) => {
      if (value === 'v1199' || value === 'v0000') order.push(String(value))
    })
    builder.sink(builder.stateless('ask', regroup, 'last', last), planTopic(output), undefined)
  })
  const { embedded } = await aboutToFallDue(topology, values(1_200))
  engineOn(embedded, topology, { stateCacheBytes }).engine.run(() => false)
  expect(order).toEqual(['release of 1000', 'v0000', 'release of 201', 'v1199', 'release of 1'])
})
