// A switch, and the plan of one, that is given up by its signal: wherever it is, nothing has been exchanged.
import { expect, onTestFinished, test, vi } from 'vitest'
import { WorkSlice } from '../../src/core/work-slice.ts'
import { start } from '../support/applications.ts'
import { applicationId, beside, counting, countOf, say } from '../support/counting-versions.ts'
import { openTestLog } from '../support/open.ts'
import { aroundTransactions } from '../support/switch-transactions.ts'
import { besideIt, put, summing } from '../support/table-versions.ts'
import { rejectionOf } from '../support/thrown.ts'

const why = new Error('no one waits for it any longer')
const outputs = 'replace'

async function world() {
  const { log, embedded } = openTestLog()
  await say(log, 'a')
  const live = await start(log, counting(1))
  await live.caughtUp()
  return { log, embedded, live, v2: await beside(log) }
}

test('before it begins, and where the signal is none', async () => {
  const { live, v2 } = await world()
  for (const dryRun of [false, true]) {
    await expect(v2.switch({ outputs, dryRun, signal: AbortSignal.abort(why) })).rejects.toBe(why)
  }
  expect(await rejectionOf(v2.switch({ outputs, signal: {} as AbortSignal }))).toMatchObject({ code: 'bad_option' })
  expect(live.state).toBe('running')
})

test('while the outputs are read for a correction: the rest is not read', async () => {
  const { log } = openTestLog()
  await put(log, ...Array.from({ length: 400 }, (_, at) => [`k${at}`, 1] as const))
  const live = await start(
    log,
    summing((value) => value),
  )
  await live.caughtUp()
  const v2 = await besideIt(log, (value) => value * 2)
  const stop = new AbortController()
  const isOver = vi.spyOn(WorkSlice.prototype, 'isOver', 'get').mockReturnValue(true)
  const next = vi.spyOn(WorkSlice.prototype, 'next').mockImplementation(async () => stop.abort(why))
  onTestFinished(() => void vi.restoreAllMocks())
  for (const dryRun of [true, false]) {
    await expect(v2.switch({ outputs: 'correct', dryRun, signal: stop.signal })).rejects.toBe(why)
  }
  expect(next).toHaveBeenCalledTimes(1)
  isOver.mockRestore()
  next.mockRestore()
  expect(live.state).toBe('running')
  expect(await v2.switch({ outputs: 'correct', dryRun: true })).toMatchObject({ corrections: [{ keys: 400 }] })
})

test('while it waits for the version that comes: the live one goes on', async () => {
  const { log, live, v2 } = await world()
  await v2.close()
  await say(log, 'a')
  await live.caughtUp()
  const stop = new AbortController()
  const switching = log.admin.switchVersion(applicationId, 'v2', { outputs, signal: stop.signal })
  setImmediate(() => stop.abort(why)) // it is waiting by then
  await expect(switching).rejects.toBe(why)
  expect(live.state).toBe('running')
})

test('after the live version was stopped: that can be started again', async () => {
  const { log, embedded, live, v2 } = await world()
  const stop = new AbortController()
  aroundTransactions(embedded, {
    before: (index) => {
      if (index === 1) stop.abort(why)
    },
  })
  await expect(v2.switch({ outputs, signal: stop.signal })).rejects.toBe(why)
  expect(await rejectionOf(live.stopped)).toMatchObject({ code: 'superseded' })
  expect(countOf(log, 'a')).toBe(1)
  await say(log, 'a')
  await (await start(log, counting(1))).caughtUp()
  expect(countOf(log, 'a')).toBe(2)
})
