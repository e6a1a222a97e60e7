// An application that reads the results of the one whose versions are switched: it adds up what they say. In a switch it may start over,
// with its outputs or without them.
import { json, keyValueStore, StreamsBuilder, string, topic, type Topology } from '../../src/index.ts'
import type { EmbeddedLog } from '../../src/log/embedded-log.ts'
import { decodedLanes, endsOf, placeIn, rowsOf } from './version-contents.ts'
import type { Place } from './version-model.ts'
import { keyOf, laneCount, results } from './versioned.ts'

export const downstreamId = 'downstream'

/** The newest result of a key, and the total of all. */
export interface Turnover {
  readonly of: number
  readonly total: number
}

const serdes = { key: string(), value: json<Turnover>() }
export const turnovers = topic('turnovers', { ...serdes, partitions: laneCount })
const turnover = keyValueStore('turnover', serdes)

export function downstream(): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream(results)
    .groupByKey()
    .aggregate({
      initializer: (): Turnover => ({ of: -1, total: 0 }),
      aggregator: (_, { of, sum }, { total }: Turnover) => ({ of, total: total + sum }),
      value: turnover.value,
      store: turnover,
    })
    .toStream()
    .mapValues(({ value }) => value ?? { of: -1, total: -1 })
    .to(turnovers)
  return builder.build()
}

/** What the log holds of it. */
export interface DownstreamContents {
  readonly place: Place
  /** Rows as text. */
  readonly rows: ReadonlyMap<string, string>
  /** Lines, by partition. */
  readonly lanes: readonly (readonly string[])[]
}

/** In the snapshot that is open. */
export function readDownstream(log: EmbeddedLog): DownstreamContents {
  return {
    place: placeIn(log, downstreamId, results.name),
    rows: rowsOf(log, downstreamId, turnover.name, (bytes) => JSON.stringify(turnover.value.decode(bytes))),
    lanes: decodedLanes(log, turnovers.name, ({ value }) => lineOf(turnovers.value.decode(value))) ?? [],
  }
}

/** Whether it has read all results that are there. */
export function isAtEnd(log: EmbeddedLog): boolean {
  log.refresh()
  return placeIn(log, downstreamId, results.name).join() === endsOf(log, results.name).join()
}

const lineOf = ({ of, total }: Turnover): string => `${of} ${total}`

/** What it makes of results up to a place; nothing here knows how it is done. */
export function downstreamOf(
  lanes: readonly (readonly string[])[],
  place: Place,
): Pick<DownstreamContents, 'rows' | 'lanes'> {
  const totals = new Map<string, Turnover>()
  const made = place.map((end, lane) =>
    (lanes[lane] ?? []).slice(0, end).map((line) => {
      const [of = Number.NaN, sum = Number.NaN] = line.split(' ').map(Number)
      const total = (totals.get(keyOf(of))?.total ?? 0) + sum
      totals.set(keyOf(of), { of, total })
      return lineOf({ of, total })
    }),
  )
  return { rows: new Map([...totals].map(([key, value]) => [key, JSON.stringify(value)])), lanes: made }
}
