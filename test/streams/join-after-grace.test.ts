// Records that are joined after a grace wait until the table had the time to learn what was true then, and meet that.
import { int64, nullable, string, topic } from 'millrace'
import type { TestDriverOptions } from 'millrace/testing'
import { describe, expect, test } from 'vitest'
import { errorOf } from '../support/thrown.ts'
import { briefly, drive, type Script, topologyOf } from '../support/topology.ts'

type Text = string | null
const orders = topic('orders', { key: nullable(string()), value: nullable(string()), partitions: 1 })
const prices = topic('prices', { key: string(), value: string(), partitions: 1 })
const out = topic('out', { key: nullable(string()), value: string() })
const versioned = { historyMs: 100 }

const pair = (left: Text, right: Text): string => {
  if (left === 'bad') throw new Error('not this one')
  return `${left}+${right}`
}

const joined =
  (verb: 'join' | 'leftJoin', graceMs = 10): Script =>
  (builder) => {
    const table = builder.table(prices, { versioned })
    const stream = builder.stream(orders)
    ;(verb === 'join' ? stream.join(table, pair, { graceMs }) : stream.leftJoin(table, pair, { graceMs })).to(out)
  }

function play(script: Script, options: TestDriverOptions = {}) {
  const driver = drive(script, options)
  const results = driver.outputTopic(out)
  const read = (): string[] => briefly(results.readRecords())
  return {
    driver,
    results,
    read,
    /** Pipes an order, and reads what comes out. */
    order: (key: Text, value: Text, timestamp: number): string[] => {
      const headers = [{ key: 'of', value: `${value}` }]
      driver.inputTopic(orders).pipeInput({ key, value, timestamp, headers })
      return read()
    },
    price: (key: string, value: Text, timestamp: number): void => {
      driver.inputTopic(prices).pipeInput({ key, value, timestamp })
    },
  }
}

describe('a record', () => {
  test('waits, and meets what its table learned meanwhile of its time', () => {
    const { order, price } = play(joined('join'))
    price('a', 'old', 0)
    expect(order('a', 'x', 50)).toEqual([])
    price('a', 'new', 40)
    price('a', 'newest', 60)
    expect(order('b', 'y', 59)).toEqual([])
    expect(order('b', 'z', 60)).toEqual(['a=x+new@50'])
  })

  test('comes out in the order of time, then of keys, then as it came', () => {
    const { order } = play(joined('leftJoin'))
    for (const [key, value, time] of [
      ['b', '1', 52],
      ['a', '2', 52],
      ['c', '3', 51],
      ['a', '4', 52],
    ] as const)
      expect(order(key, value, time)).toEqual([])
    expect(order('z', '5', 70)).toEqual(['c=3+null@51', 'a=2+null@52', 'a=4+null@52', 'b=1+null@52'])
  })

  test('that is late, or in a left join has no key, waits for nothing', () => {
    const { order, price } = play(joined('leftJoin'))
    price('a', 'T', 0)
    order('a', 'x', 50)
    expect(order('a', 'late', 39)).toEqual(['a=late+T@39'])
    expect(order('a', 'not late', 40)).toEqual(['a=not late+T@40'])
    expect(order(null, 'nobody', 60)).toEqual(['null=nobody+null@60', 'a=x+T@50'])
  })

  test('that is dropped moves time, and the next one lets go of what waits', () => {
    const { order, price } = play(joined('join'))
    price('a', 'T', 0)
    order('a', 'x', 50)
    expect(order('a', null, 70)).toEqual([])
    expect(order('a', 'y', 65)).toEqual(['a=x+T@50'])
    expect(order(null, 'nobody', 90)).toEqual([])
    expect(order('b', 'z', 85)).toEqual(['a=y+T@65'])
  })

  test('has its own headers when it comes out', () => {
    const { driver, order, results } = play(joined('leftJoin'))
    order('a', 'x', 50)
    driver.inputTopic(orders).pipeInput({ key: 'a', value: 'y', timestamp: 90, headers: [{ key: 'of', value: 'y' }] })
    const [first] = results.readRecords()
    expect(first?.headers.map(({ key, value }) => [key, Buffer.from(value ?? []).toString()])).toEqual([['of', 'x']])
  })

  test('of a grace of 0 meets the row of its time at once', () => {
    const { order, price } = play(joined('join', 0))
    price('a', 'T', 10)
    price('a', 'later', 30)
    expect(order('a', 'x', 20)).toEqual(['a=x+T@20'])
  })

  test('whose key was changed waits in the partition of its new key', () => {
    const wide = topic('wide', { key: string(), value: int64(), partitions: 3 })
    const { driver, order } = play((builder) => {
      const table = builder.table(wide, { versioned })
      builder
        .stream(orders)
        .selectKey(({ value }) => value)
        .join(table, (left, right) => `${left}+${right}`, { graceMs: 10, value: nullable(string()) })
        .to(out)
    })
    for (const key of ['a', 'b', 'c', 'd']) driver.inputTopic(wide).pipeInput({ key, value: 1, timestamp: 0 })
    for (const key of ['a', 'b', 'c', 'd']) order(null, key, 5)
    const all = ['a', 'b', 'c', 'd'].flatMap((key) => order(null, key, 50))
    expect(all.toSorted()).toEqual(['a', 'b', 'c', 'd'].map((key) => `${key}=${key}+1@5`))
  })
})

describe('what waits', () => {
  test('is still there after a crash, once', () => {
    const { driver, order, price, read } = play(joined('leftJoin'), { commit: 'manual' })
    price('a', 'T', 0)
    order('a', 'x', 50)
    order('b', 'y', 51)
    driver.commit()
    order('c', 'z', 60)
    driver.crash()
    driver.commit()
    expect(read()).toEqual(['a=x+T@50'])
    driver.crash()
    order('d', '!', 70)
    driver.commit()
    expect(read()).toEqual(['b=y+null@51', 'c=z+null@60'])
  })

  test('and fails, fails alone', () => {
    const { order } = play(joined('leftJoin'), { onError: 'skip' })
    for (const [key, value] of [
      ['a', 'x'],
      ['b', 'bad'],
      ['c', 'y'],
    ] as const)
      order(key, value, 50)
    expect(order('d', 'z', 60)).toEqual(['a=x+null@50', 'c=y+null@50'])
    expect(order('d', '!', 70)).toEqual(['d=z+null@60'])
  })

  test('may be more than one turn lets go of', () => {
    const many = Array.from({ length: 1_200 }, (_, at) => `${at}`)
    const { order } = play((builder) => {
      const table = builder.table(prices, { versioned })
      builder
        .stream(orders)
        .flatMapValues(() => many)
        .leftJoin(table, pair, { graceMs: 10, value: string() })
        .to(out)
    })
    expect(order('a', 'x', 50)).toEqual([])
    expect(order('b', 'y', 60)).toEqual(many.map((value) => `a=${value}+null@50`))
  })
})

describe('is refused when it is built', () => {
  test.each<[string, Script]>([
    [
      'for a table without versions',
      (builder) => builder.stream(orders).join(builder.table(prices), pair, { graceMs: 1 }),
    ],
    ['longer than the history', joined('join', 101)],
    ['below 0', joined('join', -1)],
  ])('a grace %s', (_what, script) => {
    expect(errorOf(() => topologyOf(script))).toMatchObject({
      code: 'bad_option',
      message: expect.stringContaining('graceMs'),
    })
  })
})
