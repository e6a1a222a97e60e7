import { mkdtempSync, rmSync } from 'node:fs'
const root = process.argv[2]
const { int64, keyValueStore, openLog, startStreams, string, StreamsBuilder, topic } = await import(
  root + '/src/index.ts'
)
const dir = mkdtempSync('/dev/shm/cpu-')
const t = topic('t', { key: string(), value: string(), partitions: 4 })
const out = topic('out', { key: string(), value: int64(), partitions: 4 })
const counts = keyValueStore('counts', { key: string(), value: int64() })
const log = await openLog(dir, { maintenance: false })
const cpu = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
const res: Record<string, number> = {}
let at = cpu()
const lap = (name: string) => {
  const now = cpu()
  res[name] = Math.round(now - at)
  at = cpu()
}
const p = log.producer()
for (let i = 0; i < 40; i++)
  await p.sendMany(
    t,
    Array.from({ length: 5000 }, (_, j) => ({
      key: 'key ' + (((i * 5000 + j) * 7919) % 80000),
      value: 'value '.repeat(12) + j,
      timestamp: i,
    })),
  )
for (let i = 0; i < 1500; i++) await p.send(t, { key: 'k' + i, value: 'v', timestamp: 50 })
lap('produce')
for (let r = 0; r < 3; r++) for await (const _ of log.read(t));
lap('one by one')
for (let r = 0; r < 3; r++) for await (const _ of log.read(t).batches());
lap('batches')
const b = new StreamsBuilder()
b.stream(t).groupByKey().count({ store: counts }).toStream().to(out)
const app = await startStreams(b.build(), { log, applicationId: 'a', stateCacheBytes: 4_000_000 })
await app.caughtUp()
lap('count')
let n = 0
for (let r = 0; r < 3; r++) for (const _ of app.store(counts).range()) n++
lap('range of state')
await app.close()
await log.close()
rmSync(dir, { recursive: true })
console.log(JSON.stringify(res))
