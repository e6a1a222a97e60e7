/**
 * Clicks per page and minute: `npx millrace run src/topology.ts` runs it, `npm test` tests it.
 *
 * A topology only says what becomes of records. It opens nothing and starts nothing, so a test can import it.
 */
import {
  int64,
  json,
  minutes,
  type ScriptConfig,
  seconds,
  string,
  StreamsBuilder,
  TimeWindows,
  topic,
  windowed,
  windowStore,
} from 'millrace'

export interface Click {
  readonly page: string
  /** The HTTP status of the response. */
  readonly status: number
}

/** What comes in. A topic says how its keys and values are written; here the key is the address of the client. */
export const clicks = topic('clicks', { key: string(), value: json<Click>() })

/** The length of a window, and how long it waits for late clicks. Later ones are dropped, and counted as dropped. */
const perMinute = TimeWindows.of({ size: minutes(1), grace: seconds(10) })

/** What goes out: each new count, with the page and the minute as its key. */
export const clicksPerMinute = topic('clicks-per-minute', {
  key: windowed(string(), { size: minutes(1) }),
  value: int64(),
})

/** The current counts. The name makes it a store that you can query: `millrace store dump clicks counts`. */
export const counts = windowStore('counts', { key: string(), value: int64() })

const builder = new StreamsBuilder()
builder
  .stream(clicks)
  .filter(({ value }) => value.status === 200)
  .groupBy(({ value }) => value.page, { key: string() })
  .windowedBy(perMinute)
  .count({ store: counts })
  .toStream()
  .to(clicksPerMinute)

export const topology = builder.build()

/** The state belongs to this id: another id starts from nothing, beside it. */
export const config: ScriptConfig = { applicationId: 'clicks' }
