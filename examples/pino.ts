/**
 * Events for a logger: what happens to an application, from start to close, as lines of pino.
 */
import { rm } from 'node:fs/promises'
import { diagnostics, int64, nullable, openLog, startStreams, string, StreamsBuilder, topic } from 'millrace'
import pino, { type Level } from 'pino'

const logger = pino({ base: null, timestamp: false }) // a real program leaves both out of this

/** How loud each event is; one that is not listed is `info`. */
const levels: Partial<Record<string, Level>> = {
  'millrace:commit': 'debug',
  'millrace:drop': 'warn',
  'millrace:retry': 'warn',
  'millrace:slow-commit': 'warn',
  'millrace:takeover': 'warn',
  'millrace:waiting-for-members': 'warn',
  'millrace:fail': 'error',
}
for (const name of diagnostics.names) {
  const level = levels[name] ?? 'info'
  diagnostics.subscribe(name, ({ ...event }) => {
    // pino knows how to write an error under the name `err`.
    if ('error' in event) logger[level]({ ...event, error: undefined, err: event.error }, name)
    else logger[level](event, name)
  })
}

const orders = topic('orders', { key: nullable(string()), value: int64() })
const builder = new StreamsBuilder()
let isDown = true
builder
  .stream(orders)
  .filter(({ value }) => {
    if (isDown) isDown = false
    else return value > 0
    throw new Error('the list of prices is not there yet')
  })
  .groupByKey({ name: 'by-buyer' })
  .count()

const dir = './data/pino'
await rm(dir, { recursive: true, force: true }) // so that every run begins anew; a real program keeps its log
await using log = await openLog(dir)
await log.producer().sendMany(orders, [
  { key: 'ann', value: 700 },
  { key: null, value: 500 }, // belongs to no one: dropped
  { key: 'ann', value: 500 },
])
await using app = await startStreams(builder.build(), {
  log,
  applicationId: 'orders-per-buyer',
  onError: { retries: 3, then: 'deadLetter' },
})
await app.caughtUp()
