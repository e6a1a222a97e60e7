// Every verb of the DSL at work: topologies over the same three topics, in each of which what the verb makes is written. A
// verb that comes in several kinds has a topology for each.
import {
  CalendarWindows,
  int64,
  JoinWindows,
  json,
  keyValueStore,
  type KGroupedStream,
  type KStream,
  type KTable,
  nullable,
  type Processor,
  SessionWindows,
  SlidingWindows,
  StreamsBuilder,
  string,
  TimeWindows,
  topic,
  Topology,
  type Topic,
  UnlimitedWindows,
  type ValueTransformer,
} from 'millrace'
import { map } from 'rxjs'

type Key = string | null
type Value = number | null
type Numbers = KStream<Key, Value, 'both'>
type Grouped = KGroupedStream<string, Value, 'both'>

const numbers = (name: string): Topic<Key, Value> =>
  topic(name, { key: nullable(string()), value: nullable(int64()), partitions: 2 })

export const [left, right, third] = [numbers('left'), numbers('right'), numbers('third')] as const
export const inputs = [left, right, third] as const
/** What every topology writes, whatever comes out of its verb. */
export const written = topic('written', { key: nullable(json()), value: nullable(json()) })
export const lateTopic = numbers('late')

/** What a topology is made of. */
interface Ground {
  readonly builder: StreamsBuilder
  readonly left: Numbers
  readonly right: Numbers
  readonly grouped: Grouped
  readonly table: KTable<string, number, 'both'>
  readonly rightTable: KTable<string, number, 'both'>
  readonly versions: KTable<string, number, 'both'>
  /** Writes what a verb made. */
  readonly write: (made: KStream<unknown, unknown> | KTable<unknown, unknown>) => void
}

/** Returns a topology by hand, or leaves it to the builder. */
type Script = (ground: Ground) => Topology | void

const plus = (one: Value, other: Value): number => (one ?? 0) + (other ?? 0)
const ofStreams = {
  window: JoinWindows.of({ before: 4, after: 7, grace: 5 }),
  late: { left: lateTopic, right: lateTopic },
}
const tableKey = ({ value }: { readonly value: Value }): string => `k${plus(value, 0) % 4}`
const sums = { initializer: () => 0, value: int64() }
const adding = (_: unknown, value: number, sum: number): number | null => (value % 6 === 5 ? null : sum + value)
const kept = keyValueStore('kept', { key: string(), value: int64() })

const times = {
  tumbling: TimeWindows.of({ size: 10, grace: 3 }),
  hopping: TimeWindows.of({ size: 10, advance: 4, grace: 3 }),
  calendar: CalendarWindows.of({ unit: 'day', timeZone: 'Europe/Berlin' }),
  unlimited: UnlimitedWindows.of(),
  sliding: SlidingWindows.of({ difference: 6, grace: 3 }),
}
const sessions = SessionWindows.of({ gap: 4, grace: 3 })
const strategies = ['onWindowUpdate', 'onWindowClose'] as const

const remembering: Processor<Key, Value, Key, Value> = (context) => {
  const store = context.store(kept)
  context.schedule(10, 'streamTime', (now) => context.forward({ key: 'stream time', value: now }))
  context.schedule(10, 'wallClock', (now) => context.forward({ key: 'wall clock', value: now }))
  return {
    process(record) {
      if (record.key !== null) store.put(record.key, plus(store.get(record.key) ?? 0, record.value))
      for (const row of store.range()) context.forward(row)
    },
  }
}

const parting: Processor<Key, Value, Key, Value> = (context) => ({
  process: (record) => context.forward(record, plus(record.value, 0) % 2 === 0 ? 'even' : 'odd'),
})

const transforming: ValueTransformer<string, number, number> = (context) => {
  const store = context.store(kept)
  return {
    transform({ key, value }) {
      const count = (store.get(key) ?? 0) + 1
      store.put(key, count)
      return value === null ? null : value * count
    },
  }
}

/** By the verb and what it is called on, with its kind after a colon. */
export const verbsAtWork: Readonly<Record<string, Script>> = {
  'stream.filter': ({ left, write }) => write(left.filter(({ value }) => (value ?? 1) % 3 !== 0)),
  'stream.filterNot': ({ left, write }) => write(left.filterNot(({ value }) => (value ?? 1) % 3 === 0)),
  'stream.map': ({ left, write }) =>
    write(left.map(({ key, value, timestamp }) => ({ key: value, value: key, timestamp: timestamp + 1 }))),
  'stream.mapValues': ({ left, write }) => write(left.mapValues(({ value }) => plus(value, 1))),
  'stream.flatMap': ({ left, write }) =>
    write(left.flatMap(({ key, value }) => [1, 2].map(() => ({ key: value, value: key })))),
  'stream.flatMapValues': ({ left, write }) => write(left.flatMapValues(({ value }) => [value, value])),
  'stream.selectKey': ({ left, write }) => write(left.selectKey(({ value }) => value)),
  'stream.foreach': ({ left, write }) => {
    left.foreach(() => undefined)
    write(left)
  },
  'stream.peek': ({ left, write }) => write(left.peek(() => undefined)),
  'stream.merge': ({ left, right, write }) => write(left.merge(right)),
  'stream.split': ({ left, write }) => {
    const { odd, rest } = left.split({ odd: ({ value }) => (value ?? 0) % 2 === 1, rest: 'default' })
    write(odd.mapValues(() => 'odd'))
    write(rest)
  },
  'stream.process': ({ left, write }) => write(left.process(remembering, { stores: [kept] })),
  'stream.processValues': ({ left, write }) =>
    write(
      left.processValues<Value>((context) => ({
        process: ({ value }) => context.forward({ value: plus(value, context.streamTime) }),
      })),
    ),
  'stream.pipe': ({ left, write }) => write(left.pipe(map(({ key, value }) => ({ key: value, value: key })))),
  'stream.join: of two streams': ({ left, right, write }) => write(left.join(right, plus, ofStreams)),
  'stream.leftJoin: of two streams': ({ left, right, write }) => write(left.leftJoin(right, plus, ofStreams)),
  'stream.outerJoin: of two streams': ({ left, right, write }) => write(left.outerJoin(right, plus, ofStreams)),
  'stream.join: with a table': ({ left, rightTable, write }) => write(left.join(rightTable, plus)),
  'stream.leftJoin: with a table': ({ left, rightTable, write }) => write(left.leftJoin(rightTable, plus)),
  'stream.join: with versions': ({ left, versions, write }) => write(left.join(versions, plus)),
  'stream.leftJoin: with versions': ({ left, versions, write }) => write(left.leftJoin(versions, plus)),
  'stream.join: with versions, after a grace': ({ left, versions, write }) =>
    write(left.join(versions, plus, { graceMs: 9 })),
  'stream.leftJoin: with versions, after a grace': ({ left, versions, write }) =>
    write(left.leftJoin(versions, plus, { graceMs: 9 })),
  'stream.join: with a global table': ({ builder, left, write }) =>
    write(left.join(builder.globalTable(third), plus, { tableKey })),
  'stream.leftJoin: with a global table': ({ builder, left, write }) =>
    write(left.leftJoin(builder.globalTable(third), plus, { tableKey })),
  'stream.distinct': ({ left, write }) => write(left.distinct({ id: ({ value }) => value, within: 9 })),
  ...Object.fromEntries(
    (['partition', 'key', 'none'] as const).map((order): [string, Script] => [
      `stream.mapAsync: ordered by ${order}`,
      ({ left, write }) => write(left.mapAsync(async ({ value }) => Promise.resolve(plus(value, 1)), { order })),
    ]),
  ),
  'stream.groupByKey': ({ left, write }) => write(left.groupByKey().count()),
  'stream.groupBy': ({ left, write }) =>
    write(left.groupBy(({ value }) => (value === null ? null : `k${value % 4}`), { key: string() }).count()),
  'stream.repartition': ({ left, write }) => write(left.repartition({ partitions: 3 })),
  'stream.toTable: newest rows': ({ left, write }) => write(left.toTable()),
  'stream.toTable: versions': ({ left, write }) => write(left.toTable({ versioned: { historyMs: 20 } })),
  'stream.to: a topic': ({ left, write }) => {
    left.to(numbers('copy'))
    write(left)
  },
  'stream.to: by record': ({ left, write }) => {
    left.to(({ value }) => numbers(plus(value, 0) % 2 === 0 ? 'even' : 'odd'), { topics: [numbers('even')] })
    write(left)
  },
  'grouped.count': ({ grouped, write }) => write(grouped.count({ store: kept })),
  'grouped.reduce': ({ grouped, write }) => write(grouped.reduce((sum, value) => adding(null, value, sum))),
  'grouped.aggregate': ({ grouped, write }) => write(grouped.aggregate({ ...sums, aggregator: adding })),
  ...Object.fromEntries(
    Object.entries(times).flatMap(([name, windows]) =>
      strategies.flatMap((strategy): [string, Script][] => {
        const windowed = (grouped: Grouped) => grouped.windowedBy(windows).emitStrategy(strategy)
        const kind = `${name}, ${strategy}`
        // What never closes gives no results on close.
        if (name === 'unlimited' && strategy === 'onWindowClose') return []
        return [
          [`windowed.count: ${kind}`, ({ grouped, write }) => write(windowed(grouped).count({ late: lateTopic }))],
          [
            `windowed.reduce: ${kind}`,
            ({ grouped, write }) => write(windowed(grouped).reduce((sum, value) => adding(null, value, sum))),
          ],
          [
            `windowed.aggregate: ${kind}`,
            ({ grouped, write }) => write(windowed(grouped).aggregate({ ...sums, aggregator: adding })),
          ],
        ]
      }),
    ),
  ),
  ...Object.fromEntries(
    strategies.flatMap((strategy): [string, Script][] => {
      const inSessions = (grouped: Grouped) => grouped.windowedBy(sessions).emitStrategy(strategy)
      const merger = (_: unknown, one: number, other: number): number => one + other
      return [
        [`sessions.count: ${strategy}`, ({ grouped, write }) => write(inSessions(grouped).count({ late: lateTopic }))],
        [
          `sessions.reduce: ${strategy}`,
          ({ grouped, write }) => write(inSessions(grouped).reduce((sum, value) => sum + value)),
        ],
        [
          `sessions.aggregate: ${strategy}`,
          ({ grouped, write }) => write(inSessions(grouped).aggregate({ ...sums, aggregator: adding, merger })),
        ],
      ]
    }),
  ),
  'grouped.cogroup': ({ grouped, write }) => write(grouped.cogroup<number>(adding).aggregate(sums)),
  'cogrouped.cogroup': ({ grouped, right, write }) =>
    write(grouped.cogroup<number>(adding).cogroup(right.groupByKey(), adding).aggregate(sums)),
  'cogrouped.aggregate': ({ grouped, write }) =>
    write(grouped.cogroup<number>(adding).aggregate({ ...sums, store: kept })),
  ...Object.fromEntries(
    Object.entries(times).map(([name, windows]): [string, Script] => [
      `windowedCogrouped.aggregate: ${name}`,
      ({ grouped, right, write }) =>
        write(
          cogroupedOf(grouped, right)
            .windowedBy(windows)
            .aggregate({ ...sums, late: lateTopic }),
        ),
    ]),
  ),
  'cogrouped.windowedBy': ({ grouped, right, write }) =>
    write(cogroupedOf(grouped, right).windowedBy(times.tumbling).aggregate(sums)),
  'cogroupedSessions.aggregate': ({ grouped, right, write }) =>
    write(
      cogroupedOf(grouped, right)
        .windowedBy(sessions)
        .aggregate({ ...sums, merger: (_, one, other) => one + other }),
    ),
  'windowed.emitStrategy': ({ grouped, write }) =>
    write(grouped.windowedBy(times.hopping).emitStrategy('onWindowClose').count()),
  'sessions.emitStrategy': ({ grouped, write }) =>
    write(grouped.windowedBy(sessions).emitStrategy('onWindowClose').count()),
  'grouped.windowedBy': ({ grouped, write }) => write(grouped.windowedBy(times.tumbling).count()),
  ...Object.fromEntries(
    ([undefined, kept] as const).flatMap((store): [string, Script][] => {
      const kind = store === undefined ? 'rows of the input' : 'rows of its own'
      const options = store === undefined ? {} : { store }
      return [
        [`table.filter: ${kind}`, ({ table, write }) => write(table.filter(({ value }) => value % 3 > 0, options))],
        [
          `table.filterNot: ${kind}`,
          ({ table, write }) => write(table.filterNot(({ value }) => value % 3 > 0, options)),
        ],
        [
          `table.filter: ${kind}, regrouped`,
          ({ table, write }) => write(regrouped(table.filter(({ value }) => value % 3 > 0, options)).count()),
        ],
        [`table.join: by key, ${kind}`, ({ table, rightTable, write }) => write(table.join(rightTable, plus, options))],
        [
          `table.leftJoin: by key, ${kind}`,
          ({ table, rightTable, write }) => write(table.leftJoin(rightTable, plus, options)),
        ],
        [
          `table.outerJoin: ${kind}`,
          ({ table, rightTable, write }) => write(table.outerJoin(rightTable, plus, options)),
        ],
        [
          `table.join: by a foreign key, ${kind}`,
          ({ table, rightTable, write }) => write(table.join(rightTable, plus, { foreignKey, ...options })),
        ],
        [
          `table.leftJoin: by a foreign key, ${kind}`,
          ({ table, rightTable, write }) => write(table.leftJoin(rightTable, plus, { foreignKey, ...options })),
        ],
      ]
    }),
  ),
  'table.mapValues: rows of the input': ({ table, write }) => write(table.mapValues(({ value }) => value + 1)),
  'table.mapValues: rows of its own': ({ table, write }) =>
    write(table.mapValues(({ value }) => value + 1, { store: kept })),
  'table.transformValues': ({ table, write }) => write(table.transformValues(transforming, { stores: [kept] })),
  'table.transformValues: rows of its own': ({ table, write }) => {
    const store = keyValueStore('transformed', { key: string(), value: int64() })
    write(regrouped(table.transformValues(transforming, { stores: [kept], store })).count())
  },
  'table.suppress: for a time': ({ table, write }) => write(table.suppress({ untilTimeLimit: 5 })),
  'table.suppress: for a time, few at once': ({ table, write }) =>
    write(table.suppress({ untilTimeLimit: 50, maxRecords: 1 })),
  'table.suppress: until windows close': ({ grouped, write }) =>
    write(grouped.windowedBy(times.hopping).count().suppress({ untilWindowCloses: true })),
  'table.suppress: until sessions close': ({ grouped, write }) =>
    write(grouped.windowedBy(sessions).count().suppress({ untilWindowCloses: true })),
  'table.groupBy': ({ table, write }) => write(regrouped(table).count()),
  'groupedTable.count': ({ table, write }) => write(regrouped(table).count({ store: kept })),
  'groupedTable.reduce': ({ table, write }) =>
    write(regrouped(table).reduce({ adder: (sum, value) => sum + value, subtractor: (sum, value) => sum - value })),
  'groupedTable.aggregate': ({ table, write }) =>
    write(
      regrouped(table).aggregate({
        ...sums,
        aggregator: (_, value, sum) => sum + value,
        subtractor: (_, value, sum) => sum - value,
      }),
    ),
  'table.toStream: with deletes': ({ table, write }) => write(table.toStream()),
  'table.toStream: without': ({ table, write }) => write(table.toStream({ deletes: 'drop' })),
  'builder.stream: of several topics': ({ builder, write }) => write(builder.stream([third])),
  'builder.stream: by a pattern': ({ builder, write }) =>
    write(builder.stream(/^third$/, { key: nullable(string()), value: nullable(int64()) })),
  'builder.table': ({ builder, write }) => write(builder.table(third)),
  'builder.table: versions': ({ builder, write }) =>
    write(regrouped(builder.table(third, { versioned: { historyMs: 20 } })).count()),
  'builder.table: rows that expire': ({ builder, write }) =>
    write(regrouped(builder.table(third, { ttlMs: 15 })).count()),
  'topology.addProcessor': () =>
    new Topology()
      .addSource('left', left)
      .addSource('right', right)
      .addProcessor('parted', parting, { parents: ['left', 'right'] })
      .addSink('odd', written, { parents: ['parted'] })
      .addSink('even', written, { parents: ['parted'] }),
  'builder.globalTable': ({ builder, left, write }) =>
    write(left.leftJoin(builder.globalTable(third), plus, { tableKey: ({ key }) => key ?? 'none' })),
}

function foreignKey(value: number): string | null {
  return value % 7 === 6 ? null : `k${value % 4}`
}

function cogroupedOf(grouped: Grouped, right: Numbers) {
  return grouped.cogroup<number>(adding).cogroup(right.groupByKey(), adding)
}

function regrouped(table: KTable<string, number>) {
  return table.groupBy(({ value }) => ({ key: `k${value % 4}`, value }), { key: string(), value: int64() })
}

/** The verb of a topology, without its kind. */
export function verbOf(name: string): string {
  const [verb = name] = name.split(': ')
  return verb
}

export function atWork(name: string): Topology {
  const script = verbsAtWork[name]
  if (script === undefined) throw new Error(`there is no ${name}`)
  const builder = new StreamsBuilder()
  const byHand = script({
    builder,
    get left() {
      return builder.stream(left)
    },
    get right() {
      return builder.stream(right)
    },
    get grouped() {
      return this.left.groupByKey()
    },
    get table() {
      return this.left.toTable({ name: 'table' })
    },
    get rightTable() {
      return this.right.toTable({ name: 'right-table' })
    },
    get versions() {
      return this.right.toTable({ versioned: { historyMs: 40 }, name: 'versions' })
    },
    write(made) {
      const stream = 'toStream' in made ? made.toStream() : made
      stream.map(({ key, value }) => ({ key, value })).to(written)
    },
  })
  return byHand ?? builder.build()
}
