/**
 * Replay: clicks are counted, and so are those of bots. A new version without that bug counts the last day again beside
 * the live one, is compared with it, takes its place, and gives it back.
 */
import { rm } from 'node:fs/promises'
import {
  days,
  formatComparison,
  hours,
  int64,
  json,
  minutes,
  openLog,
  replay,
  startStreams,
  StreamsBuilder,
  string,
  TimeWindows,
  topic,
  type Topology,
  windowed,
  windowStore,
} from 'millrace'

const applicationId = 'click-counts'
const clicks = topic('clicks', { key: string(), value: json<{ page: string; agent: string }>() })
const counts = windowStore('counts', { key: string(), value: int64(), retentionMs: days(7) })
const perHour = topic('clicks-per-hour', { key: windowed(string(), { size: hours(1) }), value: int64() })

function clickCounts(isCounted: (agent: string) => boolean): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream(clicks)
    .filter(({ value }) => isCounted(value.agent))
    .groupBy(({ value }) => value.page, { key: string() })
    .windowedBy(TimeWindows.of({ size: hours(1) }))
    .count({ store: counts })
    .toStream()
    .to(perHour)
  return builder.build()
}
const everyone = clickCounts(() => true)
const peopleOnly = clickCounts((agent) => !agent.includes('bot'))

const midnight = Date.UTC(2025, 2, 6)
const twoDays = Array.from({ length: 2 * 24 * 6 }, (_, index) => {
  const agent = index % 4 === 3 ? 'search-bot/2.0' : 'Firefox/136.0'
  const value = { page: index % 3 === 0 ? '/cart' : '/', agent }
  return { key: agent, value, timestamp: midnight - days(2) + index * minutes(10) }
})

const dir = './data/replay'
await rm(dir, { recursive: true, force: true }) // so that every run begins anew; a real program keeps its log
await using log = await openLog(dir)
await log.producer().sendMany(clicks, twoDays)
await using v1 = await startStreams(everyone, { log, applicationId })
await v1.caughtUp()

await using v2 = await replay(peopleOnly, { log, applicationId, version: 'v2', from: { time: midnight - days(1) } })
await v2.caughtUp()
console.log(formatComparison(await v2.compare({ samples: 1 })))

const hour = midnight - hours(1)
const answer = (): number | undefined => log.store(applicationId, counts).get('/', hour) // that of the live version
const stopped = Promise.allSettled([v1.stopped, v2.stopped]) // both with `superseded`: one now, the other further below
const { topics } = await v2.switch({ outputs: 'correct' })
for (const { topic: name, records, recordsBefore } of topics) console.log(`${name}: ${recordsBefore} -> ${records}`)
console.log('v2 is live, and the last hour has', answer(), 'clicks of /')

await log.admin.switchBack(applicationId)
await stopped
await using again = await startStreams(everyone, { log, applicationId, version: 'v1' })
await again.caughtUp()
console.log('v1 is live, and the last hour has', answer(), 'clicks of /')
