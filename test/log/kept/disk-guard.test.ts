// Appends are refused before the disk is full: nothing is lost, the rest goes on, and appends come back by themselves.
import { ManualClock, minutes, seconds, string, topic } from 'millrace'
import { describe, expect, test } from 'vitest'
import { DiskGuard } from '../../../src/storage/disk-guard.ts'
import { start } from '../../support/applications.ts'
import { collect } from '../../support/collect.ts'
import { openTestLog } from '../../support/open.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { rejectionOf } from '../../support/thrown.ts'
import { topologyOf } from '../../support/topology.ts'

const mebibyte = 1_048_576
const text = { key: string(), value: string() }
const events = topic('events', text)
const copies = topic('copies', text)
const record = { key: 'a', value: 'x' }

const openLog = () => {
  const disk = { freeBytes: 1_000 * mebibyte }
  const clock = new ManualClock(0)
  const opened = openTestLog(temporaryDirectory(), { clock, freeDiskBytes: () => disk.freeBytes })
  return { ...opened, disk, clock }
}

describe('on a disk that is nearly full', () => {
  test('a send is refused with how much is left, and reading and deleting go on', async () => {
    const { log, disk, clock } = openLog()
    const producer = log.producer()
    await producer.send(events, record)
    disk.freeBytes = 50 * mebibyte
    clock.advance(seconds(1))
    const refused = await rejectionOf(producer.send(events, record))
    expect(refused).toMatchObject({ code: 'disk_full', message: expect.stringContaining('50 MiB') })
    expect(await collect(log.read(events))).toHaveLength(1)
    await log.admin.createTopic({ name: 'another' })
    await log.admin.deleteRecords(events, [{ partition: 0, beforeOffset: 1 }])
    await log.admin.runMaintenance()
    await log.admin.deleteTopic(events)
    expect(await log.admin.listTopics()).toMatchObject([{ name: 'another' }])
  })

  test('sends go on by themselves when there is room again', async () => {
    const { log, disk } = openLog()
    const producer = log.producer()
    disk.freeBytes = mebibyte
    await expect(producer.send(events, record)).rejects.toMatchObject({ code: 'disk_full' })
    disk.freeBytes = 65 * mebibyte
    expect(await producer.send(events, record)).toMatchObject({ offset: 0 })
  })

  test('an application stops with that error, and loses nothing', async () => {
    const { log, disk, clock } = openLog()
    const copying = topologyOf((builder) => builder.stream(events).to(copies))
    await log.producer().send(events, record)
    const app = await start(log, copying)
    await app.caughtUp()
    await log.producer().send(events, { key: 'b', value: 'y' })
    disk.freeBytes = mebibyte
    clock.advance(minutes(1))
    expect(await rejectionOf(app.stopped)).toMatchObject({ code: 'disk_full' })
    disk.freeBytes = 100 * mebibyte
    const again = await start(log, copying)
    await again.caughtUp()
    expect((await collect(log.read(copies))).map(({ value }) => value)).toEqual(['x', 'y'])
  })
})

describe('the guard', () => {
  const open = () => {
    const clock = new ManualClock(0)
    const space = { free: 1_000, reusable: 0, looks: 0 }
    const guard = new DiskGuard(
      '/data',
      { freeBytes: () => (space.looks++, space.free * mebibyte), reusableBytes: () => space.reusable * mebibyte },
      clock,
    )
    const isRefused = (bytes: number): boolean => {
      try {
        guard.check(bytes)
        return false
      } catch {
        return true
      }
    }
    return { clock, space, isRefused }
  }

  test('looks at the disk once a second, or every 16 MiB', () => {
    const { clock, space, isRefused } = open()
    for (let index = 0; index < 1_000; index++) isRefused(1_000)
    expect(space.looks).toBe(1)
    isRefused(16 * mebibyte)
    expect(space.looks).toBe(2)
    clock.advance(999)
    isRefused(1)
    expect(space.looks).toBe(2)
    clock.advance(1)
    isRefused(1)
    expect(space.looks).toBe(3)
  })

  test('keeps twice as much free as the largest append since the last look', () => {
    const { space, isRefused } = open()
    space.free = 64
    expect(isRefused(32 * mebibyte)).toBe(false)
    expect(isRefused(33 * mebibyte)).toBe(true)
    expect(isRefused(1)).toBe(false)
    space.free = 63
    expect(isRefused(16 * mebibyte)).toBe(true)
  })

  test('counts free pages of the file as room, unless the disk is all but full', () => {
    const { space, isRefused } = open()
    space.free = 20
    space.reusable = 200
    expect(isRefused(1)).toBe(true)
    space.reusable = 256
    expect(isRefused(1)).toBe(false)
    space.free = 10
    expect(isRefused(16 * mebibyte)).toBe(true)
  })
})

test('pages of deleted records count as reusable', async () => {
  const { log, environment } = openLog()
  const value = 'x'.repeat(100_000)
  await log.producer().sendMany(
    events,
    Array.from({ length: 100 }, () => ({ key: 'a', value })),
  )
  const before = environment.reusableBytes()
  await log.admin.deleteTopic(events)
  environment.refresh()
  expect(environment.reusableBytes() - before).toBeGreaterThan(9_000_000)
})
