/**
 * Topologies of one operator each, over the same clicks; their cost is the difference to the one that does nothing.
 */
import {
  type Application,
  int64,
  type KStream,
  minutes,
  msgpack,
  openLog,
  startStreams,
  StreamsBuilder,
  string,
  TimeWindows,
  topic,
} from 'millrace'
import { map } from 'rxjs'
import type { Click } from '../workload.ts'

const clicks = topic('clicks', { key: string(), value: msgpack<Click>() })
const nothing = topic('nothing', { key: string(), value: msgpack<Click>() })
const copies = topic('copies', { key: string(), value: msgpack<Click>() })

type Clicks = KStream<string, Click>
const window = TimeWindows.of({ size: minutes(1) })
const sum = { initializer: () => 0, aggregator: (_key: string, _click: Click, n: number) => n + 1, value: int64() }

/** Each takes the clicks one step further; what comes out is dropped, unless the step writes it. */
export const operators = {
  'nothing: read and pass': () => undefined,
  filter: (stream) => stream.filter(() => true),
  'filter, looks at the key': (stream) => stream.filter(({ key }) => key !== ''),
  'filter, looks at the value': (stream) => stream.filter(({ value }) => value.status > 0),
  map: (stream) => stream.map(() => ({ key: 'a', value: 1 })),
  mapValues: (stream) => stream.mapValues(() => 1),
  'flatMap to two': (stream) =>
    stream.flatMap(() => [
      { key: 'a', value: 1 },
      { key: 'b', value: 2 },
    ]),
  'pipe(map)': (stream) => stream.pipe(map(() => ({ key: 'a', value: 1 }))),
  merge: (stream, builder) => stream.merge(builder.stream(nothing)),
  'selectKey, repartition': (stream) => stream.selectKey(() => 'a').repartition({ key: string() }),
  'groupByKey, count': (stream) => stream.groupByKey().count(),
  'groupByKey, windowed count': (stream) => stream.groupByKey().windowedBy(window).count(),
  'groupByKey, reduce': (stream) => stream.groupByKey().reduce((_, click) => click),
  'groupByKey, aggregate': (stream) => stream.groupByKey().aggregate(sum),
  'groupBy, count': (stream) => stream.groupBy(() => 'a', { key: string() }).count(),
  'to, unchanged bytes': (stream) => stream.to(copies),
  'to, a new value': (stream) => stream.mapValues(() => click).to(copies),
} satisfies Record<string, (stream: Clicks, builder: StreamsBuilder) => unknown>

const click: Click = { page: '/page/1', status: 200, ms: 1, ref: 'https://example.com/1' }

export type OperatorName = keyof typeof operators

export interface OperatorOptions {
  readonly dir: string
  readonly records: number
  readonly operator: OperatorName
  /** A new one starts at the beginning of the clicks. */
  readonly applicationId: string
}

/** Nanoseconds for each record. */
export async function operate({ dir, records, operator, applicationId }: OperatorOptions): Promise<number> {
  await using log = await openLog(dir)
  const builder = new StreamsBuilder()
  const add: (stream: Clicks, builder: StreamsBuilder) => unknown = operators[operator]
  add(builder.stream(clicks), builder)
  const startedMs = performance.now()
  await using app: Application = await startStreams(builder.build(), {
    log,
    applicationId,
    commit: { everyMs: 60_000 },
  })
  await app.caughtUp()
  return ((performance.now() - startedMs) * 1_000_000) / records
}
