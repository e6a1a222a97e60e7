/**
 * Two topics with a record of each for every millisecond.
 */
import { int64, openLog, string, topic } from 'millrace'
import { joinKey, type JoinOptions } from '../workload.ts'

export const sides = [
  topic('left', { key: string(), value: int64() }),
  topic('right', { key: string(), value: int64() }),
] as const

/** Appends both. */
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
