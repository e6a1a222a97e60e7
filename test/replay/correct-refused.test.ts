// What cannot be corrected is refused before anything is stopped, with what to do; what a version cannot know about is left alone.
import {
  json,
  type Log,
  nullable,
  SessionWindows,
  sessionWindowed,
  string,
  StreamsBuilder,
  TimeWindows,
  topic,
  type Topology,
  windowed,
} from 'millrace'
import { describe, expect, test } from 'vitest'
import { partitionsOf } from '../../src/log/format/partition-id.ts'
import { start } from '../support/applications.ts'
import { collect } from '../support/collect.ts'
import { openTestLog } from '../support/open.ts'
import { startReplay } from '../support/replays.ts'
import { besideIt, folded, type Make, numbers, put, recordsOf, summing, sums } from '../support/table-versions.ts'
import { rejectionOf } from '../support/thrown.ts'
import { topologyOf } from '../support/topology.ts'

const outputs = 'correct'
const all: Make = (value) => value
const doubled: Make = (value) => value * 2

/** A live version, and one beside it. */
async function twoVersions(live: Topology = summing(all), beside: Topology = summing(doubled)) {
  const { log, embedded } = openTestLog()
  await put(log, ['a', 1], ['b', 2])
  const old = await start(log, live)
  await old.caughtUp()
  const v2 = await startReplay(log, beside)
  await v2.caughtUp()
  return { log, embedded, old, v2 }
}

/** Says why, in a dry run and without; and the live version has not been stopped. */
async function refusedWith(log: Log, reason: string | RegExp, options: { readonly correctMaxBytes?: number } = {}) {
  const { refusals } = await log.admin.switchVersion('app', 'v2', { outputs, dryRun: true, ...options })
  expect(refusals).toEqual([expect.stringMatching(reason)])
  expect(await rejectionOf(log.admin.switchVersion('app', 'v2', { outputs, ...options }))).toMatchObject({
    code: 'switch_refused',
    message: expect.stringMatching(reason),
  })
  const [app] = await log.admin.applications()
  expect(app).toMatchObject({ version: 'v1', state: 'running' })
}

describe('a correction is refused', () => {
  const doublingEvents = topologyOf((builder) => builder.stream(numbers).to(sums))
  test.each([
    ['of events', doublingEvents, doublingEvents],
    ['where the live version has written events', doublingEvents, summing(doubled)],
    ['where the new version writes events', summing(all), doublingEvents],
  ])('%s, and says which ways there are', async (_, live, beside) => {
    const { log, v2 } = await twoVersions(live, beside)
    await refusedWith(log, /topic "sums" holds events/)
    expect(await rejectionOf(v2.switch({ outputs }))).toMatchObject({
      message: expect.stringMatching(/outputs: 'replace'.*outputs: 'continue'/),
    })
  })

  test('in a topic that others write to, whoever they are', async () => {
    const { log } = await twoVersions()
    await log.producer({ idempotent: false }).send(sums, { key: 'mine', value: 1 })
    await refusedWith(log, /records that application "app" has not written/)
    const { log: another } = await twoVersions()
    await (await start(another, summing(all), { applicationId: 'other' })).caughtUp()
    await refusedWith(another, /has not written, and "other" writes it too/)
  })

  test('to a version that was stopped, and has yet to read records that retention has taken', async () => {
    const { log, old, v2 } = await twoVersions()
    await v2.close()
    await put(log, ['a', 3], ['b', 4], ['c', 5])
    await old.caughtUp()
    const ends = await log.admin.endOffsets(numbers)
    await log.admin.deleteRecords(
      numbers,
      ends.map((beforeOffset, partition) => ({ partition, beforeOffset })),
    )
    const gone = 'version "v2" has yet to read records of "numbers" that are no longer there'
    for (const mode of ['correct', 'replace', 'continue'] as const) {
      const { obstacles } = await log.admin.switchVersion('app', 'v2', { outputs: mode, dryRun: true })
      expect(obstacles).toEqual([gone])
      expect(await rejectionOf(log.admin.switchVersion('app', 'v2', { outputs: mode }))).toMatchObject({
        code: 'switch_refused',
        message: expect.stringContaining(gone),
      })
    }
    expect(old.state).toBe('running')
  })

  test('where it takes more than one transaction is to hold, with how much it takes', async () => {
    const { log } = await twoVersions()
    const { corrections } = await log.admin.switchVersion('app', 'v2', { outputs, dryRun: true })
    const bytes = corrections[0]?.bytes ?? 0
    expect(bytes).toBeGreaterThan(0)
    await refusedWith(log, `take ${bytes} bytes, more than correctMaxBytes.*'replace'`, { correctMaxBytes: bytes - 1 })
    await log.admin.switchVersion('app', 'v2', { outputs, correctMaxBytes: bytes })
    expect(folded(await recordsOf(log))).toEqual({ a: 2, b: 4 })
  })

  test('where keys lie in other partitions', async () => {
    const { log } = openTestLog()
    await put(log, ['a', 1])
    await (await start(log, summing(all))).caughtUp()
    const trial = topic('trial', { key: string(), value: nullable(json<number>()), partitions: 3 })
    await besideIt(log, doubled, { outputs: { sums: trial } })
    await refusedWith(log, /"sums" has 2 partitions, and "trial".* has 3/)
  })

  test('of a topic that is not there, which a version has written elsewhere', async () => {
    const { log } = openTestLog()
    await put(log, ['a', 1])
    await (await start(log, summing(all))).caughtUp()
    const more = topic('more', { key: string(), value: nullable(json<number>()), partitions: 2 })
    await (await startReplay(log, summing(doubled, more), { outputs: { more: 'trial' } })).caughtUp()
    await refusedWith(log, 'topic "more" is not there: create it')
  })

  test('of a version whose output begins with a topic that was deleted, and a comparison says so', async () => {
    const { log, v2 } = await twoVersions()
    await v2.switch({ outputs })
    await (await besideIt(log, all, { version: 'v3' })).switch({ outputs: 'replace' })
    await v2.close().catch(() => undefined) // it was superseded
    await log.admin.deleteVersion('app', 'v2')
    const v1 = await besideIt(log, all, { version: 'v1' })
    const reason = 'the topic that it begins with was deleted'
    expect((await v1.compare()).topics).toMatchObject([{ name: 'sums', incomparable: expect.stringContaining(reason) }])
    const { refusals } = await log.admin.switchBack('app', { version: 'v1', outputs, dryRun: true })
    expect(refusals).toEqual([expect.stringContaining(reason)])
    expect(await rejectionOf(v1.switch({ outputs }))).toMatchObject({ code: 'switch_refused' })
  })

  test('of a version that lacks what came before, where keys are no windows', async () => {
    const { log } = openTestLog()
    await put(log, ['a', 1], ['b', 2])
    const time = Math.max(...(await collect(log.read(numbers))).map(({ timestamp }) => timestamp))
    await (await start(log, summing(all))).caughtUp()
    await besideIt(log, doubled, { from: { time } })
    await refusedWith(log, /did not begin at the beginning, and the keys of topic "sums" are no windows/)
  })

  test('where retention has taken records of the new version, which may be of the keys that it seems to lack', async () => {
    const { log, embedded } = await twoVersions()
    const hidden = partitionsOf(embedded.topics.describe('sums@app@v2'))
    const allOfIt = hidden.map((partition) => ({ partition, beforeOffset: embedded.endOffset(partition) }))
    embedded.environment.write((transaction) => embedded.retention.deleteBeforeIn(transaction, allOfIt))
    await refusedWith(log, /retention has deleted records.*2 keys which it seems to lack/)
  })

  test('back to a version whose past compaction has taken', async () => {
    const { log } = openTestLog()
    await log.admin.createTopic({ name: 'sums', partitions: 2, config: { cleanupPolicy: 'compact' } })
    await put(log, ['a', 1], ['b', 2])
    await (await start(log, summing(all))).caughtUp()
    const v2 = await besideIt(log, doubled)
    await v2.switch({ outputs })
    await log.admin.runMaintenance()
    // So far it has taken only what the correction stands for.
    const still = await log.admin.switchBack('app', { dryRun: true })
    expect(still).toMatchObject({ refusals: [], corrections: [{ keys: 2 }] })
    await put(log, ['a', 5])
    await v2.caughtUp()
    await log.admin.runMaintenance()
    const v1 = await besideIt(log, all, { version: 'v1' })
    const { refusals } = await log.admin.switchBack('app', { dryRun: true })
    expect(refusals).toEqual([expect.stringContaining('compaction has gone past that')])
    expect((await v1.compare()).topics).toMatchObject([{ incomparable: expect.stringContaining('compaction') }])
  })
})

describe('a version that did not begin at the beginning corrects', () => {
  const size = 10
  const read = async (log: Log, name: string, key: ReturnType<typeof windowed<string>>) => {
    const records = await collect(log.read(topic(name, { key, value: nullable(json<number>()) })))
    return folded(records.map(({ key: { key: of, window }, value }) => ({ key: `${of}@${window.start}`, value })))
  }

  const counting = (each: number, windows: TimeWindows | SessionWindows): Topology => {
    const builder = new StreamsBuilder()
    const grouped = builder
      .stream(numbers)
      .flatMapValues(({ value }) => Array<number>(each).fill(value))
      .groupByKey({ value: json<number>() })
    const counts =
      windows instanceof SessionWindows
        ? grouped.windowedBy(windows).count().toStream()
        : grouped.windowedBy(windows).count().toStream()
    const key = windows instanceof SessionWindows ? sessionWindowed(string()) : windowed(string(), { size })
    counts.to(topic('windows', { key, value: nullable(json<number>()), partitions: 2 }))
    return builder.build()
  }

  const run = async (windows: TimeWindows | SessionWindows, times: readonly number[], from: number) => {
    const { log } = openTestLog()
    await log.producer().sendMany(
      numbers,
      times.map((timestamp) => ({ key: 'a', value: 1, timestamp })),
    )
    await (await start(log, counting(1, windows))).caughtUp()
    const v2 = await startReplay(log, counting(10, windows), { from: { time: from } })
    await v2.caughtUp()
    await v2.switch({ outputs })
    return log
  }

  test('the windows that start then or later, and leaves the others alone', async () => {
    const log = await run(TimeWindows.of({ size }), [1, 11, 16, 21, 22, 31], 15)
    const found = await read(log, 'windows', windowed(string(), { size }))
    expect(found).toEqual({ 'a@0': 1, 'a@10': 2, 'a@20': 20, 'a@30': 10 })
  })

  test('the sessions that cannot go on with one from before', async () => {
    const log = await run(SessionWindows.of({ gap: 5 }), [1, 12, 16, 30, 31, 50], 15)
    const found = await read(log, 'windows', sessionWindowed(string()))
    expect(found).toEqual({ 'a@1': 1, 'a@12': 2, 'a@30': 20, 'a@50': 10 })
  })
})

describe('what an application has written counts as its own', () => {
  test('after it was reset', async () => {
    const { log, old, v2 } = await twoVersions()
    await v2.cancel()
    await old.close()
    await log.admin.resetApplication('app', { to: 'beginning' })
    await (await start(log, summing(all))).caughtUp()
    await (await besideIt(log, doubled)).switch({ outputs })
    expect(folded(await recordsOf(log))).toEqual({ a: 2, b: 4 })
  })

  test('after the version that wrote it was deleted, and what a switch wrote', async () => {
    const { log, old, v2 } = await twoVersions()
    await v2.switch({ outputs })
    await old.close().catch(() => undefined) // it was superseded
    await log.admin.deleteVersion('app', 'v1')
    await (await besideIt(log, all, { version: 'v3' })).switch({ outputs })
    expect(folded(await recordsOf(log))).toEqual({ a: 1, b: 2 })
  })
})
