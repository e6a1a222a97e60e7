// Sliding windows: one ends at each record, one begins right after it; what is in them is what lies there, whatever the
// order of the records.
import fc from 'fast-check'
import { int64, SlidingWindows, string, topic, windowed, windowStore } from 'millrace'
import type { TopologyTestDriver } from 'millrace/testing'
import { describe, expect, test } from 'vitest'
import { codecOf } from '../../src/core/serde.ts'
import { segmentLayout } from '../../src/plan/store-layout.ts'
import type { StoreSpec } from '../../src/plan/store.ts'
import { counting } from '../../src/streams/fold.ts'
import { slidingAggregation } from '../../src/streams/sliding-aggregate.ts'
import { carrierOf } from '../support/carriers.ts'
import { alone } from '../support/operator-double.ts'
import { errorOf } from '../support/thrown.ts'
import { drive, input, type Script, topologyOf } from '../support/topology.ts'

const store = windowStore('rows', { key: string(), value: int64() })

const counted =
  (windows: SlidingWindows, retentionMs?: number): Script =>
  (builder) => {
    const counts = topic('counts', { key: windowed(string(), windows), value: int64() })
    builder.stream(input).groupByKey().windowedBy(windows).count({ store, retentionMs }).toStream().to(counts)
  }

function feed(driver: TopologyTestDriver, ...records: readonly (readonly [key: string, timestamp: number])[]): void {
  for (const [key, timestamp] of records) driver.inputTopic(input).pipeInput({ key, value: 'x', timestamp })
}

const rowsOf = (driver: TopologyTestDriver, key: string): string[] =>
  driver
    .store(store)
    .fetch(key)
    .map((row) => `[${row.key.window.start},${row.key.window.end}]=${row.value}@${row.timestamp}`)

describe('a sliding window', () => {
  test('ends at each record, and begins right after one that others follow', () => {
    const driver = drive(counted(SlidingWindows.of({ difference: 10, grace: 50 })))
    feed(driver, ['a', 50], ['a', 58], ['b', 58], ['a', 54])
    expect(rowsOf(driver, 'a')).toEqual([
      '[40,50]=1@50',
      '[44,54]=2@54',
      '[48,58]=3@58',
      '[51,61]=2@58',
      '[55,65]=1@58',
    ])
    expect(rowsOf(driver, 'b')).toEqual(['[48,58]=1@58'])
  })

  test('closes when stream time is greater than its end and the grace, and is final then', () => {
    const driver = drive(counted(SlidingWindows.of({ difference: 10, grace: 5 })))
    feed(driver, ['a', 50], ['b', 55], ['a', 50])
    expect(rowsOf(driver, 'a')).toEqual(['[40,50]=2@50'])
    feed(driver, ['b', 56], ['a', 50])
    expect(rowsOf(driver, 'a')).toEqual(['[40,50]=2@50'])
    expect(driver.metrics().dropped).toEqual({ 'input.count': { late: 1 } })
  })

  test('never starts below 0, survives a crash, and may be of one moment', () => {
    const driver = drive(counted(SlidingWindows.of({ difference: 10, grace: 50 })))
    feed(driver, ['a', 3])
    driver.crash()
    feed(driver, ['a', 7])
    expect(rowsOf(driver, 'a')).toEqual(['[0,10]=2@7', '[4,14]=1@7'])
    const moments = drive(counted(SlidingWindows.of({ difference: 0, grace: 50 })))
    feed(moments, ['a', 3], ['a', 4], ['a', 3])
    expect(rowsOf(moments, 'a')).toEqual(['[3,3]=2@3', '[4,4]=1@4'])
  })
})

test('sliding windows hold what lies in them, whatever the order, and each change says what it replaced', () => {
  const records = fc.array(fc.nat({ max: 60 }), { minLength: 1, maxLength: 25 })
  fc.assert(
    fc.property(records, fc.nat({ max: 12 }), (times, difference) => {
      const windows = SlidingWindows.of({ difference, grace: 1_000 })
      const spec: StoreSpec = {
        kind: 'window',
        name: 'windows',
        keyCodec: codecOf(string()) as StoreSpec['keyCodec'],
        valueCodec: codecOf(int64()) as StoreSpec['valueCodec'],
        layout: segmentLayout(1_000_000),
        form: windows.form,
        facts: {},
      }
      const one = alone(slidingAggregation(spec, counting, windows), { wantsOld: true })
      for (const time of times) {
        const carrier = carrierOf<unknown, unknown>(string() as never, 'a', string() as never, 'x')
        carrier.timestamp = time
        one.feed(carrier)
      }
      const rows = new Map<number, unknown>()
      for (const { key, value, old } of one.caught) {
        const { start } = (key as { readonly window: { readonly start: number } }).window
        expect(old).toBe(rows.get(start) ?? null)
        rows.set(start, value)
      }
      const starts = new Set(times.flatMap((time) => [Math.max(0, time - difference), time + 1]))
      const counts = [...starts].map((start) => {
        const held = times.filter((time) => time >= start && time <= start + difference)
        return [start, held.length] as const
      })
      expect(rows).toEqual(new Map(counts.filter(([, count]) => count > 0)))
    }),
  )
})

test.each([
  [{ difference: -1 }, 'the difference of a sliding window is -1'],
  [{}, 'the difference of a sliding window is undefined'],
  [{ difference: 1, grace: 0.5 }, 'the grace of a window is 0.5'],
  [{ size: 1 }, 'SlidingWindows.of has no option "size"; it takes difference, grace'],
])('SlidingWindows.of(%o) is refused', (options, message) => {
  expect(errorOf(() => SlidingWindows.of(options as never))).toMatchObject({
    code: 'bad_option',
    message: expect.stringContaining(message),
  })
})

test('the retention of sliding windows is at least twice the difference and the grace', () => {
  const windows = SlidingWindows.of({ difference: 10, grace: 5 })
  expect(errorOf(() => topologyOf(counted(windows, 24)))).toMatchObject({ code: 'bad_option' })
  // What a late record looks back at is kept, even so.
  expect(topologyOf(counted(windows, 25)).stores[0]?.spec.layout.retentionMs).toBe(36)
})
