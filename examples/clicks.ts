/**
 * Clicks per page and window, out of an access log: the whole topology.
 *
 * A click is a GET answered with status 200; its page is the path without the query. `npm run clicks` runs this on a real
 * log; importing, drawing and the options of that command live in examples/clicks/.
 */
import {
  bytes,
  int64,
  string,
  StreamsBuilder,
  TimeWindows,
  type Topic,
  topic,
  type Topology,
  type Windowed,
  windowed,
} from 'millrace'
import { type AccessLogEntry, combinedLogFormat } from './clicks/combined-log-format.ts'

/** Entries of access logs by client address. A line that is none fails to decode, and its record is a dead letter. */
export const accessLog = topic('access-log', { key: string(), value: combinedLogFormat, partitions: 4 })

/** The same topic for its writer: every line is a record, whatever bytes it has. */
export const accessLogLines = topic(accessLog.name, { key: string(), value: bytes(), partitions: 4 })

/** The topology with what it writes, and a name for it: other settings are another application, which counts anew. */
export interface ClickCounts {
  readonly applicationId: string
  readonly topology: Topology
  /** Gets every new count of a page in a window. */
  readonly counts: Topic<Windowed<string>, number>
  readonly windowMs: number
  readonly graceMs: number
}

export function clickCounts(options: {
  readonly windowMs: number
  readonly graceMs: number
  readonly from?: Topic<string, AccessLogEntry>
}): ClickCounts {
  const { windowMs, graceMs, from = accessLog } = options
  const applicationId = `clicks-${windowMs}-${graceMs}`
  const counts = topic(`${applicationId}.counts`, { key: windowed(string(), { size: windowMs }), value: int64() })

  const builder = new StreamsBuilder()
  builder
    .stream(from)
    .filter(({ value }) => value.method === 'GET' && value.status === 200)
    .groupBy(({ value }) => value.target.replace(/\?.*/s, ''), { key: string() })
    .windowedBy(TimeWindows.of({ size: windowMs, grace: graceMs }))
    .count()
    .toStream()
    .to(counts)

  return { applicationId, topology: builder.build(), counts, windowMs, graceMs }
}
