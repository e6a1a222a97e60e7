/**
 * Topologies with state, one for each family of operators, over the same two streams: what they cost depends on how
 * many keys there are.
 */
import {
  type Application,
  bytes,
  CalendarWindows,
  int64,
  JoinWindows,
  keyValueStore,
  type KStream,
  type Processor,
  nullable,
  openLog,
  sessionWindowed,
  SessionWindows,
  SlidingWindows,
  type Serde,
  startStreams,
  StreamsBuilder,
  string,
  TimeWindows,
  type Topic,
  topic,
  UnlimitedWindows,
  windowed,
} from 'millrace'
import { WatchedCommits } from '../commits.ts'
import { Fingerprint } from '../fingerprint.ts'
import { type FamilyOptions, type FamilyResult, gapMsOf, joinReachMs } from '../workload.ts'
import { sides } from './sides.ts'

type Numbers = KStream<string, number>

/** What a topology is made of. Each family takes what it reads, since a topic is read as a stream or as a table. */
interface Ground {
  readonly builder: StreamsBuilder
  /** Each has a record every millisecond. */
  readonly left: Numbers
  readonly right: Numbers
  /** Both as one stream. */
  readonly all: Numbers
  /** In this time a key has two records, on average. */
  readonly spanMs: number
  readonly keys: number
  /** The topic that the outputs go to. */
  readonly to: string
}

const sums = keyValueStore('sums', { key: string(), value: int64() })

const summing: Processor<string, number> = (context) => {
  const store = context.store(sums)
  return {
    process(record) {
      const sum = (store.get(record.key) ?? 0) + record.value
      store.put(record.key, sum)
      context.forward({ ...record, value: sum })
    },
  }
}

/** The output topic of a family. */
function outputs<K>(name: string, key: Serde<K>): Topic<K, number | null> {
  return topic(name, { key, value: nullable(int64()) })
}

const plus = (one: number, other: number | null): number => one + (other ?? 0)

function windowsOf(sizeMs: number, advanceMs = sizeMs): TimeWindows {
  return TimeWindows.of({ size: sizeMs, advance: Math.max(1, Math.ceil(advanceMs)) })
}

/** What comes out of those that have a loop by hand goes to a topic. Rows are kept for as long as there. */
export const families = {
  'nothing: read both and pass': ({ all }) => all,
  'filter, mapValues, filter, mapValues': ({ all }) =>
    all
      .filter(() => true)
      .mapValues(({ value }) => value + 1)
      .filter(() => true)
      .mapValues(({ value }) => value + 1),
  'selectKey, repartition': ({ all }) => all.selectKey(({ key }) => key).repartition({ key: string(), value: int64() }),
  count: ({ all, to }) => all.groupByKey().count().toStream().to(outputs(to, string())),
  'count, tumbling windows': ({ all, spanMs, to }) =>
    all
      .groupByKey()
      .windowedBy(windowsOf(spanMs))
      .count({ retentionMs: spanMs })
      .toStream()
      .to(outputs(to, windowed(string(), { size: spanMs }))),
  'count, hopping windows, 4 for each record': ({ all, spanMs }) =>
    all
      .groupByKey()
      .windowedBy(windowsOf(spanMs, spanMs / 4))
      .count(),
  'count, sliding windows': ({ all, spanMs }) =>
    all
      .groupByKey()
      .windowedBy(SlidingWindows.of({ difference: spanMs }))
      .count(),
  'count, calendar windows': ({ all }) =>
    all
      .groupByKey()
      .windowedBy(CalendarWindows.of({ unit: 'day', timeZone: 'Europe/Berlin' }))
      .count(),
  'count, unlimited windows': ({ all }) => all.groupByKey().windowedBy(UnlimitedWindows.of()).count(),
  'count, sessions': ({ all, spanMs, to }) =>
    all
      .groupByKey()
      .windowedBy(SessionWindows.of({ gap: gapMsOf(spanMs) }))
      .count({ retentionMs: gapMsOf(spanMs) })
      .toStream()
      .to(outputs(to, sessionWindowed(string()))),
  'count, tumbling windows, emitted on close': ({ all, spanMs }) =>
    all.groupByKey().windowedBy(windowsOf(spanMs)).emitStrategy('onWindowClose').count(),
  'count, tumbling windows, suppressed until they close': ({ all, spanMs }) =>
    all.groupByKey().windowedBy(windowsOf(spanMs)).count().suppress({ untilWindowCloses: true }),
  'count, suppressed for a time': ({ all, spanMs }) => all.groupByKey().count().suppress({ untilTimeLimit: spanMs }),
  'join of two streams': ({ left, right, spanMs, to }) =>
    left.join(right, plus, { window: JoinWindows.of({ difference: Math.ceil(spanMs / 2) }) }).to(outputs(to, string())),
  'outerJoin of two streams': ({ left, right, spanMs }) =>
    left.outerJoin(right, (one, other) => (one ?? 0) + (other ?? 0), {
      window: JoinWindows.of({ difference: Math.ceil(spanMs / 2) }),
    }),
  cogroup: ({ left, right }) =>
    left
      .groupByKey()
      .cogroup<number>((_, value, sum) => sum + value)
      .cogroup(right.groupByKey(), (_, value, sum) => sum - value)
      .aggregate({ initializer: () => 0, value: int64() }),
  'leftJoin of a stream with a table': ({ left, right, to }) =>
    left.leftJoin(right.toTable(), plus).to(outputs(to, string())),
  'join of two tables': ({ left, right }) => left.toTable().join(right.toTable(), plus),
  'join of two tables by a foreign key': ({ left, right, keys, to }) =>
    left
      .toTable()
      .join(right.toTable(), plus, { foreignKey: (value) => `visitor ${value % keys}` })
      .toStream()
      .to(outputs(to, string())),
  'leftJoin of a stream with a versioned table': ({ left, right, spanMs }) =>
    left.leftJoin(right.toTable({ versioned: { historyMs: spanMs } }), plus),
  'leftJoin of a stream with a global table': ({ builder, left }) =>
    left.leftJoin(builder.globalTable(sides[1]), plus, { tableKey: ({ key }) => key }),
  'a table whose rows expire': ({ builder, left, spanMs }) => {
    left.foreach(() => undefined)
    builder.table(sides[1], { ttlMs: Math.max(1, spanMs) })
  },
  'rows of a table, regrouped and summed': ({ all, keys }) =>
    all
      .toTable()
      .groupBy(({ value }) => ({ key: `visitor ${value % keys}`, value }), { key: string(), value: int64() })
      .reduce({ adder: (sum, value) => sum + value, subtractor: (sum, value) => sum - value }),
  'mapAsync, answered at once': ({ all }) => all.mapAsync(async ({ value }) => value + 1, { value: int64() }),
  distinct: ({ all, spanMs }) => all.distinct({ id: ({ key }) => key, within: spanMs }),
  'process, a store of sums': ({ all }) => all.process(summing, { stores: [sums] }),
} satisfies Record<string, (ground: Ground) => unknown>

export type FamilyName = keyof typeof families

export async function runFamily(options: FamilyOptions<FamilyName>): Promise<FamilyResult> {
  const { dir, records, recordsPerCommit, keys, family } = options
  const name = family.replace(/\W+/g, '-')
  await using log = await openLog(dir, { maintenance: false })
  const builder = new StreamsBuilder()
  const add: (ground: Ground) => unknown = families[family]
  add({
    builder,
    get left() {
      return builder.stream(sides[0])
    },
    get right() {
      return builder.stream(sides[1])
    },
    get all() {
      return this.left.merge(this.right)
    },
    spanMs: 2 * joinReachMs(keys),
    keys,
    to: name,
  })
  await using app: Application = await startStreams(builder.build(), {
    log,
    applicationId: name,
    commit: { everyMs: 3_600_000, everyRecords: recordsPerCommit },
  })
  using commits = new WatchedCommits()
  await app.caughtUp()
  const nsOfCpu = commits.nsOfCpu(records)
  const print = new Fingerprint()
  if ((await log.admin.listTopics()).some((known) => known.name === name)) {
    const asBytes = topic(name, { key: bytes(), value: nullable(bytes()) })
    for await (const { key, timestamp, value } of log.read(asBytes)) print.add(key, timestamp, value)
  }
  return { nsOfCpu, fingerprint: print.toString() }
}
