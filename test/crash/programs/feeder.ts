// Feeds the application whose versions are killed: numbered records, a portion each time that it is told `more`. Says `acked N` when all
// before that are durable.
import { setTimeout as sleep } from 'node:timers/promises'
import { openLog } from '../../../src/index.ts'
import { say } from '../../support/say.ts'
import { Random } from '../random.ts'
import { clicks, keyOf, timeOf } from '../versioned.ts'

export interface FeedCommand {
  readonly role: 'feeder'
  readonly dir: string
  readonly from: number
}

export async function feedUntilKilled({ dir, from }: FeedCommand, input: AsyncIterator<string>): Promise<void> {
  const random = new Random(process.pid)
  const log = await openLog(dir)
  const producer = log.producer()
  let next = from
  for (let told = await input.next(); told.done !== true; told = await input.next()) {
    for (let batches = random.int(5, 30); batches > 0; batches--) {
      const records = Array.from({ length: random.int(1, 9) }, () => ({
        key: keyOf(next),
        value: { n: next },
        timestamp: timeOf(next++),
      }))
      await producer.sendMany(clicks, records)
      say(`acked ${next}`)
      await sleep(random.int(0, 60))
    }
  }
}
