// Reads at random places until it is killed: `reader DIR SEED KEPT_MS`. Says `read N` for records, and `problem …` for what is wrong.
import { setTimeout as after } from 'node:timers/promises'
import { MillraceError, openLog } from '../../../src/index.ts'
import { Random } from '../../crash/random.ts'
import { isWhole, soakTopics } from '../topics.ts'

const [dir = '', seed = '1', keptMs = '60000'] = process.argv.slice(2)
process.stdin.resume().on('end', () => process.exit(0)) // whoever started it is gone
const random = new Random(Number(seed))
const log = await openLog(dir)

async function readSome(): Promise<number> {
  const topic = random.pick(soakTopics(Number(keptMs)))
  const partition = random.int(0, (topic.partitions ?? 1) - 1)
  const start = (await log.admin.startOffsets(topic))[partition] ?? 0
  const end = (await log.admin.endOffsets(topic))[partition] ?? 0
  let next = random.int(start, end)
  const wanted = random.int(1, 300)
  let count = 0
  for await (const { key, value, offset } of log.read(topic, { partition, from: next })) {
    if (offset < next) console.log(`problem ${topic.name}[${partition}] offset ${offset} after ${next - 1}`)
    if (!isWhole(key, value))
      console.log(`problem ${topic.name}[${partition}] offset ${offset} is not what was written`)
    next = offset + 1
    if (++count === wanted) break
    // A reader that dawdles is overtaken by retention now and then.
    if (random.chance(0.002)) await after(random.int(1, 200))
  }
  return count
}

for (;;) {
  try {
    console.log(`read ${await readSome()}`)
  } catch (error) {
    // Between looking for the beginning and reading from there retention may have come by.
    if (!(error instanceof MillraceError && error.code === 'position_lost')) console.log(`problem ${String(error)}`)
  }
  await after(5)
}
