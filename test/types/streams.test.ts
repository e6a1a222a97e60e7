// Types flow from the topic through every verb to the sink without a cast, and a wrong call does not compile. The compiler
// checks this file (npm run types); the refused calls stand in functions that nobody calls.
import {
  type CogroupedKStream,
  type Header,
  int64,
  json,
  keyValueStore,
  type KGroupedStream,
  type KGroupedTable,
  type KStream,
  type KTable,
  minutes,
  nullable,
  sessionStore,
  type SessionWindowedKStream,
  SessionWindows,
  SlidingWindows,
  StreamsBuilder,
  string,
  type StreamRecord,
  type TimeWindowedKStream,
  TimeWindows,
  type Timestamp,
  topic,
  UnlimitedWindows,
  type Windowed,
  windowed,
  windowStore,
} from 'millrace'
import { filter, map, mergeMap } from 'rxjs'
import { describe, expectTypeOf, test, vi } from 'vitest'

interface Click {
  readonly page: string
  readonly status: number
  readonly bytes: number
}

const clicks = topic('clicks', { key: string(), value: json<Click>() })
const perMinute = topic('per-minute', { key: windowed(string(), { size: minutes(1) }), value: int64() })
const pages = topic('pages', { key: string(), value: string() })
const perPage = topic('per-page', { key: string(), value: int64() })
const anything = topic('anything', { key: nullable(string()), value: nullable(json<Click>()) })

const builder = new StreamsBuilder()
const stream = builder.stream(clicks)
/** For calls that must not compile. */
const refused = (calls: () => unknown): void => void expectTypeOf(calls).toBeFunction()

describe('a topology script', () => {
  test('needs no cast and no annotation', () => {
    new StreamsBuilder()
      .stream(clicks)
      .filter(({ value }) => value.status === 200)
      .groupBy(({ value }) => value.page, { key: string() })
      .windowedBy(TimeWindows.of({ size: minutes(1), grace: 5 }))
      .count()
      .toStream()
      .to(perMinute)
  })
})

describe('distinct', () => {
  const seen = windowStore('seen', { key: string(), value: int64() })

  test('asks for an id that is a string, a number or null, of the type of its store', () => {
    expectTypeOf(stream.distinct({ id: ({ value }) => value.page, within: 5 })).toEqualTypeOf(stream)
    stream.distinct({ id: ({ value }) => (value.status === 200 ? value.bytes : null), within: 5 })
    stream.distinct({ id: ({ value }) => value.page, within: 5, store: seen })
    refused(() => {
      // @ts-expect-error no object
      stream.distinct({ id: ({ value }) => value, within: 5 })
      // @ts-expect-error the store has text for keys
      stream.distinct({ id: ({ value }) => value.bytes, within: 5, store: seen })
      // @ts-expect-error how far apart?
      stream.distinct({ id: ({ value }) => value.page })
    })
  })
})

describe('a function', () => {
  test('gets the record of its stream', () => {
    stream.filter((record) => {
      expectTypeOf(record).toEqualTypeOf<StreamRecord<string, Click>>()
      expectTypeOf(record.timestamp).toEqualTypeOf<Timestamp>()
      expectTypeOf(record.headers).toEqualTypeOf<readonly Header[]>()
      return true
    })
    builder.stream(anything, {}).filterNot(({ key, value }) => {
      expectTypeOf(key).toEqualTypeOf<string | null>()
      expectTypeOf(value).toEqualTypeOf<Click | null>()
      return true
    })
  })

  test('may not change it', () => {
    refused(() =>
      stream.peek((record) => {
        // @ts-expect-error a record is immutable
        record.key = 'x'
        // @ts-expect-error its headers too
        record.headers.push({ key: 'x', value: null })
      }),
    )
  })

  test('returns what its verb wants', () => {
    refused(() => {
      // @ts-expect-error a predicate is synchronous
      stream.filterNot(async () => true)
      // @ts-expect-error a predicate is synchronous
      stream.filter(async () => true)
      // @ts-expect-error a predicate says yes or no
      stream.filter(({ value }) => value.bytes)
      // @ts-expect-error map returns key and value
      stream.map(({ value }) => ({ value }))
      // @ts-expect-error a timestamp is a number
      stream.map(({ key, value }) => ({ key, value, timestamp: new Date() }))
      // @ts-expect-error flatMap returns an iterable
      stream.flatMap(({ key, value }) => ({ key, value }))
      // @ts-expect-error flatMapValues returns an iterable
      stream.flatMapValues(({ value }) => value)
      // @ts-expect-error text is a list of letters, but it is never meant as one
      stream.flatMapValues(({ value }) => value.page)
    })
  })

  test('of peek and foreach may return anything but a promise', () => {
    const pushed: string[] = []
    const listen: (record: object) => void = () => undefined
    const unknowing: (record: object) => unknown = () => undefined
    expectTypeOf(stream.peek(({ value }) => pushed.push(value.page))).toEqualTypeOf<typeof stream>()
    expectTypeOf(stream.peek(({ key }) => (key === '' ? undefined : pushed))).toEqualTypeOf<typeof stream>()
    stream.peek(listen).peek(unknowing).peek(console.log).foreach(vi.fn())
    stream.foreach(() => {
      throw new Error('never called')
    })
    refused(() => {
      // @ts-expect-error an action is synchronous
      stream.peek(async () => undefined)
      // @ts-expect-error an action is synchronous
      stream.foreach(async ({ value }) => void pushed.push(value.page))
      // @ts-expect-error it may not return a promise that it did not await
      stream.foreach(({ value }) => fetch(value.page))
      // @ts-expect-error nor one now and then
      stream.peek(({ value }) => (value.bytes > 0 ? fetch(value.page) : undefined))
      // @ts-expect-error nor what can be awaited
      stream.peek(() => ({ then: (settle: (value: number) => void) => settle(1) }))
    })
  })
})

describe('a verb', () => {
  test('types what comes out, and says which serdes are still known', () => {
    expectTypeOf(stream).toEqualTypeOf<KStream<string, Click, 'both'>>()
    expectTypeOf(stream.filter(() => true)).toEqualTypeOf<KStream<string, Click, 'both'>>()
    expectTypeOf(stream.peek(() => undefined)).toEqualTypeOf<KStream<string, Click, 'both'>>()
    expectTypeOf(stream.mapValues(({ value }) => value.bytes)).toEqualTypeOf<KStream<string, number, 'key'>>()
    expectTypeOf(stream.flatMapValues(({ value }) => [value.bytes])).toEqualTypeOf<KStream<string, number, 'key'>>()
    expectTypeOf(stream.selectKey(({ value }) => value.bytes)).toEqualTypeOf<KStream<number, Click, 'value'>>()
    expectTypeOf(stream.map(({ value }) => ({ key: value.bytes, value: value.page }))).toEqualTypeOf<
      KStream<number, string, 'neither'>
    >()
    expectTypeOf(stream.flatMap(({ value }) => [{ key: value.bytes, value: value.page }])).toEqualTypeOf<
      KStream<number, string, 'neither'>
    >()
    expectTypeOf(stream.foreach(() => undefined)).toEqualTypeOf<void>()
    expectTypeOf(stream.to(clicks)).toEqualTypeOf<void>()
    expectTypeOf(stream.repartition()).toEqualTypeOf<KStream<string, Click, 'both'>>()
  })

  test('that merges knows what both sides know', () => {
    const lost = stream.mapValues(({ value }) => value)
    expectTypeOf(stream.merge(lost)).toEqualTypeOf<KStream<string, Click, 'key'>>()
    expectTypeOf(lost.merge(stream)).toEqualTypeOf<KStream<string, Click, 'key'>>()
    refused(() => {
      // @ts-expect-error the values are of another type
      stream.merge(stream.mapValues(({ value }) => value.bytes))
    })
  })

  test('takes no option that it does not know', () => {
    refused(() => {
      // @ts-expect-error mistyped
      stream.filter(() => true, { nmae: 'x' })
      // @ts-expect-error mistyped
      stream.to(clicks, { nmae: 'x' })
      // @ts-expect-error mistyped
      stream.groupByKey({ nmae: 'x' })
      // @ts-expect-error mistyped
      stream.repartition({ partition: 5 })
      // @ts-expect-error mistyped
      builder.stream(clicks, { rest: 'latest' })
      // @ts-expect-error not a reset
      builder.stream(clicks, { reset: 'newest' })
      // @ts-expect-error mistyped
      TimeWindows.of({ size: 5, graec: 5 })
      // @ts-expect-error windows have a size
      TimeWindows.of({ grace: 5 })
      const minute = TimeWindows.of({ size: 5 })
      // @ts-expect-error not a strategy
      stream.groupByKey().windowedBy(minute).emitStrategy('onClose')
      // @ts-expect-error late records keep their values
      stream.groupByKey().windowedBy(minute).count({ late: perMinute })
      // @ts-expect-error not windows
      stream.groupByKey().windowedBy({ size: 5 })
    })
  })
})

describe('a split', () => {
  interface Paid {
    readonly kind: 'paid'
    readonly amount: number
  }
  interface Refused {
    readonly kind: 'refused'
  }
  interface Open {
    readonly kind: 'open'
  }
  const orders = builder.stream(topic('orders', { key: string(), value: json<Paid | Refused | Open>() }))

  test('has a stream for each of its names, narrowed by guards, the rest by all of them', () => {
    const split = orders.split({
      paid: (record): record is StreamRecord<string, Paid> => record.value.kind === 'paid',
      refused: (record): record is StreamRecord<string, Refused> => record.value.kind === 'refused',
      late: ({ timestamp }) => timestamp > 5,
      rest: 'default',
    })
    expectTypeOf(split.paid).toEqualTypeOf<KStream<string, Paid, 'both'>>()
    expectTypeOf(split.refused).toEqualTypeOf<KStream<string, Refused, 'both'>>()
    expectTypeOf(split.late).toEqualTypeOf<KStream<string, Paid | Refused | Open, 'both'>>()
    expectTypeOf(split.rest).toEqualTypeOf<KStream<string, Open, 'both'>>()
    const { deletes, others } = builder
      .stream(anything)
      .split({ deletes: (record) => record.value === null, others: 'default' })
    expectTypeOf(deletes).toEqualTypeOf<KStream<string | null, null, 'both'>>()
    expectTypeOf(others).toEqualTypeOf<KStream<string | null, Click, 'both'>>()
    const { good, rest } = stream.mapValues(({ value }) => value.bytes).split({ good: () => true, rest: 'default' })
    expectTypeOf(good).toEqualTypeOf<KStream<string, number, 'key'>>()
    expectTypeOf(rest).toEqualTypeOf<KStream<string, number, 'key'>>()
  })

  test('takes predicates and the word default', () => {
    refused(() => {
      // @ts-expect-error a mistyped word
      stream.split({ rest: 'defualt' })
      // @ts-expect-error a predicate is synchronous
      stream.split({ good: async () => true })
      // @ts-expect-error no field of a click
      stream.split({ good: ({ value }) => value.colour === 'red' })
      // @ts-expect-error there is no such branch
      return stream.split({ good: () => true }).bad
    })
  })
})

describe('a source', () => {
  test('asks for times by records of its topics', () => {
    const source = builder.stream(topic('dated', { key: string(), value: json<Click>() }), {
      timestamp: ({ value }) => value.bytes,
      reset: { ago: minutes(1) },
    })
    expectTypeOf(source).toEqualTypeOf<KStream<string, Click, 'both'>>()
    refused(() => {
      // @ts-expect-error a time is a number
      builder.stream(clicks, { timestamp: ({ value }) => value.page })
      // @ts-expect-error of the value
      builder.stream(clicks, { timestamp: (record: StreamRecord<string, number>) => record.value })
      // @ts-expect-error at once
      builder.stream(clicks, { timestamp: async () => 0 })
      // @ts-expect-error one of both
      builder.stream(clicks, { reset: { age: 5 } })
    })
  })
})

describe('a source of several topics', () => {
  test('has one type of records', () => {
    const others = topic('others', { key: string(), value: json<Click>() })
    expectTypeOf(new StreamsBuilder().stream([clicks, others])).toEqualTypeOf<KStream<string, Click, 'both'>>()
    refused(() => {
      // @ts-expect-error topics of different types
      builder.stream([clicks, pages])
      // @ts-expect-error a name is no topic
      builder.stream('clicks')
    })
  })
})

describe('what regroups', () => {
  test('takes known serdes over and asks for the others', () => {
    expectTypeOf(stream.groupByKey()).toEqualTypeOf<KGroupedStream<string, Click, 'both'>>()
    expectTypeOf(stream.selectKey(({ value }) => value.page).groupByKey({ key: string() })).toEqualTypeOf<
      KGroupedStream<string, Click, 'both'>
    >()
    refused(() => {
      // @ts-expect-error the key needs a serde
      stream.selectKey(({ value }) => value.page).groupByKey()
      // @ts-expect-error the key needs a serde
      stream.selectKey(({ value }) => value.page).repartition()
      // @ts-expect-error key and value need serdes
      stream.map(({ key, value }) => ({ key, value })).groupByKey()
      // @ts-expect-error the value needs one too
      stream.map(({ key, value }) => ({ key, value })).groupByKey({ key: string() })
      // @ts-expect-error the value needs a serde
      stream.mapValues(({ value }) => value.page).repartition()
      // @ts-expect-error the serde is of another type
      stream.selectKey(({ value }) => value.page).groupByKey({ key: int64() })
    })
  })

  test('by another key always asks for its serde', () => {
    expectTypeOf(stream.groupBy(({ value }) => value.page, { key: string() })).toEqualTypeOf<
      KGroupedStream<string, Click, 'both'>
    >()
    refused(() => {
      // @ts-expect-error a changed key needs its serde
      stream.groupBy(({ value }) => value.page)
      // @ts-expect-error a changed key needs its serde
      stream.groupBy(({ value }) => value.page, {})
      // @ts-expect-error the key is a string
      stream.groupBy(({ value }) => value.page, { key: int64() })
      // @ts-expect-error the value needs a serde
      stream.mapValues(({ value }) => value.page).groupBy(({ value }) => value, { key: string() })
    })
  })

  test('takes a literal for a key or value of its wider type', () => {
    expectTypeOf(stream.groupBy(({ value }) => (value.status < 400 ? 'good' : 'bad'), { key: string() })).toEqualTypeOf<
      KGroupedStream<string, Click, 'both'>
    >()
    const byStatus = stream.selectKey(({ value }) => (value.status < 400 ? 'good' : 'bad'))
    type Status = 'good' | 'bad'
    expectTypeOf(byStatus.groupByKey({ key: string() })).toEqualTypeOf<KGroupedStream<Status, Click, 'both'>>()
    expectTypeOf(byStatus.repartition({ key: string() })).toEqualTypeOf<KStream<Status, Click, 'both'>>()
    const status = stream.mapValues(({ value }) => (value.status < 400 ? 'good' : 'bad')).groupByKey()
    expectTypeOf(status.reduce((left) => left, { value: string() })).toEqualTypeOf<KTable<string, Status, 'both'>>()
  })

  test('drops null keys, and their type', () => {
    expectTypeOf(stream.groupBy(({ value }) => (value.bytes > 0 ? value.page : null), { key: string() })).toEqualTypeOf<
      KGroupedStream<string, Click, 'both'>
    >()
    expectTypeOf(builder.stream(anything).groupByKey()).toEqualTypeOf<KGroupedStream<string, Click | null, 'both'>>()
  })

  test('lets null keys through a repartition, for a join that has a use for them', () => {
    expectTypeOf(builder.stream(anything).repartition()).toEqualTypeOf<KStream<string | null, Click | null, 'both'>>()
  })
})

describe('an aggregation', () => {
  const grouped = stream.groupByKey()
  const windows = grouped.windowedBy(TimeWindows.of({ size: minutes(1) }))

  test('makes a table of the key, or of the key in its window', () => {
    expectTypeOf(grouped.count()).toEqualTypeOf<KTable<string, number, 'both'>>()
    expectTypeOf(grouped.reduce((left) => left)).toEqualTypeOf<KTable<string, Click, 'both'>>()
    expectTypeOf(windows).toEqualTypeOf<TimeWindowedKStream<string, Click, 'both'>>()
    const lateClicks = topic('late', { key: string(), value: json<Click>() })
    expectTypeOf(windows.count({ late: lateClicks })).toEqualTypeOf<KTable<Windowed<string>, number, 'both'>>()
    expectTypeOf(windows.emitStrategy('onWindowClose')).toEqualTypeOf<typeof windows>()
    for (const others of [SlidingWindows.of({ difference: 5 }), UnlimitedWindows.of()]) {
      expectTypeOf(grouped.windowedBy(others)).toEqualTypeOf<typeof windows>()
    }
    const sessions = grouped.windowedBy(SessionWindows.of({ gap: 5 }))
    expectTypeOf(sessions).toEqualTypeOf<SessionWindowedKStream<string, Click, 'both'>>()
    expectTypeOf(sessions.count({ store: sessionStore('s', { key: string(), value: int64() }) })).toEqualTypeOf<
      KTable<Windowed<string>, number, 'both'>
    >()
    const summed = { initializer: () => 0, aggregator: (_key: string, click: Click, sum: number) => sum + click.bytes }
    const merger = (key: string, older: number, newer: number): number => older + newer + key.length
    expectTypeOf(sessions.aggregate({ ...summed, merger, value: int64() })).toEqualTypeOf<
      KTable<Windowed<string>, number, 'both'>
    >()
    expectTypeOf(() => {
      // @ts-expect-error sessions are merged
      sessions.aggregate({ ...summed, value: int64() })
      // @ts-expect-error a store of windows is none of sessions
      sessions.count({ store: windowStore('w', { key: string(), value: int64() }) })
    }).toBeFunction()
    expectTypeOf(windows.count()).toEqualTypeOf<KTable<Windowed<string>, number, 'both'>>()
    expectTypeOf(windows.reduce((left) => left)).toEqualTypeOf<KTable<Windowed<string>, Click, 'both'>>()
    expectTypeOf(
      windows.aggregate({ initializer: () => 0, aggregator: (_key, { bytes }, sum) => sum + bytes, value: int64() }),
    ).toEqualTypeOf<KTable<Windowed<string>, number, 'both'>>()
  })

  test('of several streams has the aggregate that is given, or that an aggregator is annotated with', () => {
    const missing = builder.stream(topic('missing', { key: string(), value: string() })).groupByKey()
    const given = grouped.cogroup<number>((key, click, sum) => {
      expectTypeOf(key).toEqualTypeOf<string>()
      expectTypeOf(click).toEqualTypeOf<Click>()
      return sum + click.bytes
    })
    const both = given.cogroup(missing, (_key, reason, sum) => {
      expectTypeOf(reason).toEqualTypeOf<string>()
      expectTypeOf(sum).toEqualTypeOf<number>()
      return reason === 'gone' ? null : sum + 1
    })
    const table = both.aggregate({ initializer: () => 0, value: int64() })
    expectTypeOf(table).toEqualTypeOf<KTable<string, number, 'both'>>()
    expectTypeOf(
      both.windowedBy(TimeWindows.of({ size: 5 })).aggregate({ initializer: () => 0, value: int64(), name: 'w' }),
    ).toEqualTypeOf<KTable<Windowed<string>, number, 'both'>>()
    expectTypeOf(
      both
        .windowedBy(SessionWindows.of({ gap: 5 }))
        .aggregate({ initializer: () => 0, merger: (_key, older, newer) => older + newer, value: int64(), name: 's' }),
    ).toEqualTypeOf<KTable<Windowed<string>, number, 'both'>>()
    const annotated = grouped.cogroup((_key, click, sum: number | undefined) => (sum ?? 0) + click.bytes)
    expectTypeOf(annotated).toEqualTypeOf<CogroupedKStream<string, Click, number | undefined>>()
    refused(() => {
      // @ts-expect-error the aggregate is a number
      given.cogroup(missing, (_key, reason) => reason)
      // @ts-expect-error and is written as one
      both.aggregate({ initializer: () => 0, value: string() })
      const ids = builder.stream(topic('ids', { key: int64(), value: string() })).groupByKey()
      // @ts-expect-error keys of another type
      given.cogroup(ids, (_key, _id, sum) => sum)
      // @ts-expect-error late records are of either value
      both.windowedBy(TimeWindows.of({ size: 5 })).aggregate({ initializer: () => 0, value: int64(), late: clicks })
      // @ts-expect-error what the aggregate is was not said
      grouped.cogroup((_key, click, sum) => sum + click.bytes)
    })
  })

  test('has the type of its store, where that says how it is written', () => {
    const of = { key: string(), value: json<readonly string[]>() }
    type Pages = readonly string[]
    const add = (_key: string, { page }: Click, pages: Pages): Pages => [...pages, page]
    const merger = (_key: string, older: Pages, newer: Pages): Pages => [...older, ...newer]
    const store = keyValueStore('k', of)
    expectTypeOf(
      grouped.aggregate({ initializer: () => [], aggregator: (_key, { page }, pages) => [...pages, page], store }),
    ).toEqualTypeOf<KTable<string, Pages, 'both'>>()
    expectTypeOf(
      windows.aggregate({ initializer: () => [], aggregator: add, store: windowStore('w', of), late: clicks }),
    ).toEqualTypeOf<KTable<Windowed<string>, Pages, 'both'>>()
    expectTypeOf(
      grouped
        .windowedBy(SessionWindows.of({ gap: 5 }))
        .aggregate({ initializer: () => [], aggregator: add, merger, store: sessionStore('s', of) }),
    ).toEqualTypeOf<KTable<Windowed<string>, Pages, 'both'>>()
    const together = grouped.cogroup(add)
    together.aggregate({ initializer: () => [], store: keyValueStore('c', of) })
    const rows = builder
      .table(topic('pages', { key: string(), value: json<Click>() }))
      .groupBy(({ key, value }) => ({ key, value }), { key: string(), value: json<Click>() })
    expectTypeOf(
      rows.aggregate({
        initializer: () => [],
        aggregator: (_key, { page }, pages) => [...pages, page],
        subtractor: (_key, { page }, pages) => pages.filter((one) => one !== page),
        store: keyValueStore('r', of),
      }),
    ).toEqualTypeOf<KTable<string, Pages, 'both'>>()
    refused(() => {
      // @ts-expect-error the store is of another type
      grouped.aggregate({ initializer: () => 0, aggregator: () => 0, store })
      // @ts-expect-error and the serde
      grouped.aggregate({ initializer: () => [], aggregator: add, store, value: int64() })
      // @ts-expect-error neither says how it is written
      together.aggregate({ initializer: () => [] })
      // @ts-expect-error a store without windows
      windows.aggregate({ initializer: () => [], aggregator: add, store })
    })
  })

  test('gets key, value and aggregate, never a null value', () => {
    builder
      .stream(anything)
      .groupByKey()
      .aggregate({
        initializer: () => '',
        aggregator: (key, value, aggregate) => {
          expectTypeOf(key).toEqualTypeOf<string>()
          expectTypeOf(value).toEqualTypeOf<Click>()
          expectTypeOf(aggregate).toEqualTypeOf<string>()
          return null
        },
        value: string(),
      })
  })

  test('may return null, which deletes, and nothing else that is not its type', () => {
    grouped.reduce(() => null)
    refused(() => {
      // @ts-expect-error the reducer makes a value of the same type
      grouped.reduce(() => 'text')
      // @ts-expect-error the aggregator returns the aggregate
      grouped.aggregate({ initializer: () => 0, aggregator: () => 'text', value: int64() })
      grouped.aggregate({
        initializer: () => [''],
        // @ts-expect-error the aggregator returns something
        aggregator: (_key, _value, all) => void all,
        value: json<string[]>(),
      })
      // @ts-expect-error the aggregate needs its serde
      grouped.aggregate({ initializer: () => 0, aggregator: () => 0 })
      // @ts-expect-error the initializer makes the aggregate
      grouped.aggregate({ aggregator: () => 0, value: int64() })
      // @ts-expect-error the serde is of another type
      grouped.aggregate({ initializer: () => 0, aggregator: () => 0, value: string() })
    })
  })

  test('of values that lost their serde asks for it where it stores them', () => {
    const lost = stream.mapValues(({ value }) => value.bytes).groupByKey()
    expectTypeOf(lost.count()).toEqualTypeOf<KTable<string, number, 'both'>>()
    expectTypeOf(lost.reduce((left, right) => left + right, { value: int64() })).toEqualTypeOf<
      KTable<string, number, 'both'>
    >()
    refused(() => {
      // @ts-expect-error the values need a serde
      lost.reduce((left, right) => left + right)
      // @ts-expect-error in windows too
      lost.windowedBy(TimeWindows.of({ size: 5 })).reduce((left, right) => left + right)
    })
  })

  test('emits null for what is deleted, and any sink takes that', () => {
    const table = grouped.count()
    expectTypeOf(table.toStream()).toEqualTypeOf<KStream<string, number | null, 'both'>>()
    table.toStream().to(perPage)
    windows.count().toStream().to(perMinute)
    table
      .toStream()
      .mapValues(({ value }) => value)
      .to(perPage)
    expectTypeOf(table.suppress({ untilTimeLimit: 5 })).toEqualTypeOf<KTable<string, number, 'both'>>()
    expectTypeOf(windows.count().suppress({ untilWindowCloses: true })).toEqualTypeOf<
      KTable<Windowed<string>, number, 'both'>
    >()
    windows.count().suppress({ untilWindowCloses: true }).toStream().to(perMinute)
    expectTypeOf(
      table.mapValues(({ value }) => `${value}`).suppress({ untilTimeLimit: 5, value: string() }),
    ).toEqualTypeOf<KTable<string, string, 'both'>>()
    refused(() => {
      // @ts-expect-error a table without windows has none that close
      table.suppress({ untilWindowCloses: true })
      // @ts-expect-error either of the two
      table.suppress({})
      // @ts-expect-error a final result is never early
      windows.count().suppress({ untilWindowCloses: true, whenFull: 'emitEarly' })
      // @ts-expect-error what a function made needs its serde
      table.mapValues(({ value }) => `${value}`).suppress({ untilTimeLimit: 5 })
    })
    expectTypeOf(table.filter(({ value }) => value > 1)).toEqualTypeOf<KTable<string, number, 'both'>>()
    expectTypeOf(table.mapValues(({ value }) => `${value}`).toStream()).toEqualTypeOf<
      KStream<string, string | null, 'key'>
    >()
  })
})

describe('a sink', () => {
  test('takes records of its type, or of a narrower one', () => {
    const wider = topic('wider', { key: nullable(string()), value: json<{ readonly page: string }>() })
    const union = topic('union', { key: json<string | number>(), value: json<Click | string>() })
    stream.to(clicks)
    stream.to(wider)
    stream.to(union)
    refused(() => {
      // @ts-expect-error another value
      stream.to(pages)
      // @ts-expect-error another key
      stream.selectKey(({ value }) => value.bytes).to(clicks)
      // @ts-expect-error a null key, where the topic does not say nullable
      builder.stream(anything).to(clicks)
      const windows = stream.groupByKey().windowedBy(TimeWindows.of({ size: 5 }))
      // @ts-expect-error a windowed key is no string
      windows.count().toStream().to(perPage)
      // @ts-expect-error a name is no topic
      stream.to('clicks')
    })
  })
})

describe('mapAsync', () => {
  test('types what the function answers, now or later', () => {
    expectTypeOf(stream.mapAsync(async ({ value }) => Promise.resolve(value.bytes))).toEqualTypeOf<
      KStream<string, number, 'key'>
    >()
    expectTypeOf(
      stream.mapAsync(({ value }, { id, attempt, signal }) => {
        expectTypeOf(id).toEqualTypeOf<string>()
        expectTypeOf(attempt).toEqualTypeOf<number>()
        expectTypeOf(signal).toEqualTypeOf<AbortSignal>()
        return value.page
      }),
    ).toEqualTypeOf<KStream<string, string, 'key'>>()
    const lost = stream.map(({ value }) => ({ key: value.bytes, value: value.page }))
    expectTypeOf(lost.mapAsync(({ value }) => value.length, { key: int64(), value: string() })).toEqualTypeOf<
      KStream<number, number, 'key'>
    >()
    refused(() => {
      // @ts-expect-error the value needs a serde
      stream.mapValues(({ value }) => value.page).mapAsync(({ value }) => value)
      // @ts-expect-error the key needs one too
      lost.mapAsync(({ value }) => value, { value: string() })
      // @ts-expect-error of another type
      lost.mapAsync(({ value }) => value, { key: int64(), value: int64() })
      // @ts-expect-error no such order
      stream.mapAsync(({ value }) => value, { order: 'value' })
    })
  })
})

describe('a sink by record', () => {
  test('takes topics of its type, or of a wider one', () => {
    const wider = topic('wider', { key: nullable(string()), value: json<{ readonly page: string }>() })
    expectTypeOf(stream.to(({ value }) => (value.bytes > 0 ? clicks : wider))).toEqualTypeOf<void>()
    stream.to(() => clicks, { topics: [clicks, wider], name: 'x' })
    refused(() => {
      // @ts-expect-error another value
      stream.to(({ value }) => (value.bytes > 0 ? clicks : pages))
      // @ts-expect-error a name is no topic
      stream.to(({ value }) => value.page)
      // @ts-expect-error the function is synchronous
      stream.to(async () => clicks)
      // @ts-expect-error another value in the list
      stream.to(() => clicks, { topics: [clicks, pages] })
      // @ts-expect-error one topic needs no list
      stream.to(clicks, { topics: [clicks] })
    })
  })
})

describe('pipe', () => {
  test('takes operators over records, and types what they emit', () => {
    const piped = stream.pipe(
      filter(({ value }) => value.bytes > 0),
      mergeMap(({ key, value }) => [{ key, bytes: value.bytes }]),
      map(({ key, bytes }) => ({ key: key.length, value: bytes })),
    )
    expectTypeOf(piped).toEqualTypeOf<KStream<number, number, 'neither'>>()
    expectTypeOf(stream.pipe(filter(() => true))).toEqualTypeOf<KStream<string, Click, 'neither'>>()
  })

  test('refuses what emits no records', () => {
    refused(() => {
      // @ts-expect-error what comes out is no record
      stream.pipe(map(({ value }) => value.bytes))
      // @ts-expect-error the operator is for other records
      stream.pipe(map(({ value }: { readonly value: number }) => ({ key: 'a', value })))
      // @ts-expect-error no operator at all
      stream.pipe()
    })
  })
})

describe('a table', () => {
  test('of a topic has no null keys and no null values', () => {
    const table = builder.table(topic('everything', { key: nullable(string()), value: nullable(json<Click>()) }))
    expectTypeOf(table).toEqualTypeOf<KTable<string, Click, 'both'>>()
    expectTypeOf(table.toStream()).toEqualTypeOf<KStream<string, Click | null, 'both'>>()
    const store = keyValueStore('profiles', { key: string(), value: json<Click>() })
    builder.table(topic('profiles', { key: string(), value: json<Click>() }), { store })
    refused(() => {
      // @ts-expect-error a store of other values
      builder.table(clicks, { store: keyValueStore('texts', { key: string(), value: string() }) })
    })
  })

  test('of a stream needs the serdes that the stream has lost', () => {
    expectTypeOf(stream.toTable()).toEqualTypeOf<KTable<string, Click, 'both'>>()
    const pageOf = stream.selectKey(({ value }) => value.page)
    expectTypeOf(pageOf.toTable({ key: string(), name: 'a' })).toEqualTypeOf<KTable<string, Click, 'both'>>()
    const store = keyValueStore('bytes', { key: string(), value: int64() })
    const bytes = stream.map(({ value }) => ({ key: value.page, value: value.bytes }))
    expectTypeOf(bytes.toTable({ store })).toEqualTypeOf<KTable<string, number, 'both'>>()
    refused(() => {
      // @ts-expect-error the serde of the key is missing
      pageOf.toTable()
      // @ts-expect-error the serde of the value is missing
      bytes.toTable({ key: string() })
    })
  })
})

describe('rows of a table', () => {
  const table = builder.table(topic('rows', { key: string(), value: json<Click>() }))

  test('that are kept need no serde afterwards', () => {
    const store = keyValueStore('sizes', { key: string(), value: int64() })
    expectTypeOf(table.mapValues(({ value }) => value.bytes)).toEqualTypeOf<KTable<string, number, 'key'>>()
    expectTypeOf(table.mapValues(({ value }) => value.bytes, { store })).toEqualTypeOf<KTable<string, number, 'both'>>()
    refused(() => {
      // @ts-expect-error a store of other values
      table.mapValues(({ value }) => value.page, { store })
      // @ts-expect-error a store of other values
      table.filter(() => true, { store })
    })
  })

  test('that are grouped have the types of their serdes', () => {
    const grouped = table.groupBy(({ key, value }) => ({ key: value.page, value: [key, value.bytes] }), {
      key: string(),
      value: json<readonly [string, number]>(),
      name: 'by-page',
    })
    expectTypeOf(grouped).toEqualTypeOf<KGroupedTable<string, readonly [string, number]>>()
    expectTypeOf(grouped.count()).toEqualTypeOf<KTable<string, number, 'both'>>()
    const sums = grouped.aggregate({
      initializer: () => 0,
      aggregator: (page, [, bytes], sum) => sum + bytes + page.length,
      subtractor: (page, [, bytes], sum) => sum - bytes - page.length,
      value: int64(),
      name: 'sums',
    })
    expectTypeOf(sums).toEqualTypeOf<KTable<string, number, 'both'>>()
    refused(() => {
      // @ts-expect-error the serde of the value is missing
      table.groupBy(({ key, value }) => ({ key: value.page, value: key }), { key: string() })
      // @ts-expect-error a value of another type
      table.groupBy(({ value }) => ({ key: value.page, value: value.bytes }), { key: string(), value: string() })
      // @ts-expect-error what takes a row out is missing
      grouped.reduce({ adder: (older) => older })
    })
  })
})
