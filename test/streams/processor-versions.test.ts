// A store of versions in the hands of a processor: what was the value at a time, within the history.
import { int64, json, string, topic, versionedStore } from 'millrace'
import { describe, expect, test } from 'vitest'
import { errorOf } from '../support/thrown.ts'
import { briefly, drive, output, type Script } from '../support/topology.ts'

interface Ask {
  readonly put?: number | null
  readonly at: number
}

const asks = topic('asks', { key: string(), value: json<Ask>() })
const prices = versionedStore('prices', { key: string(), value: int64(), historyMs: 100 })

/** Puts a version, or writes what was the newest at a time. */
const asking: Script = (builder) =>
  builder
    .stream(asks)
    .process<string, string>(
      (context) => {
        const versions = context.store(prices)
        return {
          process({ key, value: { put, at } }) {
            if (put !== undefined) versions.put(key, put, at)
            else {
              const row = versions.row(key, { asOf: at })
              context.forward({ key, value: row === undefined ? 'none' : `${row.value} from ${row.timestamp}` })
            }
          },
        }
      },
      { stores: [prices], name: 'own' },
    )
    .to(output)

describe('a store of versions', () => {
  test('answers as of any time within the history, deletes too, and after a crash', () => {
    const driver = drive(asking, { stateCacheBytes: 0 })
    const ask = (value: Ask, timestamp: number): void =>
      driver.inputTopic(asks).pipeInput({ key: 'a', value, timestamp })
    ask({ put: 1, at: 10 }, 10)
    ask({ put: 3, at: 30 }, 30)
    ask({ put: null, at: 50 }, 50)
    ask({ put: 2, at: 20 }, 51)
    driver.crash()
    for (const at of [9, 10, 20, 29, 30, 49, 50]) ask({ at }, 52)
    expect(briefly(driver.outputTopic(output).readRecords()).map((line) => line.split(/[=@]/)[1])).toEqual([
      'none',
      '1 from 10',
      '2 from 20',
      '2 from 20',
      '3 from 30',
      '3 from 30',
      'none',
    ])
    expect(driver.store(prices).get('a')).toBeUndefined()
    expect(driver.store(prices).get('a', { asOf: 49 })).toBe(3)
  })

  test('forgets what ended before the history, by the stream time of the task, and keeps nothing that is put there', () => {
    const driver = drive(asking)
    const ask = (value: Ask, timestamp: number): void =>
      driver.inputTopic(asks).pipeInput({ key: 'a', value, timestamp })
    ask({ put: 1, at: 10 }, 10)
    ask({ put: 2, at: 20 }, 120)
    ask({ at: 19 }, 120)
    ask({ at: 20 }, 120)
    ask({ put: 5, at: 19 }, 121)
    ask({ at: 19 }, 121)
    expect(briefly(driver.outputTopic(output).readRecords()).map((line) => line.split(/[=@]/)[1])).toEqual([
      'none',
      '2 from 20',
      'none',
    ])
    expect(driver.store(prices).get('a', { asOf: 19 })).toBeUndefined()
    expect(driver.store(prices).get('a')).toBe(2)
  })

  test('of a table is read, and cannot be written', () => {
    const source = topic('source', { key: string(), value: int64() })
    const driver = drive((builder) => {
      builder.table(source, { store: prices, versioned: { historyMs: 100 } })
      asking(builder)
    })
    const ask = (value: Ask): void => driver.inputTopic(asks).pipeInput({ key: 'a', value, timestamp: 30 })
    driver.inputTopic(source).pipeInput({ key: 'a', value: 1, timestamp: 10 })
    driver.inputTopic(source).pipeInput({ key: 'a', value: 2, timestamp: 20 })
    for (const at of [9, 15, 25]) ask({ at })
    expect(briefly(driver.outputTopic(output).readRecords())).toEqual(['a=none@30', 'a=1 from 10@30', 'a=2 from 20@30'])
    expect(errorOf(() => ask({ put: 5, at: 30 }))).toMatchObject({ code: 'bad_option', store: 'prices' })
  })
})
