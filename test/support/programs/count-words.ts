// Counts words as application "app" in the directory given, and tells the count of each word that it is asked for. The line `stop`
// makes it stop itself (SIGSTOP): between two commits.
import { createInterface } from 'node:readline'
import { int64, keyValueStore, openLog, startStreams, StreamsBuilder, string, topic } from '../../../src/index.ts'
import { words } from '../topics.ts'

const [dir = ''] = process.argv.slice(2)
const counts = keyValueStore('counts', { key: string(), value: int64() })
const builder = new StreamsBuilder()
const stream = builder.stream(words)
stream.groupByKey().count({ store: counts })
stream.to(topic('heard', { key: string(), value: string() }))

const log = await openLog(dir)
const app = await startStreams(builder.build(), { log, applicationId: 'app' })
console.log('started')
for await (const word of createInterface({ input: process.stdin })) {
  if (word === 'stop') {
    process.kill(process.pid, 'SIGSTOP')
    continue
  }
  await app.caughtUp()
  console.log(app.store(counts).get(word) ?? 0)
}
