// Times as people type them into the page and the command: what is shown can be typed, and what is none is refused.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { shownTime } from '../../src/inspect/amounts.ts'
import { typedDuration, typedTime, typedTimeOrAge } from '../../src/inspect/typed-times.ts'

const minuteMs = 60_000

test('each time is read back from what is shown of it, in UTC and in the zone of this place', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.boolean(), (ms, isUtc) => {
      expect(typedTime(shownTime(ms, isUtc))).toBe(ms)
    }),
  )
})

test('a time has as many parts as one likes; without a zone it is of this place', () => {
  const localMs = new Date(2015, 4, 20, 13, 5).getTime()
  for (const text of ['2015-05-20 13:05', '2015-05-20T13:05', '2015-05-20 13:05:00', `${localMs}`, `${localMs} ms`]) {
    expect([text, typedTime(text)]).toEqual([text, localMs])
  }
  expect(typedTime('2015-05-20')).toBe(new Date(2015, 4, 20).getTime())
  expect(typedTime('2015-05-20T13:05:00.250Z')).toBe(Date.UTC(2015, 4, 20, 13, 5, 0, 250))
  expect(typedTime('2015-05-20 13:05+02:00')).toBe(Date.UTC(2015, 4, 20, 11, 5))
  expect(typedTime('2016-02-29 00:00Z')).toBe(Date.UTC(2016, 1, 29))
  expect(typedTime('17 ms')).toBe(17)
})

test('a time may be said by how long ago it was, which is never before there were times', () => {
  const nowMs = 100 * minuteMs
  for (const text of [
    '5 minutes ago',
    '5m ago',
    '5 m ago',
    '300s ago',
    '4 minutes 60 seconds ago',
    '0.5m 270000ms ago',
  ]) {
    expect([text, typedTimeOrAge(text, nowMs)]).toEqual([text, 95 * minuteMs])
  }
  expect(typedTimeOrAge('1h30m ago', nowMs)).toBe(10 * minuteMs)
  expect(typedTimeOrAge('1 Hour ago', nowMs)).toBe(40 * minuteMs)
  expect(typedTimeOrAge('2 weeks ago', nowMs)).toBe(0)
  expect(typedTimeOrAge('2015-05-20 13:05Z', nowMs)).toBe(Date.UTC(2015, 4, 20, 13, 5))
})

test('what is no time is refused, also a day that no month has', () => {
  for (const text of [
    '',
    ' ',
    'ago',
    'now',
    '2015',
    '20150520',
    '2015-02-29',
    '2015-04-31 10:00',
    '2015-13-01',
    '2015-05-20 25:00',
    '2015-05-20 13:60',
    '2015-05-20 13',
    '2015-05-20 13:05 o’clock',
    '13:05',
    '-1000000000',
    '1e12',
    '5 parsecs ago',
    '-5m ago',
    '5 ago',
    'm ago',
    '5mm ago',
    '99999999999999999999 ms',
    '9999999999999w ago',
  ]) {
    expect([text, typedTimeOrAge(text, Date.UTC(2026, 0))]).toEqual([text, undefined])
  }
})

test('a duration is read from what a unit begins with, or its whole name', () => {
  expect(['500ms', '30s', '90m', '1h30m', '7d', '2w', '1.5 hours', '1 millisecond'].map(typedDuration)).toEqual([
    500, 30_000, 5_400_000, 5_400_000, 604_800_000, 1_209_600_000, 5_400_000, 1,
  ])
  expect(['', '5', 'm', '5 min', '5msx', '1h 30'].map(typedDuration)).toEqual(new Array(6).fill(undefined))
})
