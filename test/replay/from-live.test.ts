// A version that begins with a copy of the live state has all of it, of one moment, whatever the live version does meanwhile.
import fc from 'fast-check'
import { keyValueStore, type Log, string, StreamsBuilder, type Topology } from 'millrace'
import { describe, expect, test, vi } from 'vitest'
import { start, turns } from '../support/applications.ts'
import { counted, counting, wordCounts } from '../support/counted-words.ts'
import { openTestLog } from '../support/open.ts'
import { startReplay } from '../support/replays.ts'
import { rejectionOf } from '../support/thrown.ts'
import { words } from '../support/topics.ts'

const from = 'live'

async function say(log: Log, count: number, base: number): Promise<void> {
  const at = (i: number) => ({ key: `word ${(base + i) % 3_000}`, value: 'x', timestamp: base + i })
  await log.producer().sendMany(
    words,
    Array.from({ length: count }, (_, i) => at(i)),
  )
}

/** Counts each word twice from now on. */
const twice = (): Topology => {
  const builder = new StreamsBuilder()
  builder
    .stream(words)
    .flatMapValues(({ value }) => [value, value])
    .groupByKey()
    .count({ store: wordCounts })
    .toStream()
    .to(counted)
  return builder.build()
}

describe('a copy of the live version', () => {
  test('has its rows, positions and counters, and its outputs begin with what that one has written', async () => {
    const { log } = openTestLog()
    await say(log, 5_000, 0)
    const app = await start(log, counting)
    await app.caughtUp()
    const v2 = await startReplay(log, counting, { from })
    expect([...v2.store(wordCounts).range()]).toEqual([...app.store(wordCounts).range()])
    expect(v2.progress()).toMatchObject({ done: 0, lag: 0 })
    expect(v2.metrics().consumed).toEqual(app.metrics().consumed)
    const report = await v2.compare()
    expect(report.isEqual).toBe(true)
    expect(report.topics).toMatchObject([{ name: 'counted', equal: 3_000 }])
    await say(log, 100, 0)
    await app.caughtUp()
    await v2.caughtUp()
    expect(await v2.compare()).toMatchObject({ isEqual: true, topics: [{ equal: 3_000 }], stores: [{ equal: 3_000 }] })
    expect((await log.admin.verify({ deep: true })).problems).toEqual([])
  })

  test('is of one moment while the live version goes on', async () => {
    const { log } = openTestLog()
    await say(log, 4_000, 0)
    const app = await start(log, counting, { commit: { everyRecords: 50 } })
    await app.caughtUp()
    const copy = { isDone: false }
    const goingOn = (async () => {
      for (let round = 0; !copy.isDone; round++) {
        await say(log, 200, 4_000 + round * 200)
        await turns(2)
      }
    })()
    const v2 = await startReplay(log, counting, { from })
    copy.isDone = true
    await goingOn
    await app.caughtUp()
    await v2.caughtUp()
    expect([...v2.store(wordCounts).range()]).toEqual([...app.store(wordCounts).range()])
    expect(await v2.compare()).toMatchObject({ isEqual: true })
  })

  test('reads no more in its last transaction than what has changed meanwhile', async () => {
    const { log, embedded, environment } = openTestLog()
    await say(log, 5_000, 0)
    const app = await start(log, counting)
    await app.caughtUp()
    await app.close()
    let isWriting = false
    let rowsRead = 0
    const write = environment.write.bind(environment)
    vi.spyOn(environment, 'write').mockImplementation((work) => {
      isWriting = true
      try {
        return write(work)
      } finally {
        isWriting = false
      }
    })
    const range = embedded.state.range.bind(embedded.state)
    vi.spyOn(embedded.state, 'range').mockImplementation((...question) => {
      const rows = range(...question)
      if (isWriting) rowsRead += rows.length
      return rows
    })
    await embedded.copyLive({ applicationId: 'app', version: 'v2' })
    expect(rowsRead).toBe(0)
    vi.restoreAllMocks()
    const v2 = await startReplay(log, counting, { from })
    expect([...v2.store(wordCounts).range()]).toHaveLength(3_000)
  })

  test('runs other code from then on', async () => {
    const { log } = openTestLog()
    await say(log, 3_000, 0)
    const app = await start(log, counting)
    await app.caughtUp()
    const v2 = await startReplay(log, twice(), { from })
    await say(log, 3_000, 0)
    await app.caughtUp()
    await v2.caughtUp()
    expect([app.store(wordCounts).get('word 7'), v2.store(wordCounts).get('word 7')]).toEqual([2, 3])
    expect(await v2.compare({ samples: 0 })).toMatchObject({ stores: [{ different: 3_000, onlyLive: 0 }] })
  })

  test('that is broken off in the middle, wherever, begins again', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 4 }), async (steps) => {
        const { log, embedded } = openTestLog()
        await say(log, 3_000, 0)
        const app = await start(log, counting)
        await app.caughtUp()
        let left = steps
        const begin = embedded.state.begin.bind(embedded.state)
        const spy = vi.spyOn(embedded.state, 'begin').mockImplementation((transaction) => {
          if (left-- === 0) throw new Error('broken off')
          return begin(transaction)
        })
        await expect(startReplay(log, counting, { from })).rejects.toThrow('broken off')
        spy.mockRestore()
        expect(embedded.applications.find('app@v2')?.replay).toMatchObject({ isCopying: true })
        const plan = await log.admin.switchVersion('app', 'v2', { outputs: 'continue', dryRun: true })
        expect(plan.refusals).toContainEqual(expect.stringContaining('not copied whole'))
        expect(await rejectionOf(startReplay(log, counting))).toMatchObject({ code: 'bad_option' })
        await say(log, 1_000, 500)
        await app.caughtUp()
        const v2 = await startReplay(log, counting, { from })
        expect([...v2.store(wordCounts).range()]).toEqual([...app.store(wordCounts).range()])
        expect((await log.admin.verify({ deep: true })).problems).toEqual([])
        await v2.close()
        await app.close()
      }),
      { numRuns: 4 },
    )
  })

  test('goes on where it was after a restart, and is not copied again', async () => {
    const { log } = openTestLog()
    await say(log, 3_000, 0)
    const app = await start(log, counting)
    await app.caughtUp()
    await (await startReplay(log, twice(), { from })).close()
    await say(log, 3_000, 0)
    await app.caughtUp()
    const v2 = await startReplay(log, twice(), { from })
    await v2.caughtUp()
    expect(v2.store(wordCounts).get('word 7')).toBe(3)
    expect(v2.progress()).toMatchObject({ done: 3_000 })
    expect(await rejectionOf(startReplay(log, twice()))).toMatchObject({ code: 'bad_option' })
  })
})

test('there is nothing to copy without a live version', async () => {
  const { log } = openTestLog()
  expect(await rejectionOf(startReplay(log, counting, { from }))).toMatchObject({ code: 'application_unknown' })
})

test('the live state has to fit the topology', async () => {
  const { log } = openTestLog()
  await say(log, 10, 0)
  await (await start(log, counting)).caughtUp()
  const builder = new StreamsBuilder()
  const other = keyValueStore('word-counts', { key: string(), value: string() })
  builder
    .stream(words)
    .groupByKey()
    .reduce((_, value) => value, { store: other })
  expect(await rejectionOf(startReplay(log, builder.build(), { from }))).toMatchObject({ code: 'plan_changed' })
})

test("a switch to it continues the live version's topics, and cannot replace them", async () => {
  const { log } = openTestLog()
  await say(log, 10, 0)
  const app = await start(log, counting)
  await app.caughtUp()
  const v2 = await startReplay(log, counting, { from })
  const refusals = [expect.stringContaining('is in "counted" only')]
  expect(await log.admin.switchVersion('app', 'v2', { outputs: 'replace', dryRun: true })).toMatchObject({ refusals })
  const stopped = rejectionOf(app.stopped)
  await log.admin.switchVersion('app', 'v2', { outputs: 'continue' })
  expect(await stopped).toMatchObject({ code: 'superseded' })
  await say(log, 10, 0)
  await v2.caughtUp()
  expect(v2.store(wordCounts).get('word 7')).toBe(2)
})

test('a topology that reads what it writes is refused: what the live version has yet to read of it would be lost', async () => {
  const { log } = openTestLog()
  await say(log, 10, 0)
  const app = await start(log, counting)
  await app.caughtUp()
  const builder = new StreamsBuilder()
  builder.stream(words).groupByKey().count({ store: wordCounts }).toStream().to(counted)
  builder.stream(counted).foreach(() => undefined)
  const looping = startReplay(log, builder.build(), { from, effects: 'skip' })
  expect(await rejectionOf(looping)).toMatchObject({
    code: 'bad_option',
    message: expect.stringContaining('reads "counted", which it writes'),
  })
  expect((await log.admin.applications())[0]?.versions).toHaveLength(1)
  expect((await log.admin.listTopics({ hidden: true })).map(({ name }) => name)).toEqual(['counted', 'words'])
})
