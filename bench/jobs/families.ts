/**
 * Topologies with state, one for each family of operators, over the same two streams: what they cost depends on how
 * many keys there are.
 */
import {
  type Application,
  int64,
  JoinWindows,
  keyValueStore,
  type KStream,
  type Processor,
  openLog,
  SessionWindows,
  SlidingWindows,
  startStreams,
  StreamsBuilder,
  string,
  TimeWindows,
} from 'millrace'
import { type FamilyOptions, joinReachMs } from '../workload.ts'
import { sides } from './joins.ts'

type Numbers = KStream<string, number>

/** What a topology is made of. */
interface Ground {
  /** Each has a record every millisecond. */
  readonly left: Numbers
  readonly right: Numbers
  /** Both as one stream. */
  readonly all: Numbers
  /** In this time a key has two records, on average. */
  readonly spanMs: number
  readonly keys: number
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

const plus = (one: number, other: number | null): number => one + (other ?? 0)

function windowsOf(sizeMs: number, advanceMs = sizeMs): TimeWindows {
  return TimeWindows.of({ size: sizeMs, advance: Math.max(1, Math.ceil(advanceMs)) })
}

/** What comes out is dropped. */
export const families = {
  'nothing: read both and pass': () => undefined,
  'filter, mapValues, filter, mapValues': ({ all }) =>
    all
      .filter(() => true)
      .mapValues(({ value }) => value + 1)
      .filter(() => true)
      .mapValues(({ value }) => value + 1),
  'selectKey, repartition': ({ all }) => all.selectKey(({ key }) => key).repartition({ key: string(), value: int64() }),
  count: ({ all }) => all.groupByKey().count(),
  'count, tumbling windows': ({ all, spanMs }) => all.groupByKey().windowedBy(windowsOf(spanMs)).count(),
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
  'count, sessions': ({ all, spanMs }) =>
    all
      .groupByKey()
      .windowedBy(SessionWindows.of({ gap: Math.ceil(spanMs / 4) }))
      .count(),
  'count, tumbling windows, emitted on close': ({ all, spanMs }) =>
    all.groupByKey().windowedBy(windowsOf(spanMs)).emitStrategy('onWindowClose').count(),
  'count, tumbling windows, suppressed until they close': ({ all, spanMs }) =>
    all.groupByKey().windowedBy(windowsOf(spanMs)).count().suppress({ untilWindowCloses: true }),
  'count, suppressed for a time': ({ all, spanMs }) => all.groupByKey().count().suppress({ untilTimeLimit: spanMs }),
  'join of two streams': ({ left, right, spanMs }) =>
    left.join(right, plus, { window: JoinWindows.of({ difference: Math.ceil(spanMs / 2) }) }),
  'leftJoin of a stream with a table': ({ left, right }) => left.leftJoin(right.toTable(), plus),
  'join of two tables': ({ left, right }) => left.toTable().join(right.toTable(), plus),
  'join of two tables by a foreign key': ({ left, right, keys }) =>
    left.toTable().join(right.toTable(), plus, { foreignKey: (value) => `visitor ${value % keys}` }),
  distinct: ({ all, spanMs }) => all.distinct({ id: ({ key }) => key, within: spanMs }),
  'process, a store of sums': ({ all }) => all.process(summing, { stores: [sums] }),
} satisfies Record<string, (ground: Ground) => unknown>

export type FamilyName = keyof typeof families

/** Nanoseconds of user CPU for each record, those of all threads: others may use the machine too. */
export async function runFamily({
  dir,
  records,
  recordsPerCommit,
  keys,
  family,
}: FamilyOptions<FamilyName>): Promise<number> {
  await using log = await openLog(dir, { maintenance: false })
  const builder = new StreamsBuilder()
  const left = builder.stream(sides[0])
  const right = builder.stream(sides[1])
  const add: (ground: Ground) => unknown = families[family]
  add({ left, right, all: left.merge(right), spanMs: 2 * joinReachMs(keys), keys })
  const before = process.cpuUsage()
  await using app: Application = await startStreams(builder.build(), {
    log,
    applicationId: family.replace(/\W+/g, '-'),
    commit: { everyMs: 3_600_000, everyRecords: recordsPerCommit },
  })
  await app.caughtUp()
  const { user } = process.cpuUsage(before)
  return (user * 1_000) / records
}
