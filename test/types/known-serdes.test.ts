// A serde that was given is known from then on, and a stream may be handed on without losing what it knows.
import {
  int64,
  json,
  type KGroupedStream,
  keyValueStore,
  type KnownSerdes,
  type KStream,
  type KTable,
  StreamsBuilder,
  string,
  TimeWindows,
  topic,
  tuple,
  windowStore,
} from 'millrace'
import { describe, expect, expectTypeOf, test } from 'vitest'

interface Click {
  readonly page: string
  readonly status: number
}

const clicks = topic('clicks', { key: string(), value: json<Click>() })
const lengths = topic('lengths', { key: string(), value: int64() })
const stream = new StreamsBuilder().stream(clicks)
/** For calls that must not compile. */
const refused = (calls: () => unknown): void => void expectTypeOf(calls).toBeFunction()

describe('a serde that was given', () => {
  test('is known from then on', () => {
    const pages = stream.mapValues(({ value }) => value.page)
    const grouped = pages.groupByKey({ value: string() })
    expectTypeOf(grouped).toEqualTypeOf<KGroupedStream<string, string, 'both'>>()
    expectTypeOf(grouped.reduce((left, right) => left + right)).toEqualTypeOf<KTable<string, string, 'both'>>()
    grouped.windowedBy(TimeWindows.of({ size: 5 })).reduce((left, right) => left + right)
    pages
      .groupBy(({ value }) => value, { key: string(), value: string() })
      .reduce((left, right) => left + right, { name: 'pages' })
    stream
      .map(({ value }) => ({ key: value.status, value: value.page }))
      .repartition({ key: int64(), value: string() })
      .groupByKey()
      .reduce((left, right) => left + right, { name: 'by-status' })
  })

  test('may be given where it is known', () => {
    expectTypeOf(stream.groupByKey({ key: string(), value: json<Click>(), name: 'both' })).toEqualTypeOf<
      KGroupedStream<string, Click, 'both'>
    >()
    expectTypeOf(stream.groupByKey({ key: undefined, value: undefined })).toEqualTypeOf<
      KGroupedStream<string, Click, 'both'>
    >()
    stream.repartition({ key: string() })
    refused(() => {
      // @ts-expect-error of another type
      stream.groupByKey({ key: int64() })
      // @ts-expect-error of another type
      stream.groupByKey({ value: int64() })
      // @ts-expect-error a new key has a serde
      stream.selectKey(() => 5).groupByKey({ key: undefined })
      // @ts-expect-error a new key has a serde
      stream.groupBy(() => 5, { key: undefined })
    })
  })

  test('may come with a store', () => {
    const pages = stream.mapValues(({ value }) => value.page).groupByKey()
    const texts = keyValueStore('texts', { key: string(), value: string() })
    const textWindows = windowStore('text-windows', { key: string(), value: string() })
    pages.reduce((left, right) => left + right, { store: texts })
    pages.windowedBy(TimeWindows.of({ size: 5 })).reduce((left, right) => left + right, { store: textWindows })
    const perhaps = (store: typeof texts | undefined): unknown =>
      // @ts-expect-error there may be no store
      pages.reduce((left, right) => left + right, { store })
    expectTypeOf(perhaps).toBeFunction()
    refused(() => {
      // @ts-expect-error the store is for other values
      pages.reduce((left, right) => left + right, { store: keyValueStore('sums', { key: string(), value: int64() }) })
    })
  })

  test('may be written in place', () => {
    stream
      .mapValues(({ value }) => value.page)
      .groupByKey({
        value: { name: 'text', encode: (text: string) => Buffer.from(text), decode: (bytes) => String(bytes) },
      })
      .reduce((left, right) => left + right)
  })
})

describe('a key of several parts', () => {
  const parts = tuple(string(), int64())
  const byParts = keyValueStore('by-parts', { key: parts, value: int64() })
  const perParts = topic('per-parts', { key: parts, value: int64() })

  test('needs no `as const`', () => {
    const builder = new StreamsBuilder()
    const source = builder.stream(clicks)
    const grouped = source.groupBy(({ value }) => [value.page, value.status], { key: parts })
    expectTypeOf(grouped).toEqualTypeOf<KGroupedStream<readonly [string, number], Click, 'both'>>()
    const selected = source.selectKey(({ value }) => [value.page, value.status])
    expectTypeOf(selected).toEqualTypeOf<KStream<[string, number], Click, 'value'>>()
    selected.groupByKey({ key: parts }).count({ store: byParts }).toStream().to(perParts)
    const mapped = source.map(({ value }) => ({ key: [value.page, value.status], value: 1 }))
    expectTypeOf(mapped).toEqualTypeOf<KStream<[string, number], number, 'neither'>>()
    mapped.to(perParts)
    source.flatMap(({ value }) => [{ key: [value.page, value.status], value: 1 }]).to(perParts)
    source.groupBy(({ value }) => (value.page === '' ? null : [value.page, value.status]), { key: parts })
    source.groupBy(
      ({ value }) => {
        if (value.page === '') return null
        return value.status > 400 ? ['bad', value.status] : [value.page, value.status]
      },
      { key: parts },
    )
    refused(() => {
      // @ts-expect-error in another order
      source.groupBy(({ value }) => [value.status, value.page], { key: parts })
      // @ts-expect-error too short
      source.groupBy(({ value }) => [value.page], { key: parts })
      // @ts-expect-error in another order
      source.selectKey(({ value }) => [value.status, value.page]).groupByKey({ key: parts })
    })
  })

  test('leaves other keys as wide as they are', () => {
    expectTypeOf(stream.selectKey(() => 'all')).toEqualTypeOf<KStream<string, Click, 'value'>>()
    expectTypeOf(stream.selectKey(({ value }) => ({ page: value.page }))).toEqualTypeOf<
      KStream<{ page: string }, Click, 'value'>
    >()
    expectTypeOf(stream.selectKey(({ value }) => value.page.split('/'))).toEqualTypeOf<
      KStream<string[], Click, 'value'>
    >()
  })
})

describe('an annotation', () => {
  test('loses nothing: not as a parameter, not as a result', () => {
    const counted = (clicked: KStream<string, Click>): KTable<string, number> => clicked.groupByKey().count()
    const good = (clicked: KStream<string, Click>): KStream<string, Click> =>
      clicked.filter(({ value }) => value.status === 200)
    const lengthOf = (clicked: KStream<string, Click>): KStream<string, number> =>
      clicked.mapValues(({ value }) => value.page.length)
    const shown = (table: KTable<string, number>): KTable<string, string> => table.mapValues(({ value }) => `${value}`)
    const largest = (grouped: KGroupedStream<string, number>): KTable<string, number> =>
      grouped.reduce((left, right) => Math.max(left, right))
    const builder = new StreamsBuilder()
    const source = builder.stream(clicks)
    shown(counted(good(source)))
      .toStream()
      .foreach(console.log)
    lengthOf(source).to(lengths)
    largest(lengthOf(source).groupByKey({ value: int64() }))
    counted(source.repartition())
    expect(builder.build().describe()).toContain('clicks.count')
  })

  test('may ask for a stream that knows its serdes', () => {
    const strict = (clicked: KStream<string, Click, 'both'>): KTable<string, number> => clicked.groupByKey().count()
    strict(stream.filter(() => true))
    refused(() => {
      // @ts-expect-error the key was made by a function
      strict(stream.selectKey(() => ''))
    })
  })

  test('takes no stream of other records', () => {
    const counted = (clicked: KStream<string, Click>): KTable<string, number> => clicked.groupByKey().count()
    refused(() => {
      // @ts-expect-error other values
      counted(stream.mapValues(() => 5))
      // @ts-expect-error other keys
      counted(stream.selectKey(() => 5))
    })
  })

  test('that may know anything is taken at its word, and what is missing is refused when it is called', () => {
    const summed = (numbers: KStream<string, number>): KTable<string, number> =>
      numbers.groupByKey().reduce((left, right) => left + right)
    expect(() => summed(stream.mapValues(({ value }) => value.status))).toThrow(
      expect.objectContaining({
        code: 'topology_invalid',
        message: expect.stringContaining('reduce needs the serde of the value'),
      }),
    )
  })

  test('may be generic in what is known', () => {
    const good = <Known extends KnownSerdes>(clicked: KStream<string, Click, Known>): KStream<string, Click, Known> =>
      clicked.filter(({ value }) => value.status === 200)
    expectTypeOf(good(stream)).toEqualTypeOf<KStream<string, Click, 'both'>>()
    expectTypeOf(good(stream.selectKey(() => ''))).toEqualTypeOf<KStream<string, Click, 'value'>>()
    const counted = <Known extends KnownSerdes>(clicked: KStream<string, Click, Known>): KTable<string, number> =>
      clicked.groupByKey({ key: string(), value: json<Click>() }).count()
    expectTypeOf(counted).toBeFunction()
  })
})
