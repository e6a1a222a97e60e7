// A switch that is disturbed between stopping the live version and exchanging the two: it goes on, or says what to do, and nothing is lost.
import { type Clock, type Log, type Replay, systemClock } from 'millrace'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { partitionOf } from '../../src/core/partitioner.ts'
import { BatchBuilder } from '../../src/log/format/batch.ts'
import { partitionAt } from '../../src/log/format/partition-id.ts'
import type { EmbeddedLog } from '../../src/log/embedded-log.ts'
import { start, until } from '../support/applications.ts'
import { applicationId, beside, counting, countOf, say } from '../support/counting-versions.ts'
import { openTestLog } from '../support/open.ts'
import { aroundTransactions } from '../support/switch-transactions.ts'
import { besideIt, folded, put, recordsOf, summing } from '../support/table-versions.ts'
import { rejectionOf } from '../support/thrown.ts'

/** A clock whose time may jump, as for a process that stood still. */
class JumpingClock implements Clock {
  #aheadMs = 0

  jump(ms: number): void {
    this.#aheadMs += ms
  }

  now(): number {
    return systemClock.now() + this.#aheadMs
  }

  elapsed(): number {
    return systemClock.elapsed() + this.#aheadMs
  }

  schedule(...timer: Parameters<Clock['schedule']>): () => void {
    return systemClock.schedule(...timer)
  }
}

const outputs = 'replace'

describe('a switch', () => {
  test('whose process stands still after the live version was stopped has not waited meanwhile', async () => {
    const clock = new JumpingClock()
    const { log, embedded } = openTestLog(undefined, { clock })
    await say(log, 'a')
    const old = await start(log, counting(1))
    await old.caughtUp()
    let v2 = await beside(log)
    let again: Promise<Replay> | undefined
    aroundTransactions(embedded, {
      async before(index) {
        if (index > 0) return
        await v2.close()
        await say(log, 'a', 'a')
        await old.caughtUp()
      },
      after(index) {
        if (index > 0) return
        setImmediate(() => {
          clock.jump(600_000)
          again = beside(log)
        })
      },
    })
    await log.admin.switchVersion(applicationId, 'v2', { outputs })
    v2 = (await again) ?? v2
    expect(countOf(log, 'a')).toBe(30)
    expect(await rejectionOf(old.stopped)).toMatchObject({ code: 'superseded' })
  })

  test('comes to pass under traffic that never rests, though the two are never seen at the same place', async () => {
    const { log, embedded } = openTestLog()
    await say(log, 'a')
    await (await start(log, counting(1), { commit: { everyRecords: 1 } })).caughtUp()
    const v2 = await beside(log)
    const list = embedded.positions.list.bind(embedded.positions)
    let isStopped = false
    const spy = vi.spyOn(embedded.positions, 'list').mockImplementation((name) => {
      isStopped ||= embedded.applications.find(applicationId)?.retired === 'superseded'
      const found = list(name)
      if (name === applicationId || isStopped) return found
      return found.map((one) => ({ ...one, offset: Math.max(0, one.offset - 1) }))
    })
    const traffic = { isOver: false, words: 1 }
    const talking = (async () => {
      for (; !traffic.isOver; traffic.words++) await say(log, 'a')
    })()
    await v2.switch({ outputs }).finally(() => {
      traffic.isOver = true
      spy.mockRestore()
    })
    await talking
    await v2.caughtUp()
    expect(countOf(log, 'a')).toBe(10 * traffic.words)
  })

  test('to a version that has read more than the live one waits for that one, and does not stop it before', async () => {
    const { log } = openTestLog()
    await say(log, 'a')
    await (await start(log, counting(1))).caughtUp()
    const v2 = await beside(log)
    await v2.switch({ outputs })
    await say(log, 'a', 'a')
    await v2.caughtUp()
    await log.admin.switchBack(applicationId)
    const again = { outputs: 'continue' } as const
    const early = log.admin.switchVersion(applicationId, 'v2', { ...again, patienceMs: 0 })
    expect(await rejectionOf(early)).toMatchObject({
      code: 'behind',
      message: expect.stringMatching(/2 records apart\. Nothing has changed, and "v1" was not stopped/),
    })
    const switching = log.admin.switchVersion(applicationId, 'v2', again)
    await (await start(log, counting(1), { version: 'v1' })).caughtUp()
    await switching
    expect(countOf(log, 'a')).toBe(30)
  })

  test('stops a live version again that was started again, as whatever keeps it running does', async () => {
    const { log, embedded } = openTestLog()
    await say(log, 'a')
    await (await start(log, counting(1))).caughtUp()
    const v2 = await beside(log)
    const started: Promise<unknown>[] = []
    aroundTransactions(embedded, {
      async after(index) {
        if (index > 0) return
        const again = await start(log, counting(1))
        await say(log, 'a')
        await again.caughtUp()
        started.push(rejectionOf(again.stopped))
      },
    })
    await v2.switch({ outputs })
    expect(await Promise.all(started)).toMatchObject([{ code: 'superseded' }])
    expect(countOf(log, 'a')).toBe(20)
  })

  test('gives up where that never ends, and nothing has been exchanged', async () => {
    const { log, embedded } = openTestLog()
    await say(log, 'a')
    await (await start(log, counting(1))).caughtUp()
    const v2 = await beside(log)
    // Each time that it was stopped.
    let isNext = true
    aroundTransactions(embedded, {
      async after() {
        if (isNext) await start(log, counting(1))
        isNext = !isNext
      },
    })
    expect(await rejectionOf(v2.switch({ outputs }))).toMatchObject({
      code: 'switch_refused',
      message: expect.stringMatching(/it was started again during the switch.*start it again/),
    })
    const [app] = await log.admin.applications()
    expect(app).toMatchObject({ version: 'v1', state: 'running' })
    expect(countOf(log, 'a')).toBe(1)
  })

  test('to a version that does not come once the live one has stopped says so, and how to go on', async () => {
    const { log, embedded } = openTestLog()
    await say(log, 'a')
    const old = await start(log, counting(1))
    await old.caughtUp()
    const v2 = await beside(log)
    aroundTransactions(embedded, {
      async before(index) {
        if (index > 0) return
        await v2.close()
        await say(log, 'a', 'a')
        await old.caughtUp()
      },
    })
    const switching = log.admin.switchVersion(applicationId, 'v2', { outputs, patienceMs: 50 })
    expect(await rejectionOf(switching)).toMatchObject({
      code: 'behind',
      message: expect.stringMatching(/2 records apart\. "v1" was stopped for the switch.*see that "v2" runs/),
    })
    vi.restoreAllMocks()
    await beside(log)
    await log.admin.switchVersion(applicationId, 'v2', { outputs })
    expect(countOf(log, 'a')).toBe(30)
  })
})

describe('a correction', () => {
  async function correctable(): Promise<{ log: Log; embedded: EmbeddedLog; v2: Replay }> {
    const { log, embedded } = openTestLog()
    await put(log, ['a', 1], ['b', 2], ['a', 2], ['b', 3])
    await (
      await start(
        log,
        summing((value) => value),
      )
    ).caughtUp()
    return { log, embedded, v2: await besideIt(log, (value) => value * 2) }
  }

  /** Writes to a topic as the engine would. */
  function append(embedded: EmbeddedLog, name: string, key: string | null, value: number): void {
    const builder = new BatchBuilder('none')
    const bytes = Buffer.concat([Buffer.from(key ?? ''), Buffer.from(String(value))])
    const keyEnd = key === null ? -1 : key.length
    builder.append(1, bytes, 0, keyEnd, Math.max(0, keyEnd), bytes.length, [])
    const to = partitionAt(
      embedded.topics.describe(name),
      key === null ? 0 : partitionOf(Buffer.from(key), 0, key.length, 2),
    )
    const times = { nowMs: 1, usesAppendTime: false }
    embedded.environment.write((transaction) => embedded.partitions.append(transaction, to, [builder.build()], times))
  }

  test('compares again what was written to meanwhile, and gives up where that never ends', async () => {
    const { log, embedded, v2 } = await correctable()
    const disturb = { times: 2, count: 0 }
    aroundTransactions(embedded, {
      before(index) {
        if (index === 0 || disturb.count === disturb.times) return
        append(embedded, 'sums@app@v2', 'a', 100 + disturb.count++)
      },
    })
    disturb.times = Number.POSITIVE_INFINITY
    expect(await rejectionOf(v2.switch({ outputs: 'correct' }))).toMatchObject({
      code: 'switch_refused',
      message: expect.stringContaining('written to all the time'),
    })
    expect(folded(await recordsOf(log))).toEqual({ a: 3, b: 5 })
    disturb.times = disturb.count + 2
    await v2.switch({ outputs: 'correct' })
    expect(folded(await recordsOf(log))).toEqual({ a: 99 + disturb.count, b: 10 })
  })

  test('is refused when another writer comes in the middle, and the live version can be started again', async () => {
    const { log, embedded, v2 } = await correctable()
    aroundTransactions(embedded, {
      before: (index) => (index === 0 ? undefined : append(embedded, 'sums', 'mine', 7)),
    })
    expect(await rejectionOf(v2.switch({ outputs: 'correct' }))).toMatchObject({
      code: 'switch_refused',
      message: expect.stringContaining('records that application "app" has not written'),
    })
    const again = await start(
      log,
      summing((value) => value),
    )
    await put(log, ['a', 1])
    await again.caughtUp()
    expect(folded(await recordsOf(log))).toMatchObject({ a: 4, b: 5, mine: 7 })
  })

  test('of records without keys is refused, in a dry run and without', async () => {
    const { log, embedded, v2 } = await correctable()
    append(embedded, 'sums@app@v2', null, 7)
    const reason = 'has records without keys: they are events, which cannot be corrected'
    const plan = await log.admin.switchVersion('app', 'v2', { outputs: 'correct', dryRun: true })
    expect(plan.refusals).toEqual([expect.stringContaining(reason)])
    expect(await rejectionOf(v2.switch({ outputs: 'correct' }))).toMatchObject({
      code: 'switch_refused',
      message: expect.stringContaining(reason),
    })
    expect((await log.admin.applications())[0]).toMatchObject({ version: 'v1', state: 'running' })
  })

  test('where retention takes records whenever the outputs are compared is refused, and a comparison says so too', async () => {
    const { log, embedded, v2 } = await correctable()
    const refresh = embedded.refresh.bind(embedded)
    const sums = partitionAt(embedded.topics.describe('sums'), 0)
    const other = partitionAt(embedded.topics.describe('sums'), 1)
    const takeOne = (): void => {
      for (const partition of [sums, other]) {
        const { startOffset, endOffset } = embedded.partitions.row(partition)
        if (startOffset === endOffset) continue
        embedded.environment.write((transaction) =>
          embedded.retention.deleteBeforeIn(transaction, [{ partition, beforeOffset: startOffset + 1 }]),
        )
      }
      refresh()
    }
    await put(log, ...Array.from({ length: 100 }, (_, at) => [at % 2 === 0 ? 'a' : 'b', 1] as const))
    await v2.caughtUp()
    await until(() => v2.progress().lag === 0)
    const spy = vi.spyOn(embedded, 'refresh').mockImplementation(takeOne)
    onTestFinished(() => spy.mockRestore())
    const { topics } = await v2.compare()
    expect(topics).toMatchObject([{ incomparable: expect.stringContaining('took records away whenever') }])
    const plan = log.admin.switchVersion('app', 'v2', { outputs: 'correct', dryRun: true })
    expect(await rejectionOf(plan)).toMatchObject({
      code: 'switch_refused',
      message: expect.stringContaining('took records of "sums" away whenever it was compared'),
    })
  })
})
