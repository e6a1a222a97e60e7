// Opens a log, sends a record, and ends without closing it: nothing of the log may keep the process alive.
import { openLog, string, topic } from '../../../src/index.ts'

const log = await openLog(process.argv[2] as string, { maintenance: { everyMs: 60_000 } })
await log.producer().send(topic('events', { key: string(), value: string() }), { key: 'a', value: 'x' })
