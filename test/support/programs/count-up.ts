// Counts the words of a log as application "app" up to where they end now, and stops.
import { int64, keyValueStore, openLog, startStreams, StreamsBuilder, string } from '../../../src/index.ts'
import { words } from '../topics.ts'

const [dir = ''] = process.argv.slice(2)
const builder = new StreamsBuilder()
builder
  .stream(words)
  .groupByKey()
  .count({ store: keyValueStore('counts', { key: string(), value: int64() }) })

const log = await openLog(dir)
const app = await startStreams(builder.build(), { log, applicationId: 'app', until: 'end' })
await app.stopped
await log.close()
