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
  /** Of the answer, as HTTP has it. */
  readonly status: number
}

/** What comes in. A topic says how its keys and values are written; here the key is the address of the client. */
export const clicks = topic('clicks', { key: string(), value: json<Click>() })

/** The length of a window, and how long one waits for clicks that come late. What is later is dropped, and counted. */
const perMinute = TimeWindows.of({ size: minutes(1), grace: seconds(10) })

/** What goes out: each new count, with the page and the minute as its key. */
export const clicksPerMinute = topic('clicks-per-minute', {
  key: windowed(string(), { size: minutes(1) }),
  value: int64(),
})

/** The counts as they stand. The name makes it a store that can be asked: `millrace store dump clicks counts`. */
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

/** The id is the name of the state: another one begins again, beside this one. */
export const config: ScriptConfig = { applicationId: 'clicks' }
