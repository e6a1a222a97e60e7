// What a join of streams gives its joiner, what comes out, and what does not compile. The compiler checks this file; the
// refused calls stand in functions that nobody calls.
import {
  type GlobalKTable,
  int64,
  json,
  JoinWindows,
  type KStream,
  type KTable,
  nullable,
  StreamsBuilder,
  string,
  topic,
} from 'millrace'
import { describe, expectTypeOf, test } from 'vitest'

interface Order {
  readonly item: string
}

const orders = topic('orders', { key: string(), value: json<Order>() })
const payments = topic('payments', { key: string(), value: int64() })
const anything = topic('anything', { key: nullable(string()), value: nullable(int64()) })
const builder = new StreamsBuilder()
const left = builder.stream(orders)
const right = builder.stream(payments)
const window = JoinWindows.of({ difference: 1 })
const refused = (calls: () => unknown): void => void expectTypeOf(calls).toBeFunction()

describe('the joiner', () => {
  test('of an inner join gets both sides', () => {
    const joined = left.join(
      right,
      (order, paid, key) => {
        expectTypeOf(order).toEqualTypeOf<Order>()
        expectTypeOf(paid).toEqualTypeOf<number>()
        expectTypeOf(key).toEqualTypeOf<string>()
        return `${order.item} ${paid}`
      },
      { window },
    )
    expectTypeOf(joined).toEqualTypeOf<KStream<string, string, 'key'>>()
  })

  test('of a left join may get no right side, of an outer join neither', () => {
    left.leftJoin(
      right,
      (order, paid) => {
        expectTypeOf(order).toEqualTypeOf<Order>()
        expectTypeOf(paid).toEqualTypeOf<number | null>()
      },
      { window, name: 'left' },
    )
    left.outerJoin(
      right,
      (order, paid) => {
        expectTypeOf(order).toEqualTypeOf<Order | null>()
        expectTypeOf(paid).toEqualTypeOf<number | null>()
      },
      { window, name: 'outer' },
    )
  })

  test('gets no null where a null is dropped', () => {
    const any = builder.stream(anything)
    const inner = any.join(
      any,
      (one, other, key) => {
        expectTypeOf(one).toEqualTypeOf<number>()
        expectTypeOf(key).toEqualTypeOf<string>()
        return one + other
      },
      { window, name: 'any' },
    )
    expectTypeOf(inner).toEqualTypeOf<KStream<string, number, 'key'>>()
    const alone = any.leftJoin(
      any,
      (one, other, key) => {
        expectTypeOf(other).toEqualTypeOf<number | null>()
        expectTypeOf(key).toEqualTypeOf<string | null>()
        return one
      },
      { window, name: 'any-left' },
    )
    expectTypeOf(alone).toEqualTypeOf<KStream<string | null, number, 'key'>>()
  })
})

describe('a serde that a function has made', () => {
  const sum = (one: number, other: number): number => one + other

  test('is asked for, unless the other side knows the key', () => {
    const rekeyed = right.selectKey(({ value }) => `${value}`)
    const items = left.mapValues(({ value }) => value.item.length)
    rekeyed.join(right, sum, { window, name: 'known' })
    rekeyed.join(rekeyed, sum, { window, key: string(), name: 'given' })
    items.join(right, sum, { window, value: int64(), name: 'value' })
    right.join(items, sum, { window, otherValue: int64(), name: 'other' })
    refused(() => {
      // @ts-expect-error no side knows the key
      rekeyed.join(rekeyed, sum, { window })
      // @ts-expect-error the left values are new
      items.join(right, sum, { window })
      // @ts-expect-error the right values are new
      right.join(items, sum, { window, value: int64() })
      // @ts-expect-error a serde of another type
      items.join(right, sum, { window, value: string() })
    })
  })
})

describe('a join', () => {
  const pair = (one: Order, other: Order): string => one.item + other.item

  test('that does not exist does not compile', () => {
    const byNumber = right.selectKey(({ value }) => value)
    refused(() => {
      // @ts-expect-error a join of streams has a window
      left.join(left, pair, {})
      // @ts-expect-error and options
      left.join(left, pair)
      // @ts-expect-error windows have one form or the other
      JoinWindows.of({ difference: 1, before: 2 })
      // @ts-expect-error both bounds
      JoinWindows.of({ before: 2 })
      // @ts-expect-error a null is looked at
      left.leftJoin(left, pair, { window })
      // @ts-expect-error keys of another type
      left.join(byNumber, () => 0, { window })
      // @ts-expect-error a grouped stream is none
      left.join(right.groupByKey(), () => 0, { window })
      // @ts-expect-error late records are orders
      left.join(left, pair, { window, late: { left: payments } })
    })
  })
})

describe('a join with a table', () => {
  const stock = builder.table(topic('stock', { key: string(), value: json<{ readonly size: number }>() }))

  test('needs no options where nothing is regrouped', () => {
    const inner = left.join(stock, ({ item }, { size }, key) => `${key} ${item} ${size}`)
    expectTypeOf(inner).toEqualTypeOf<KStream<string, string, 'key'>>()
    const outer = left.leftJoin(stock, ({ item }, row) => {
      expectTypeOf(row).toEqualTypeOf<{ readonly size: number } | null>()
      return item.length
    })
    expectTypeOf(outer).toEqualTypeOf<KStream<string, number, 'key'>>()
  })

  test('needs the serde of values that wait for a grace', () => {
    const versions = topic('versions', { key: string(), value: json<{ readonly size: number }>() })
    const kept = builder.table(versions, { versioned: { historyMs: 1 } })
    const waiting = left.leftJoin(kept, ({ item }, row, key) => `${key} ${item} ${row?.size}`, { graceMs: 1 })
    expectTypeOf(waiting).toEqualTypeOf<KStream<string, string, 'key'>>()
    const items = left.mapValues(({ value }) => value.item)
    items.join(kept, (item, { size }) => item.length + size, { graceMs: 1, value: string() })
    refused(() => {
      // @ts-expect-error the values are new
      items.join(kept, (item, { size }) => item.length + size, { graceMs: 1 })
      // @ts-expect-error a grace is a number of ms
      left.join(kept, () => 0, { graceMs: '1' })
    })
  })

  test('needs the serde of values that are regrouped', () => {
    const bare = left.map(({ value }) => ({ key: value.item, value: value.item.length }))
    bare.join(stock, (length, { size }) => length + size, { value: int64(), name: 'sized' })
    refused(() => {
      // @ts-expect-error both were made by a function
      bare.join(stock, (length, { size }) => length + size)
      // @ts-expect-error a table has no records of its own
      left.outerJoin(stock, () => 0)
      // @ts-expect-error a row may be missing
      left.leftJoin(stock, (_, row) => row.size)
    })
  })
})

describe('a join of tables', () => {
  const stock = new StreamsBuilder().table(topic('stock', { key: string(), value: json<{ readonly size: number }>() }))
  const prices = new StreamsBuilder().table(topic('prices', { key: string(), value: int64() }))

  test('types the side that may be missing, and the rows without null', () => {
    const inner = (): KTable<string, string, 'key'> =>
      stock.join(prices, ({ size }, price, key) => `${key}${size * price}`)
    const left = (): unknown =>
      stock.leftJoin(prices, ({ size }, price) => {
        expectTypeOf(price).toEqualTypeOf<number | null>()
        return price === null ? null : size
      })
    expectTypeOf(inner).returns.toEqualTypeOf<KTable<string, string, 'key'>>()
    expectTypeOf(left).toBeFunction()
    refused(() => {
      // @ts-expect-error either side may be missing
      stock.outerJoin(prices, (row) => row.size)
      // @ts-expect-error a table is joined with a table
      stock.join(left, () => 0)
    })
  })
})

describe('a join of tables by foreign key', () => {
  const tables = new StreamsBuilder()
  const stock = tables.table(topic('stock', { key: string(), value: json<{ readonly sort: number }>() }))
  const sorts = tables.table(topic('sorts', { key: int64(), value: string() }))

  test('gives a key of the right table from the left row, and keeps the left key', () => {
    const inner = stock.join(sorts, (_row, sort) => sort, {
      foreignKey: (row, key) => {
        expectTypeOf(row).toEqualTypeOf<{ readonly sort: number }>()
        expectTypeOf(key).toEqualTypeOf<string>()
        return row.sort
      },
    })
    expectTypeOf(inner).toEqualTypeOf<KTable<string, string, 'key'>>()
    const maybe = stock.leftJoin(
      sorts,
      (row, sort, key) => {
        expectTypeOf(sort).toEqualTypeOf<string | null>()
        expectTypeOf(key).toEqualTypeOf<string>()
        return sort === null ? null : row.sort
      },
      { foreignKey: ({ sort }) => (sort > 0 ? sort : null), name: 'sorted' },
    )
    expectTypeOf(maybe).toEqualTypeOf<KTable<string, number, 'key'>>()
  })

  test('of a key of another type, or of none, does not compile', () => {
    refused(() => {
      // @ts-expect-error the keys of the right table are numbers
      stock.join(sorts, (_, sort) => sort, { foreignKey: (_row, key) => key })
      // @ts-expect-error in a left join too
      stock.leftJoin(sorts, (_, sort) => sort, { foreignKey: (_row, key) => key })
      // @ts-expect-error undefined is no key
      stock.join(sorts, (_, sort) => sort, { foreignKey: () => undefined })
      // @ts-expect-error keys of another type are joined by foreign key only
      stock.join(sorts, () => 0)
      // @ts-expect-error a right row alone has no left key
      stock.outerJoin(stock, () => 0, { foreignKey: (_row: unknown, key: string) => key })
      // @ts-expect-error the right row may be missing
      stock.leftJoin(sorts, (_, sort) => sort.length, { foreignKey: ({ sort }) => sort })
    })
  })
})

describe('a join with a global table', () => {
  const sizes = builder.globalTable(topic('sizes', { key: string(), value: nullable(int64()) }))

  test('keeps the key of the stream, and gives the joiner both keys', () => {
    expectTypeOf(sizes).toEqualTypeOf<GlobalKTable<string, number>>()
    const inner = left.join(
      sizes,
      ({ item }, size, key, tableKey) => {
        expectTypeOf(size).toEqualTypeOf<number>()
        return `${key} ${tableKey} ${item} ${size}`
      },
      { tableKey: ({ value }) => value.item },
    )
    expectTypeOf(inner).toEqualTypeOf<KStream<string, string, 'key'>>()
    const outer = builder.stream(anything).leftJoin(
      sizes,
      (one, size, key, tableKey) => {
        expectTypeOf(one).toEqualTypeOf<number>()
        expectTypeOf(size).toEqualTypeOf<number | null>()
        expectTypeOf(tableKey).toEqualTypeOf<string | null>()
        return key
      },
      { tableKey: ({ key }) => key },
    )
    expectTypeOf(outer).toEqualTypeOf<KStream<string | null, string | null, 'key'>>()
  })

  test('that does not exist does not compile', () => {
    refused(() => {
      // @ts-expect-error what a record refers to is said
      left.join(sizes, () => 0)
      // @ts-expect-error and is a key of the table, not one that is wider
      left.join(sizes, () => 0, { tableKey: (): string | number => 5 })
      // @ts-expect-error in a left join too
      left.leftJoin(sizes, () => 0, { tableKey: (): string | number => 5 })
      // @ts-expect-error by a key of the table
      left.join(sizes, () => 0, { tableKey: ({ value }) => value })
      // @ts-expect-error a null is looked at
      left.leftJoin(sizes, (_order, size) => size + 1, { tableKey: ({ key }) => key })
      // @ts-expect-error a global table has no records of its own
      left.outerJoin(sizes, () => 0, { tableKey: ({ key }) => key })
      // @ts-expect-error it is no table of a stream
      sizes.toStream()
    })
  })
})
