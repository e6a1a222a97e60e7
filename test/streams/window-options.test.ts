// Windows and retentions that cannot work are refused where they are written.
import {
  days,
  int64,
  minutes,
  seconds,
  sessionStore,
  SessionWindows,
  string,
  TimeWindows,
  windowed,
  windowStore,
} from 'millrace'
import { describe, expect, test } from 'vitest'
import { errorOf } from '../support/thrown.ts'
import { input, type Script, topologyOf } from '../support/topology.ts'

type Options = Parameters<typeof TimeWindows.of>[0]

const wrong: readonly (readonly [Options, string])[] = [
  [{ size: 0 }, 'the size of a window is 0; expected a whole number from 1'],
  [{ size: -5 }, 'the size of a window is -5'],
  [{ size: 1.5 }, 'the size of a window is 1.5'],
  [{ size: Number.NaN }, 'the size of a window is NaN'],
  [{ size: Number.POSITIVE_INFINITY }, 'the size of a window is Infinity'],
  [{} as Options, 'the size of a window is undefined'],
  [{ size: 10, advance: 0 }, 'the advance of a window is 0'],
  [{ size: 10, advance: -1 }, 'the advance of a window is -1'],
  [{ size: 10, advance: 11 }, 'the advance of a window, 11 ms, is larger than its size, 10 ms'],
  [{ size: 1_000_001, advance: 10 }, 'a record would belong to more than 100000 windows; choose a larger advance'],
  [{ size: 10, grace: -1 }, 'the grace of a window is -1; expected a whole number from 0'],
  [{ size: 10, grace: 0.5 }, 'the grace of a window is 0.5'],
  [{ size: 10, offset: -1 }, 'the offset of windows is -1'],
  [{ size: 10, advance: 5, offset: 5 }, 'the offset of windows, 5 ms, is not smaller than their advance, 5 ms'],
  [{ size: 10, sise: 5 } as Options, 'TimeWindows.of has no option "sise"; it takes size, advance, offset, grace'],
]

test.each(wrong)('TimeWindows.of(%o) is refused', (options, message) => {
  expect(errorOf(() => TimeWindows.of(options))).toMatchObject({
    code: 'bad_option',
    message: expect.stringContaining(message),
  })
})

test('TimeWindows.of without options is refused', () => {
  const untyped = (options: unknown): unknown => TimeWindows.of(options as Options)
  for (const options of [undefined, null, 60_000]) {
    expect(errorOf(() => untyped(options))).toMatchObject({ code: 'bad_option' })
  }
})

test('the defaults are tumbling windows without grace', () => {
  expect(TimeWindows.of({ size: 10 })).toMatchObject({ sizeMs: 10, advanceMs: 10, graceMs: 0 })
  expect(TimeWindows.of({ size: 10, advance: 3, grace: 4 })).toMatchObject({ sizeMs: 10, advanceMs: 3, graceMs: 4 })
  expect(Object.isFrozen(TimeWindows.of({ size: 10 }))).toBe(true)
})

test('windowedBy takes windows only, and says how to make some', () => {
  const grouped = () =>
    topologyOf((builder) =>
      builder
        .stream(input)
        .groupByKey()
        .windowedBy({ size: 5 } as never),
    )
  expect(errorOf(grouped)).toMatchObject({
    code: 'bad_option',
    message: expect.stringContaining('TimeWindows.of({ size: minutes(1) })'),
  })
})

test('a windowed serde needs a size that can be', () => {
  for (const size of [0, -1, 1.5])
    expect(errorOf(() => windowed(string(), { size }))).toMatchObject({ code: 'bad_option' })
})

describe('retentionMs', () => {
  const windows = TimeWindows.of({ size: minutes(1), grace: seconds(10) })
  const retentionOf = (retentionMs?: number): number | undefined =>
    topologyOf((builder) =>
      builder
        .stream(input)
        .groupByKey()
        .windowedBy(windows)
        .count(retentionMs === undefined ? {} : { retentionMs }),
    ).stores[0]?.spec.layout.retentionMs

  test('is at least what closing a window needs', () => {
    expect(errorOf(() => retentionOf(69_999))).toMatchObject({
      code: 'bad_option',
      message: expect.stringMatching(/retentionMs is 69999.*closes after 70000 ms/),
    })
    expect(retentionOf(70_000)).toBe(70_000)
    for (const retentionMs of [-1, 0, 70_000.5]) {
      expect(errorOf(() => retentionOf(retentionMs))).toMatchObject({ code: 'bad_option' })
    }
  })

  test('is what the store says, of windows, sessions and cogroups, and the two may not differ', () => {
    const serdes = { key: string(), value: int64() }
    const perMinute = windowStore('per-minute', { ...serdes, retentionMs: days(3) })
    const visits = sessionStore('visits', { ...serdes, retentionMs: days(4) })
    const together = windowStore('together', { ...serdes, retentionMs: days(5) })
    const topology = topologyOf((builder) => {
      const grouped = builder.stream(input).groupByKey()
      grouped.windowedBy(windows).count({ store: perMinute, retentionMs: days(3) })
      grouped.windowedBy(SessionWindows.of({ gap: minutes(1) })).count({ store: visits })
      grouped
        .cogroup<number>((_key, _value, sum) => sum + 1)
        .windowedBy(windows)
        .aggregate({ initializer: () => 0, store: together })
    })
    expect(topology.stores.map(({ spec }) => [spec.name, spec.layout.retentionMs])).toEqual([
      ['per-minute', days(3)],
      ['visits', days(4)],
      ['together', days(5)],
    ])
    const differing: Script = (builder) =>
      builder
        .stream(input)
        .groupByKey()
        .windowedBy(windows)
        .count({ store: perMinute, retentionMs: days(2) })
    expect(errorOf(() => topologyOf(differing))).toMatchObject({ code: 'bad_option', store: 'per-minute' })
    const short = windowStore('short', { ...serdes, retentionMs: 69_999 })
    expect(
      errorOf(() =>
        topologyOf((builder) => builder.stream(input).groupByKey().windowedBy(windows).count({ store: short })),
      ),
    ).toMatchObject({ code: 'bad_option', message: expect.stringMatching(/69999/) })
  })

  test('of a store for distinct is refused, because within decides', () => {
    const store = windowStore('seen', { key: string(), value: int64(), retentionMs: days(3) })
    const script: Script = (builder) => builder.stream(input).distinct({ id: ({ key }) => key, within: 5, store })
    expect(errorOf(() => topologyOf(script))).toMatchObject({ code: 'bad_option', store: 'seen' })
  })

  test('is a day, or what closing needs when that is more', () => {
    expect(retentionOf()).toBe(days(1))
    const weekly = TimeWindows.of({ size: days(7), grace: days(1) })
    const topology = topologyOf((builder) => builder.stream(input).groupByKey().windowedBy(weekly).count())
    expect(topology.stores[0]?.spec.layout.retentionMs).toBe(days(8))
  })
})
