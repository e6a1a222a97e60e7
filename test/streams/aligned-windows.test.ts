// Windows that follow from the clock: the grid may be shifted, and one window may last for ever.
import { int64, string, TimeWindows, topic, UnlimitedWindows, windowed, windowStore } from 'millrace'
import { describe, expect, test } from 'vitest'
import { errorOf } from '../support/thrown.ts'
import { briefly, drive, input, topologyOf } from '../support/topology.ts'

const store = windowStore('rows', { key: string(), value: int64() })

/** The windows of counts of one record at each time, as `[start,end)=count`. */
function countsOf(windows: TimeWindows | UnlimitedWindows, times: readonly number[]): unknown {
  const driver = drive((builder) => builder.stream(input).groupByKey().windowedBy(windows).count({ store }))
  for (const timestamp of times) driver.inputTopic(input).pipeInput({ key: 'a', value: 'x', timestamp })
  const { dropped } = driver.metrics()
  const rows = driver.store(store).fetch('a')
  return [...rows.map(({ key, value }) => `[${key.window.start},${key.window.end})=${value}`), dropped]
}

describe('windows with an offset', () => {
  test('start there, and a whole number of advances later', () => {
    const tumbling = TimeWindows.of({ size: 10, offset: 3, grace: 100 })
    expect(countsOf(tumbling, [3, 12, 13, 25])).toEqual(['[3,13)=2', '[13,23)=1', '[23,33)=1', {}])
    const hopping = TimeWindows.of({ size: 10, advance: 5, offset: 2, grace: 100 })
    expect(countsOf(hopping, [2, 13])).toEqual(['[2,12)=1', '[7,17)=1', '[12,22)=1', {}])
  })

  test('do not take what comes before the first of them, and count it', () => {
    const windows = TimeWindows.of({ size: 10, offset: 3 })
    expect(countsOf(windows, [2, 0, 3])).toEqual(['[3,13)=1', { 'input.count': { no_window: 2 } }])
  })

  test('close like others', () => {
    const windows = TimeWindows.of({ size: 10, offset: 3, grace: 5 })
    expect(countsOf(windows, [5, 17, 6, 18, 7])).toEqual(['[3,13)=2', '[13,23)=2', { 'input.count': { late: 1 } }])
  })
})

describe('an unlimited window', () => {
  const end = Number.MAX_SAFE_INTEGER

  test('takes every record from its start on, for ever, in whatever order', () => {
    const times = [5, 10, Number.MAX_SAFE_INTEGER, 12]
    expect(countsOf(UnlimitedWindows.of({ start: 10 }), times)).toEqual([
      `[10,${end})=3`,
      { 'input.count': { no_window: 1 } },
    ])
    expect(countsOf(UnlimitedWindows.of(), [0])).toEqual([`[0,${end})=1`, {}])
  })

  test('is written with the serde of its windows', () => {
    const windows = UnlimitedWindows.of()
    const totals = topic('totals', { key: windowed(string(), windows), value: int64() })
    const driver = drive((builder) =>
      builder.stream(input).groupByKey().windowedBy(windows).count().toStream().to(totals),
    )
    driver.inputTopic(input).pipeInput({ key: 'a', value: 'x', timestamp: 7 })
    expect(briefly(driver.outputTopic(totals).readRecords())).toEqual([
      `{"key":"a","window":{"start":0,"end":${end}}}=1@7`,
    ])
  })

  test('has neither a retention nor a close', () => {
    const grouped = (): unknown =>
      topologyOf((builder) =>
        builder.stream(input).groupByKey().windowedBy(UnlimitedWindows.of()).count({ retentionMs: 10 }),
      )
    expect(errorOf(grouped)).toMatchObject({ code: 'bad_option' })
    const closing = (): unknown =>
      topologyOf((builder) =>
        builder.stream(input).groupByKey().windowedBy(UnlimitedWindows.of()).emitStrategy('onWindowClose').count(),
      )
    expect(errorOf(closing)).toMatchObject({ code: 'bad_option', message: expect.stringContaining('never closes') })
    expect(errorOf(() => UnlimitedWindows.of({ start: -1 }))).toMatchObject({ code: 'bad_option' })
  })
})
