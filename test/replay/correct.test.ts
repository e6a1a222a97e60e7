// A switch that corrects: afterwards the newest record of each key in the live output is that of the version that came, and whoever follows the topic learns no more and no less than that.
import fc from 'fast-check'
import { json, keyValueStore, type Log, string } from 'millrace'
import { describe, expect, test } from 'vitest'
import { start } from '../support/applications.ts'
import { openTestLog } from '../support/open.ts'
import { besideIt, folded, type Make, put, recordsOf, summing, sums } from '../support/table-versions.ts'
import { rejectionOf } from '../support/thrown.ts'
import { topologyOf } from '../support/topology.ts'

const outputs = 'correct'
const all: Make = (value) => value
const doubled: Make = (value) => value * 2

async function liveWith(make: Make, ...entries: (readonly [key: string, value: number])[]) {
  const { log, embedded } = openTestLog()
  await put(log, ...entries)
  const old = await start(log, summing(make))
  await old.caughtUp()
  return { log, embedded, old }
}

async function healthy(log: Log): Promise<void> {
  expect((await log.admin.verify({ deep: true })).problems).toEqual([])
}

describe('a switch that corrects', () => {
  test('appends the newest record of each key that differs, deletes those that only the old version has, and leaves the rest', async () => {
    const { log, old } = await liveWith(all, ['same', 1], ['other', 2], ['gone', 3], ['other', 4])
    const make: Make = (value, key) => (key === 'same' ? value : key === 'other' ? value * 10 : undefined)
    const v2 = await besideIt(log, (value, key) => make(value, key))
    const before = await recordsOf(log)
    const planned = await log.admin.switchVersion('app', 'v2', { outputs, dryRun: true })
    expect(planned).toMatchObject({
      refusals: [],
      positions: [],
      corrections: [{ topic: 'sums', keys: 2, deletes: 1 }],
    })
    expect(planned.topics).toEqual([{ topic: 'sums', records: 6, recordsBefore: 4 }])
    expect([old.state, await recordsOf(log)]).toEqual(['running', before])
    expect(await v2.switch({ outputs })).toEqual(planned)
    expect(await rejectionOf(old.stopped)).toMatchObject({ code: 'superseded' })
    const appended = (await recordsOf(log)).slice(before.length)
    const times = new Map(before.map(({ key, timestamp }) => [key, timestamp]))
    expect(appended.toSorted((a, b) => (a.key < b.key ? -1 : 1))).toEqual([
      { key: 'gone', value: null, timestamp: times.get('gone'), switched: '1' },
      { key: 'other', value: 60, timestamp: times.get('other'), switched: '1' },
    ])
    await healthy(log)
  })

  test('lets the new version write on in the topic, and its own is gone', async () => {
    const { log } = await liveWith(all, ['a', 1], ['b', 2])
    const v2 = await besideIt(log, doubled)
    await v2.switch({ outputs })
    await put(log, ['a', 5])
    await v2.caughtUp()
    expect(folded(await recordsOf(log))).toEqual({ a: 12, b: 4 })
    const topics = (await log.admin.listTopics({ hidden: true })).map(({ name }) => name)
    expect(topics).toEqual(['numbers', 'sums', 'sums@app@v1'])
    await healthy(log)
  })

  test('and what it has corrected are told with the application', async () => {
    const { log } = await liveWith(all, ['a', 1], ['b', 2])
    const v2 = await besideIt(log, doubled)
    const { corrections } = await v2.switch({ outputs })
    const { switches } = await log.admin.describeApplication('app')
    expect(corrections).toMatchObject([{ topic: 'sums', keys: 2, deletes: 0 }])
    expect(switches).toMatchObject([{ number: 1, outputs: 'correct', corrections }])
  })

  test('is all that a group gets which follows the topic, and it needs not stop', async () => {
    const { log } = await liveWith(all, ['a', 1], ['b', 2], ['c', 3])
    const v2 = await besideIt(log, (value, key) => (key === 'b' ? undefined : key === 'c' ? 30 : value))
    const consumer = log.consumer({ group: 'billing', topics: [sums] })
    const seen: string[] = []
    for await (const { key, value } of consumer) {
      seen.push(`${key}=${String(value)}`)
      if (seen.length === 3) await v2.switch({ outputs })
      if (seen.length === 5) break
    }
    expect(seen.slice(3).toSorted()).toEqual(['b=null', 'c=30'])
    await consumer.close()
  })

  test('that finds no difference appends nothing', async () => {
    const { log } = await liveWith(all, ['a', 1], ['b', 2])
    const v2 = await besideIt(log, (value) => value)
    const before = await recordsOf(log)
    expect(await v2.switch({ outputs })).toMatchObject({ corrections: [{ keys: 0, deletes: 0, bytes: 0 }] })
    expect(await recordsOf(log)).toEqual(before)
  })

  test('lets an application that reads the topic go on, or start over with what is right now', async () => {
    const newest = keyValueStore('newest', { key: string(), value: json<number>() })
    const downstream = topologyOf((builder) =>
      builder
        .stream(sums)
        .groupByKey()
        .aggregate({
          initializer: () => 0,
          aggregator: (_, value, sum) => sum + (value ?? 0),
          value: newest.value,
          store: newest,
        }),
    )
    for (const reset of [[], ['downstream']]) {
      const { log } = await liveWith(all, ['a', 1], ['b', 2])
      const v2 = await besideIt(log, doubled)
      const reader = await start(log, downstream, { applicationId: 'downstream' })
      await reader.caughtUp()
      if (reset.length > 0) {
        const refused = await rejectionOf(v2.switch({ outputs, reset }))
        expect(refused).toMatchObject({ message: expect.stringContaining('is to start over, and runs') })
        await reader.close()
        // What it has counted goes with its positions, so it counts nothing twice.
        expect(await v2.switch({ outputs, reset })).toMatchObject({ reset, readers: [{ applicationId: 'downstream' }] })
        expect(log.store('downstream', newest).get('a')).toBeUndefined()
      } else await v2.switch({ outputs, reset })
      const again = reset.length > 0 ? await start(log, downstream, { applicationId: 'downstream' }) : reader
      await again.caughtUp()
      expect([...again.store(newest).range()]).toMatchObject([
        { key: 'a', value: 3 },
        { key: 'b', value: 6 },
      ])
      await healthy(log)
    }
  })

  test('finds what is still different when the live version has stopped', async () => {
    const { log, old } = await liveWith(all, ['a', 1])
    const v2 = await besideIt(log, doubled)
    await v2.close()
    await put(log, ['b', 2], ['a', 3])
    await old.caughtUp()
    const switching = log.admin.switchVersion('app', 'v2', { outputs })
    await besideIt(log, doubled)
    expect(await switching).toMatchObject({ corrections: [{ keys: 2 }] })
    expect(folded(await recordsOf(log))).toEqual({ a: 8, b: 4 })
  })
})

describe('a version is corrected to, however it came to be', () => {
  test('as a copy of the live one', async () => {
    const { log, old } = await liveWith(all, ['a', 1], ['b', 2])
    const v2 = await besideIt(log, doubled, { from: 'live' })
    await put(log, ['a', 5])
    await Promise.all([old.caughtUp(), v2.caughtUp()])
    expect(await v2.switch({ outputs })).toMatchObject({ corrections: [{ keys: 1, deletes: 0 }] })
    expect(folded(await recordsOf(log))).toEqual({ a: 11, b: 2 })
    await log.admin.switchBack('app')
    expect(folded(await recordsOf(log))).toEqual({ a: 6, b: 2 })
    await healthy(log)
  })

  test('with its output in a topic of the user, which stays', async () => {
    const { log } = await liveWith(all, ['a', 1], ['b', 2])
    const v2 = await besideIt(log, doubled, { outputs: { sums: 'trial' } })
    await v2.switch({ outputs })
    expect(folded(await recordsOf(log))).toEqual({ a: 2, b: 4 })
    expect(await recordsOf(log, 'trial')).toHaveLength(2)
  })

  test('after another one has replaced the topics', async () => {
    const { log } = await liveWith(all, ['a', 1], ['b', 2])
    await (await besideIt(log, doubled)).switch({ outputs: 'replace' })
    await (await besideIt(log, (value) => value * 3, { version: 'v3' })).switch({ outputs })
    expect(folded(await recordsOf(log))).toEqual({ a: 3, b: 6 })
    await log.admin.switchBack('app')
    expect(folded(await recordsOf(log))).toEqual({ a: 2, b: 4 })
    await healthy(log)
  })

  test('after the topics went on with another one', async () => {
    const { log } = await liveWith(all, ['a', 1], ['b', 2])
    const v2 = await besideIt(log, doubled)
    await v2.switch({ outputs: 'continue' })
    await put(log, ['a', 5])
    await v2.caughtUp()
    expect(folded(await recordsOf(log))).toEqual({ a: 12, b: 2 })
    await besideIt(log, all, { version: 'v1' })
    await log.admin.switchBack('app', { outputs })
    expect(folded(await recordsOf(log))).toEqual({ a: 6, b: 2 })
  })
})

describe('the way back', () => {
  test('is the same the other way: the topic says again what the old version has', async () => {
    const { log } = await liveWith(all, ['a', 1], ['b', 2])
    const v2 = await besideIt(log, (value, key) => (key === 'a' ? undefined : value * 2))
    await v2.switch({ outputs })
    expect(folded(await recordsOf(log))).toEqual({ b: 4 })
    const back = await log.admin.switchBack('app')
    expect(back).toMatchObject({ outputs, from: 'v2', to: 'v1', corrections: [{ keys: 2, deletes: 0 }] })
    expect(folded(await recordsOf(log))).toEqual({ a: 1, b: 2 })
    expect((await recordsOf(log)).slice(-2).map(({ switched }) => switched)).toEqual(['2', '2'])
    await healthy(log)
  })

  test('needs the old version to have read what the new one has', async () => {
    const { log } = await liveWith(all, ['a', 1])
    const v2 = await besideIt(log, doubled)
    await v2.switch({ outputs })
    await put(log, ['a', 3], ['b', 4])
    await v2.caughtUp()
    expect(await rejectionOf(log.admin.switchBack('app', { patienceMs: 0 }))).toMatchObject({ code: 'behind' })
    const v1 = await besideIt(log, all, { version: 'v1' })
    expect(await v1.compare()).toMatchObject({ topics: [{ name: 'sums', different: 2, onlyHere: 0, onlyLive: 0 }] })
    await log.admin.switchBack('app')
    await put(log, ['b', 5])
    await v1.caughtUp()
    expect(folded(await recordsOf(log))).toEqual({ a: 4, b: 9 })
  })

  test('cannot take the topic of the old version alone, which lacks what came before', async () => {
    const { log } = await liveWith(all, ['a', 1], ['b', 2])
    const v2 = await besideIt(log, doubled)
    await v2.switch({ outputs })
    const plan = await log.admin.switchBack('app', { outputs: 'replace', dryRun: true })
    expect(plan.refusals).toEqual([expect.stringContaining('what came before is in "sums" only')])
  })

  test('whatever came between, the topic always says what a fold over the records of the live version would', async () => {
    const makes: readonly Make[] = [all, doubled, (value, key) => (key < 'c' ? value : undefined)]
    const key = fc.constantFrom('a', 'b', 'c', 'd', 'e')
    const step = fc.oneof(
      {
        weight: 3,
        arbitrary: fc.array(fc.tuple(key, fc.integer({ min: -2, max: 3 })), { minLength: 1, maxLength: 5 }),
      },
      { weight: 2, arbitrary: fc.nat({ max: 1 }) },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 7 }), async (steps) => {
        const { log } = openTestLog()
        const entries: (readonly [string, number])[] = [['a', 1]]
        await put(log, ...entries)
        const first = await start(log, summing(all))
        await first.caughtUp()
        let live = { version: 'v1', make: all, caughtUp: () => first.caughtUp() }
        let kept = [
          { version: 'v2', make: doubled },
          { version: 'v3', make: makes[2] ?? all },
        ]
        for (const one of steps) {
          if (typeof one === 'number') {
            const to = kept[one] ?? { version: 'v2', make: doubled }
            const run = await besideIt(log, to.make, { version: to.version })
            await run.switch({ outputs })
            kept = [...kept.filter(({ version }) => version !== to.version), { version: live.version, make: live.make }]
            live = { ...to, caughtUp: () => run.caughtUp() }
          } else {
            entries.push(...one)
            await put(log, ...one)
          }
          await live.caughtUp()
          expect(folded(await recordsOf(log))).toEqual(naive(entries, live.make))
        }
        await healthy(log)
      }),
      { numRuns: 6 },
    )
  })
})

/** What sums are there after all of this; those of 0 are deleted, and begin again. */
function naive(
  entries: readonly (readonly [key: string, value: number])[],
  make: Make,
): Readonly<Record<string, number>> {
  const made = entries.flatMap(([key, value]) => {
    const one = make(value, key)
    return one === undefined ? [] : [{ key, value: one }]
  })
  const totals = new Map<string, number>()
  for (const { key, value } of made) {
    const sum = (totals.get(key) ?? 0) + value
    if (sum === 0) totals.delete(key)
    else totals.set(key, sum)
  }
  return folded([...totals].map(([key, value]) => ({ key, value })))
}
