// Maintenance is done by one process at a time, goes on when that one dies, and tells what it cannot do.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ManualClock, minutes, openLog, seconds, string, topic } from 'millrace'
import { expect, onTestFinished, test, vi } from 'vitest'
import { MillraceError } from '../../../src/core/errors.ts'
import { MaintenanceLease } from '../../../src/log/cleaning/maintenance-lease.ts'
import { maintenanceWarning } from '../../../src/log/cleaning/maintenance.ts'
import { openEnvironment, openTestLog } from '../../support/open.ts'
import { startProgram } from '../../support/program.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

const everySecond = { everyMs: seconds(1) }
const nowMs = minutes(1_000)

test('one process does it at a time, and another goes on when the lease has run out', () => {
  const dir = temporaryDirectory()
  const clock = new ManualClock(nowMs)
  const done: string[] = []
  const [one, two] = ['one', 'two'].map((name) => {
    const { embedded } = openTestLog(dir, { clock })
    embedded.maintenance.add({
      *steps() {
        for (;;) {
          done.push(name)
          yield
        }
      },
    })
    return embedded
  })
  one?.maintenance.start(everySecond)
  clock.advance(seconds(5))
  two?.maintenance.start(everySecond)
  clock.advance(minutes(2))
  expect(new Set(done)).toEqual(new Set(['one']))
  one?.maintenance.stop()
  done.length = 0
  clock.advance(minutes(1))
  expect(new Set(done)).toEqual(new Set(['two']))
})

test('a lease that another clock gave far into the future keeps nobody away', () => {
  const environment = openEnvironment()
  new MaintenanceLease(environment, new ManualClock(nowMs + minutes(500))).hold()
  expect(new MaintenanceLease(environment, new ManualClock(nowMs)).isFree()).toBe(true)
  new MaintenanceLease(environment, new ManualClock(nowMs)).hold()
  expect(new MaintenanceLease(environment, new ManualClock(nowMs)).isFree()).toBe(false)
  expect(new MaintenanceLease(environment, new ManualClock(nowMs + seconds(5))).isFree()).toBe(true)
})

test('nothing is written when nothing is due', () => {
  const clock = new ManualClock(nowMs)
  const { embedded, environment } = openTestLog(temporaryDirectory(), { clock })
  embedded.ensureTopics([{ name: 'quiet', partitions: 4 }])
  let commits = 0
  onTestFinished(environment.onCommit(() => commits++))
  embedded.maintenance.start(everySecond)
  clock.advance(minutes(10))
  expect(commits).toBe(0)
})

test('it pauses for three times as long as a step has worked, not for as long as others kept it waiting', () => {
  const clock = new ManualClock(nowMs)
  const { embedded, environment } = openTestLog(temporaryDirectory(), { clock })
  let timeMs = 0
  let waitedMs = 0
  vi.spyOn(performance, 'now').mockImplementation(() => timeMs)
  vi.spyOn(environment, 'waitedMs', 'get').mockImplementation(() => waitedMs)
  onTestFinished(() => void vi.restoreAllMocks())
  const steps = [10, 30, 0]
  embedded.maintenance.add({
    *steps() {
      for (const workedMs of steps) {
        timeMs += workedMs + 40
        waitedMs += 40
        yield
      }
    },
  })
  const schedule = vi.spyOn(clock, 'schedule')
  embedded.maintenance.start(everySecond)
  clock.advance(seconds(1) + 200)
  expect(schedule.mock.calls.map(([delayMs]) => delayMs)).toEqual([1_000, 30, 90, 1, 1_000])
})

test('a failure is told once, and keeps neither the other jobs nor the next round', async () => {
  const clock = new ManualClock(nowMs)
  const { embedded } = openTestLog(temporaryDirectory(), { clock })
  const seen: string[] = []
  const listen = (warning: Error & { code?: string }): void => {
    if (warning.code === maintenanceWarning) seen.push(warning.message)
  }
  process.on('warning', listen)
  onTestFinished(() => void process.off('warning', listen))
  let rounds = 0
  embedded.maintenance.add({
    // oxlint-disable-next-line require-yield
    *steps() {
      throw new MillraceError('damaged', 'it is damaged')
    },
  })
  embedded.maintenance.add({ steps: () => (rounds++, []) })
  embedded.maintenance.start(everySecond)
  clock.advance(seconds(5))
  await new Promise((resolve) => {
    setImmediate(resolve)
  })
  expect(rounds).toBe(5)
  expect(seen).toEqual([expect.stringContaining('it is damaged')])
  await expect(embedded.maintenance.run()).rejects.toMatchObject({ code: 'damaged' })
  expect(rounds).toBe(6)
})

test('options that are none are refused, and the directory is not opened for them', async () => {
  const { embedded } = openTestLog()
  for (const options of [{ everyMs: 0 }, { everyMs: 1.5 }, { every: 5 }]) {
    expect(() => embedded.maintenance.start(options as object)).toThrow(expect.objectContaining({ code: 'bad_option' }))
    const dir = join(temporaryDirectory(), 'log')
    await expect(openLog(dir, { maintenance: options as object })).rejects.toMatchObject({ code: 'bad_option' })
    expect(existsSync(dir)).toBe(false)
  }
})

test('it keeps no process alive', async () => {
  const program = startProgram('open-and-leave', [temporaryDirectory()])
  expect(await program.exited).toEqual({ code: 0, signal: null })
})

test('a topic that is deleted while it is cleaned is no failure', async () => {
  const { log, embedded } = openTestLog()
  const table = topic('table', { key: string(), value: string(), cleanupPolicy: 'compact' })
  const records = Array.from({ length: 3_000 }, (_, index) => ({ key: `${index}`, value: 'x' }))
  await log.producer({ batchBytes: 1 }).sendMany(table, records)
  const cleaning = log.admin.runMaintenance()
  embedded.topics.delete('table')
  await cleaning
  await log.admin.runMaintenance()
  expect(embedded.environment.keys('batches', Buffer.of(0), Buffer.alloc(30, 255), 10)).toEqual([])
})
