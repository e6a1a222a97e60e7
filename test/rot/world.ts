// The log that rots: several topics, a group and an application in the middle of their work, some 300 KB in all.
import { int64, keyValueStore, openLog, startStreams, string, StreamsBuilder, topic } from '../../src/index.ts'
import type { Topology } from '../../src/index.ts'

const text = { key: string(), value: string() }

export const clicks = topic('clicks', { ...text, partitions: 2 })
export const orders = topic('orders', { ...text, partitions: 3 })
/** Records that take pages of their own. */
export const pictures = topic('pictures', text)
/** What compaction has left: its offsets have gaps. */
export const table = topic('table', { ...text, cleanupPolicy: 'compact', minCompactionLagMs: 0 })
export const counted = topic('counted', { key: string(), value: int64(), partitions: 2 })
const forgotten = topic('forgotten', text)

export const counts = keyValueStore('counts', { key: string(), value: int64() })
export const applicationId = 'counting'
export const group = 'readers'

export function countClicks(): Topology {
  const builder = new StreamsBuilder()
  builder.stream(clicks).groupByKey().count({ store: counts }).toStream().to(counted)
  return builder.build()
}

const clicksBefore = 900
const clicksAfter = 150
const clickers = 400
const ordersSent = 240
const flushRecords = 30
const pictureBytes = 12_000

/** Makes the log in an empty directory: the same commits every time. */
export async function makeWorld(dir: string): Promise<void> {
  const log = await openLog(dir, { maintenance: false })
  const producer = log.producer({ lingerMs: 0 })
  const send = async (to: typeof orders, records: readonly { key: string; value: string; timestamp: number }[]) => {
    for (let at = 0; at < records.length; at += flushRecords) {
      await producer.sendMany(to, records.slice(at, at + flushRecords))
    }
  }
  const made = (name: string, from: number, to: number, keys: number, bytes = 0) =>
    Array.from({ length: to - from }, (_, i) => ({
      key: `key ${(from + i) % keys}`,
      value: `${name} ${from + i}`.padEnd(bytes, '.'),
      timestamp: 1_000_000 + (from + i) * 10,
    }))
  await send(orders, made('order', 0, ordersSent, 50))
  await send(forgotten, made('forgotten', 0, 60, 5))
  await send(clicks, made('click', 0, clicksBefore, clickers))
  // So small a cache has so small a journal that most rows are folded by the end.
  const application = await startStreams(countClicks(), {
    log,
    applicationId,
    commit: { everyRecords: 60 },
    stateCacheBytes: 8_000,
  })
  await application.caughtUp()
  await application.close()
  for (const picture of made('picture', 0, 6, 3, pictureBytes)) await producer.send(pictures, picture)
  for (let round = 0; round < 4; round++) await send(table, made(`round ${round}, row`, 0, flushRecords, 20 + round))
  await log.admin.deleteTopic(forgotten.name)
  await log.admin.runMaintenance()
  const consumer = log.consumer({ group, topics: [orders], autoCommitMs: false })
  let read = 0
  for await (const batch of consumer.batches({ maxRecords: flushRecords })) {
    await consumer.commit(batch)
    read += batch.records.length
    if (read >= ordersSent / 2) break
  }
  await consumer.close()
  await send(orders, made('order', ordersSent, ordersSent + flushRecords, 50))
  await send(clicks, made('click', clicksBefore, clicksBefore + clicksAfter, clickers))
  await log.close()
}
