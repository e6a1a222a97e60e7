// An application with as many windows and sessions of a key as a test needs, made in one turn.
import { int64, type Log, type Processor, sessionStore, string, windowStore } from 'millrace'
import { start } from './applications.ts'
import { input, topologyOf } from './topology.ts'

const windows = windowStore('windows', { key: string(), value: int64(), size: 1 })
const sessions = sessionStore('sessions', { key: string(), value: int64() })

/** `key=count` makes this many windows, and sessions, of the key in one turn. */
const filling: Processor<string, string> = (context) => {
  const [rows, visits] = [context.store(windows), context.store(sessions)]
  return {
    process({ key, value }) {
      for (let at = 0; at < Number(value); at++) {
        rows.put(key, at, at)
        if (at < 1_000) visits.put(key, { start: at * 10, end: at * 10 + 5 }, at)
      }
    },
  }
}

const topology = topologyOf((builder) => {
  builder.stream(input).process(filling, { stores: [windows, sessions] })
})

export async function fillWindows(log: Log, counts: Readonly<Record<string, number>>): Promise<void> {
  const records = Object.entries(counts).map(([key, count]) => ({ key, value: String(count), timestamp: 1 }))
  await log.producer().sendMany(input, records)
  const app = await start(log, topology, { applicationId: 'filled' })
  await app.caughtUp()
}
