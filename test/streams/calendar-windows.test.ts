// Calendar windows: days, weeks and months as the people of a time zone have them.
import fc from 'fast-check'
import { CalendarWindows, days, hours, int64, string, TimeWindows, topic, windowed, windowStore } from 'millrace'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { planKey } from '../../src/log/kept/application-rows.ts'
import { tellOfTimeZones, timeZonesOf } from '../../src/runtime/time-zones.ts'
import { start } from '../support/applications.ts'
import { openTestLog } from '../support/open.ts'
import { errorOf } from '../support/thrown.ts'
import { drive, input, topologyOf } from '../support/topology.ts'

type Options = Parameters<typeof CalendarWindows.of>[0]

const windowAt = (options: Options, time: string): [start: string, hours: number] => {
  const windows = CalendarWindows.of(options)
  const start = windows.firstStart(Date.parse(time))
  return [new Date(start).toISOString(), (windows.nextStart(start) - start) / 3_600_000]
}

describe('a calendar window', () => {
  test.each<[string, Options, string, string, number]>([
    ['a day', { unit: 'day', timeZone: 'Europe/Berlin' }, '2026-01-10T22:59:59.999Z', '2026-01-09T23:00:00.000Z', 24],
    [
      'a day with a lost hour',
      { unit: 'day', timeZone: 'Europe/Berlin' },
      '2026-03-29T12:00Z',
      '2026-03-28T23:00:00.000Z',
      23,
    ],
    [
      'a day with an hour twice',
      { unit: 'day', timeZone: 'Europe/Berlin' },
      '2026-10-25T12:00Z',
      '2026-10-24T22:00:00.000Z',
      25,
    ],
    [
      'a day without a midnight',
      { unit: 'day', timeZone: 'America/Sao_Paulo' },
      '2018-11-04T12:00Z',
      '2018-11-04T03:00:00.000Z',
      23,
    ],
    [
      'a day with two midnights',
      { unit: 'day', timeZone: 'America/St_Johns' },
      '2006-10-29T02:45Z',
      '2006-10-29T02:30:00.000Z',
      25,
    ],
    [
      'the hour before the second midnight',
      { unit: 'day', timeZone: 'America/St_Johns' },
      '2006-10-29T03:15Z',
      '2006-10-29T02:30:00.000Z',
      25,
    ],
    [
      'the day before a skipped date',
      { unit: 'day', timeZone: 'Pacific/Apia' },
      '2011-12-30T09:59Z',
      '2011-12-29T10:00:00.000Z',
      24,
    ],
    [
      'the day after a skipped date',
      { unit: 'day', timeZone: 'Pacific/Apia' },
      '2011-12-30T10:00Z',
      '2011-12-30T10:00:00.000Z',
      24,
    ],
    ['a week', { unit: 'week', timeZone: 'UTC' }, '2026-07-05T23:59Z', '2026-06-29T00:00:00.000Z', 168],
    [
      'a week from Sunday',
      { unit: 'week', timeZone: 'UTC', weekStart: 'sunday' },
      '2026-07-05T00:00Z',
      '2026-07-05T00:00:00.000Z',
      168,
    ],
    [
      'a month',
      { unit: 'month', timeZone: 'Europe/Berlin' },
      '2026-03-31T21:59Z',
      '2026-02-28T23:00:00.000Z',
      31 * 24 - 1,
    ],
    [
      'a day from six in the evening',
      { unit: 'day', timeZone: 'Europe/Zurich', dayStart: 64_800_000 },
      '2019-01-01T15:29Z',
      '2018-12-31T17:00:00.000Z',
      24,
    ],
    [
      'a day from six in the evening to the next, when clocks change',
      { unit: 'day', timeZone: 'Europe/Zurich', dayStart: 64_800_000 },
      '2019-03-30T17:00Z',
      '2019-03-30T17:00:00.000Z',
      23,
    ],
    [
      'a day whose beginning the clock skips',
      { unit: 'day', timeZone: 'Europe/Berlin', dayStart: 9_000_000 },
      '2026-03-29T12:00Z',
      '2026-03-29T01:00:00.000Z',
      23.5,
    ],
    [
      'a day whose beginning the clock shows twice',
      { unit: 'day', timeZone: 'Europe/Berlin', dayStart: 9_000_000 },
      '2026-10-25T01:10Z',
      '2026-10-25T00:30:00.000Z',
      25,
    ],
    [
      'a month from six in the morning',
      { unit: 'month', timeZone: 'UTC', dayStart: 21_600_000 },
      '2026-03-01T05:59Z',
      '2026-02-01T06:00:00.000Z',
      28 * 24,
    ],
    ['the first day', { unit: 'day', timeZone: 'Europe/Berlin' }, '1970-01-01T00:00Z', '1970-01-01T00:00:00.000Z', 23],
  ])('is %s', (_, options, time, start, hours) => {
    expect(windowAt(options, time)).toEqual([start, hours])
  })

  test('holds its times, and the next one begins where it ends', () => {
    const zones = fc.constantFrom('Europe/Berlin', 'America/St_Johns', 'Pacific/Apia', 'Asia/Kathmandu', 'UTC')
    const unit = fc.constantFrom('day' as const, 'week' as const, 'month' as const)
    const dayStart = fc.option(fc.integer({ min: 0, max: 86_399_999 }), { nil: undefined })
    fc.assert(
      fc.property(zones, unit, dayStart, fc.integer({ min: 0, max: Date.UTC(2040) }), (timeZone, one, from, time) => {
        const windows = CalendarWindows.of({ unit: one, timeZone, dayStart: from })
        const start = windows.firstStart(time)
        const end = windows.nextStart(start)
        expect(start <= time && time < end).toBe(true)
        expect([windows.firstStart(end - 1), windows.firstStart(end)]).toEqual([start, end])
      }),
      { numRuns: 50 },
    )
  })
})

test('records are counted by day, and written with the serde of the windows', () => {
  const windows = CalendarWindows.of({ unit: 'day', timeZone: 'Europe/Berlin', grace: 1_000 })
  const perDay = topic('per-day', { key: windowed(string(), windows), value: int64() })
  const store = windowStore('days', { key: string(), value: int64() })
  const driver = drive((builder) =>
    builder.stream(input).groupByKey().windowedBy(windows).count({ store }).toStream().to(perDay),
  )
  const [start, end] = [Date.parse('2026-10-24T22:00Z'), Date.parse('2026-10-25T23:00Z')]
  for (const timestamp of [start, end - 1, end, start + 1, end + 1_000, start + 2]) {
    driver.inputTopic(input).pipeInput({ key: 'a', value: 'x', timestamp })
  }
  expect(
    driver
      .store(store)
      .fetch('a')
      .map(({ key, value }) => [key.window, value]),
  ).toEqual([
    [{ start, end }, 3],
    [{ start: end, end: end + 24 * 3_600_000 }, 2],
  ])
  expect(driver.outputTopic(perDay).readRecords()[0]?.key).toEqual({ key: 'a', window: { start, end } })
  expect(driver.metrics().dropped).toEqual({ 'input.count': { late: 1 } })
  const serde = windowed(string(), windows)
  expect(errorOf(() => serde.encode({ key: 'a', window: { start, end: end + 1 } })).code).toBe('encode_failed')
  expect(errorOf(() => serde.decode(Buffer.concat([Buffer.from('a'), Buffer.alloc(7), Buffer.of(5)]))).code).toBe(
    'undecodable',
  )
})

test.each([
  { unit: 'hour', timeZone: 'UTC' },
  { unit: 'day', timeZone: 'Mars/Olympus' },
  { unit: 'day' },
  { unit: 'week', timeZone: 'UTC', weekStart: 'someday' },
  { unit: 'day', timeZone: 'UTC', grace: -1 },
  { unit: 'day', timeZone: 'UTC', dayStart: 86_400_000 },
])('CalendarWindows.of(%o) is refused', (options) => {
  expect(errorOf(() => CalendarWindows.of(options as never))).toMatchObject({ code: 'bad_option' })
})

test('days that begin at another time than before are another window, and midnight needs no word in the plan', async () => {
  const daily = (dayStart: number | undefined) =>
    topologyOf((builder) => {
      const windows = CalendarWindows.of({ unit: 'day', timeZone: 'UTC', dayStart })
      builder.stream(input).groupByKey().windowedBy(windows).count({ name: 'counts' })
    })
  const { log, embedded } = openTestLog()
  await (await start(log, daily(undefined))).close()
  expect(embedded.applications.plan('app')).not.toContain('day start')
  await (await start(log, daily(0))).close()
  await expect(start(log, daily(21_600_000))).rejects.toMatchObject({
    code: 'plan_changed',
    message: expect.stringContaining('day start is 21600000, was not there') as string,
  })
})

describe('rules of time zones', () => {
  const daily = (timeZone?: string) =>
    topologyOf((builder) => {
      const grouped = builder.stream(input).groupByKey()
      const windows =
        timeZone === undefined ? TimeWindows.of({ size: 5 }) : CalendarWindows.of({ unit: 'day', timeZone })
      grouped.windowedBy(windows).count({ name: 'counts' })
    })
  const started = async (timeZone: string | undefined, version: string) => {
    const { log, environment, embedded } = openTestLog()
    const warnings: string[] = []
    const listen = (warning: Error & { readonly code?: string }): void => {
      if (warning.code === 'MILLRACE_TIME_ZONES_CHANGED') warnings.push(warning.message)
    }
    process.on('warning', listen)
    onTestFinished(() => void process.off('warning', listen))
    const restart = async () => {
      await (await start(log, daily(timeZone))).close()
      await new Promise(setImmediate) // warnings come on a later tick
    }
    await restart()
    const plan = embedded.applications
      .plan('app')
      ?.replace(`"version":"${process.versions['tz']}"`, `"version":"${version}"`)
    environment.write((transaction) => transaction.put('applications', planKey('app'), Buffer.from(plan ?? '')))
    await restart()
    const first = warnings.splice(0)
    await restart()
    expect(warnings).toEqual([])
    return first
  }

  test('that have changed since the last start are told once, with the zones that they may matter to', async () => {
    const [warning, ...more] = await started('Europe/Berlin', '1999a')
    expect(warning).toMatch(/"app".*1999a.*Europe\/Berlin/)
    expect(warning).toContain(process.versions['tz'])
    expect(more).toEqual([])
  })

  test('are nothing to tell of when they are the same, or no window follows a calendar', async () => {
    expect(await started('Europe/Berlin', String(process.versions['tz']))).toEqual([])
    expect(await started(undefined, '1999a')).toEqual([])
  })

  test('of a zone that is new are nothing that was different before', () => {
    const zones = (topology: ReturnType<typeof daily>, version: string) => ({
      timeZones: timeZonesOf(topology, version),
    })
    const told = vi.spyOn(process, 'emitWarning').mockReturnValue()
    onTestFinished(() => told.mockRestore())
    tellOfTimeZones('app', zones(daily('Asia/Tokyo'), '1999a'), zones(daily('UTC'), '2000a'))
    tellOfTimeZones('app', zones(daily(), '1999a'), zones(daily('UTC'), '2000a'))
    expect(told).not.toHaveBeenCalled()
  })
})

test.each(['day', 'week', 'month'] as const)('a record of a time that has no date is in no %s, and dropped', (unit) => {
  const driver = drive((builder) =>
    builder
      .stream(input)
      .groupByKey()
      .windowedBy(CalendarWindows.of({ unit, timeZone: 'America/New_York', dayStart: hours(23) }))
      .count({ name: 'counts' }),
  )
  const lastDates = [8.64e15 - days(100) + 1, 8.64e15, 8.64e15 + 1, Number.MAX_SAFE_INTEGER]
  for (const timestamp of [0, 8.64e15 - days(100), ...lastDates]) {
    driver.inputTopic(input).pipeInput({ key: 'a', value: 'x', timestamp })
  }
  expect(driver.metrics().dropped).toEqual({ counts: { no_window: lastDates.length } })
})
