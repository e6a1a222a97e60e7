// Writes beside others for a moment: two of these contend for the write lock, which wakes whoever waits for it.
import { setTimeout as sleep } from 'node:timers/promises'
import { int64, openLog, string, topic } from '../../../src/index.ts'
import { Random } from '../random.ts'

export interface WriteCommand {
  readonly role: 'writer'
  readonly dir: string
}

const wakeUps = topic('wake-ups', { key: string(), value: int64() })

export async function writeForAMoment({ dir }: WriteCommand): Promise<void> {
  const random = new Random(process.pid)
  const log = await openLog(dir)
  const producer = log.producer()
  for (let value = 0; value < 200; value++) {
    await producer.send(wakeUps, { key: 'writer', value, timestamp: 0 })
    await sleep(random.int(0, 2))
  }
  await log.close()
}
