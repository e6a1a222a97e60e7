// Appends to a compacted topic and to one of limited size, and cleans both as fast as it can, until it is killed.
import { openLog } from '../../../src/index.ts'
import { say } from '../../support/say.ts'
import { keyCount, ring, table } from '../cleaned-topics.ts'
import { Random } from '../random.ts'

export interface CleanCommand {
  readonly role: 'cleaner'
  readonly dir: string
  readonly seed: number
  /** Whether it appends too; one process does. */
  readonly isWriter: boolean
}

export async function cleanUntilKilled({ dir, seed, isWriter }: CleanCommand): Promise<void> {
  const random = new Random(seed)
  const log = await openLog(dir, { maintenance: false })
  for (;;) {
    if (isWriter) {
      for (const topic of [table, ring]) {
        const [end = 0] = await log.admin.endOffsets(topic)
        const producer = log.producer({ batchBytes: random.int(1, 2_000) })
        const records = Array.from({ length: random.int(1, 400) }, (_, index) => ({
          key: `${(end + index) % keyCount}`,
          value: `${end + index}`.padEnd(random.int(1, 200)),
        }))
        await producer.sendMany(topic, records)
        say(`acked ${JSON.stringify({ topic: topic.name, end: end + records.length })}`)
        await producer.close()
      }
    }
    await log.admin.runMaintenance()
    say('cleaned')
  }
}
