// How long something took: percentiles of the last five minutes, and buckets since the start.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Durations } from '../../src/core/durations.ts'
import { asFigures, type DurationFigures } from '../../src/core/figures.ts'

const minuteMs = 60_000

function countUpTo({ buckets }: DurationFigures, upToMs: number): number | undefined {
  return buckets.find(([end]) => end === upToMs)?.[1]
}

describe('the percentiles', () => {
  test('are those of the last five minutes, to two digits', () => {
    const durations = new Durations()
    for (let ms = 1; ms <= 100; ms++) durations.record(ms, 0)
    const { count, totalMs, p50Ms, p99Ms, maxMs } = durations.figures(minuteMs)
    expect({ count, totalMs, maxMs }).toEqual({ count: 100, totalMs: 5_050, maxMs: 100 })
    expect(p50Ms).toBeGreaterThanOrEqual(50)
    expect(p50Ms).toBeLessThan(50.5)
    expect(p99Ms).toBeGreaterThanOrEqual(99)
    expect(p99Ms).toBeLessThanOrEqual(100)
  })

  test('forget what is older, minute by minute, and what only rises goes on', () => {
    const durations = new Durations()
    durations.record(400, 0)
    durations.record(20, 3 * minuteMs)
    expect(durations.figures(5 * minuteMs - 1).maxMs).toBe(400)
    expect(durations.figures(5 * minuteMs)).toMatchObject({ count: 2, totalMs: 420, p50Ms: 20, p99Ms: 20, maxMs: 20 })
    durations.record(7, 5 * minuteMs) // in the place of the minute that is forgotten
    expect(durations.figures(8 * minuteMs)).toMatchObject({ count: 3, totalMs: 427, p50Ms: 7, maxMs: 7 })
    expect(durations.figures(100 * minuteMs)).toMatchObject({ count: 3, p50Ms: 0, p99Ms: 0, maxMs: 0 })
  })

  test('take what is shorter than a microsecond, and what is longer than an hour', () => {
    const durations = new Durations()
    durations.record(0, 0)
    expect(durations.figures(0)).toMatchObject({ p50Ms: 0, maxMs: 0 })
    durations.record(10_000_000, 0)
    expect(durations.figures(0)).toMatchObject({ count: 2, totalMs: 10_000_000, maxMs: 10_000_000 })
  })
})

describe('the buckets', () => {
  test('are cumulative, in steps of 1, 2 and 5, and what is at an end belongs to it', () => {
    const durations = new Durations()
    for (const ms of [0.1, 0.15, 1, 1.01, 50_000, 50_001]) durations.record(ms, 0)
    const figures = durations.figures(0)
    const ends = figures.buckets.map(([end]) => end)
    expect(ends.slice(0, 7)).toEqual([0.1, 0.2, 0.5, 1, 2, 5, 10])
    expect(ends.at(-1)).toBe(50_000)
    expect([0.1, 0.2, 0.5, 1, 2, 50_000].map((end) => countUpTo(figures, end))).toEqual([1, 2, 2, 3, 4, 5])
    expect(figures.count).toBe(6)
  })
})

test('whatever is measured, in whatever order of minutes, adds up', () => {
  const measured = fc.record({ ms: fc.double({ min: 0, max: 100_000, noNaN: true }), waitMs: fc.nat(400_000) })
  fc.assert(
    fc.property(fc.array(measured, { maxLength: 60 }), (list) => {
      const durations = new Durations()
      let nowMs = 0
      const recent: { readonly ms: number; readonly minute: number }[] = []
      for (const { ms, waitMs } of list) {
        nowMs += waitMs
        durations.record(ms, nowMs)
        recent.push({ ms, minute: Math.floor(nowMs / minuteMs) })
      }
      const figures = durations.figures(nowMs)
      const lately = recent.filter(({ minute }) => minute > Math.floor(nowMs / minuteMs) - 5).map(({ ms }) => ms)
      expect(figures.count).toBe(list.length)
      expect(figures.maxMs).toBe(Math.max(0, ...lately))
      expect(figures.p50Ms).toBeLessThanOrEqual(figures.p99Ms)
      expect(figures.p99Ms).toBeLessThanOrEqual(figures.maxMs)
      for (const [end, count] of figures.buckets) expect(count).toBe(list.filter(({ ms }) => ms <= end).length)
    }),
  )
})

describe('stored figures', () => {
  const durations = new Durations().figures(0)
  const figures = {
    atMs: 1,
    rates: { oneMinute: 0, fiveMinutes: 0 },
    turn: durations,
    commit: durations,
    appendToCommit: durations,
    busy: 0.5,
    operators: { a: { records: 3, busy: 0.25 } },
    stores: { s: { cacheHits: 1, cacheMisses: 2, cachedBytes: 3 } },
    calls: { c: { open: 1, oldestMs: 20 } },
  }

  test('are read as they were written', () => {
    expect(asFigures(JSON.parse(JSON.stringify(figures)))).toEqual(figures)
  })

  test('are none where a field is missing or is no amount, at whatever depth', () => {
    const wrong = [undefined, null, -1, 'much', {}, Number.NaN, [[1]], { a: 1 }]
    const fields = Object.keys(figures)
    for (const field of fields) {
      const others = wrong.filter(
        (value) => JSON.stringify(value) !== '{}' || !['operators', 'stores', 'calls'].includes(field),
      )
      for (const value of others) expect(asFigures({ ...figures, [field]: value })).toBeUndefined()
    }
    expect(asFigures({ ...figures, turn: { ...durations, buckets: [[1]] } })).toBeUndefined()
    expect(asFigures({ ...figures, operators: { a: { records: 3 } } })).toBeUndefined()
    expect(asFigures([])).toBeUndefined()
    expect(asFigures('figures')).toBeUndefined()
  })
})
