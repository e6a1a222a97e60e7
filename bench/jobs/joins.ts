/**
 * The join of two streams with an output topic, over a backlog of both.
 */
import { type Application, int64, JoinWindows, openLog, startStreams, StreamsBuilder, string, topic } from 'millrace'
import { joinKey, joinReachMs, type JoinOptions, type JoinResult } from '../workload.ts'

export const sides = [
  topic('left', { key: string(), value: int64() }),
  topic('right', { key: string(), value: int64() }),
] as const
const pairs = topic('pairs', { key: string(), value: int64() })

/** Appends both inputs: a record of each for every millisecond. */
export async function produceSides({ dir, keys, records }: JoinOptions): Promise<void> {
  await using log = await openLog(dir, { maintenance: false })
  const producer = log.producer()
  for (const [side, input] of sides.entries()) {
    for (let index = 0; index < records / 2;) {
      const chunk = []
      for (; chunk.length < 10_000 && index < records / 2; index++) {
        chunk.push({ key: joinKey(index, side, keys), value: index, timestamp: index })
      }
      await producer.sendMany(input, chunk)
    }
  }
}

/** Joins them. */
export async function joinSides({ dir, keys, records, recordsPerCommit }: JoinOptions): Promise<JoinResult> {
  await using log = await openLog(dir, { maintenance: false })
  const builder = new StreamsBuilder()
  const [left, right] = sides
  builder
    .stream(left)
    .join(builder.stream(right), (one, other) => one + other, {
      window: JoinWindows.of({ difference: joinReachMs(keys) }),
    })
    .to(pairs)
  const startedMs = performance.now()
  await using app: Application = await startStreams(builder.build(), {
    log,
    applicationId: 'joins',
    commit: { everyMs: 3_600_000, everyRecords: recordsPerCommit },
  })
  await app.caughtUp()
  const seconds = (performance.now() - startedMs) / 1_000
  let [count, sum] = [0, 0]
  for await (const { value } of log.read(pairs)) {
    count++
    sum += value
  }
  return { recordsPerSecond: records / seconds, fingerprint: `${count} pairs, ${sum}` }
}
