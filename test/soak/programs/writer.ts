// Appends records of 20 B to 150 KB at a rate until it is killed: `writer DIR SEED KEPT_MS BYTES_PER_SECOND`.
// Says `bytes N` for what is durable since the last line, and of some records where they are and what.
import { randomBytes } from 'node:crypto'
import { setTimeout as after } from 'node:timers/promises'
import { openLog } from '../../../src/index.ts'
import { Random } from '../../crash/random.ts'
import { digestOf, soakTopics, soakValue, valueBytesMax, valueBytesMin } from '../topics.ts'

const [dir = '', seed = '1', keptMs = '60000', bytesPerSecond = '1000000'] = process.argv.slice(2)
process.stdin.resume().on('end', () => process.exit(0)) // whoever started it is gone
const random = new Random(Number(seed))
const topics = soakTopics(Number(keptMs))
const log = await openLog(dir)
const producer = log.producer()
const noise = randomBytes(valueBytesMax)
const startMs = performance.now()
let written = 0

/** Small ones are common, as in life: every power of two is as likely as the next. */
function valueBytes(): number {
  return Math.floor(valueBytesMin * (valueBytesMax / valueBytesMin) ** random.next())
}

for (let flush = 0; ; flush++) {
  const topic = random.pick(topics)
  let bytes = 0
  const records = Array.from({ length: random.int(1, 20) }, () => {
    const key = `key ${random.int(0, 2_000)}`
    const from = random.int(0, valueBytesMax - valueBytesMin)
    const value = soakValue(key, noise.subarray(from, from + valueBytes()))
    bytes += value.length
    return { key, value }
  })
  const [first] = records
  const results = await Promise.all(records.map((record) => producer.send(topic, record)))
  written += bytes
  console.log(`bytes ${bytes}`)
  if (flush % 20 === 0 && first !== undefined && results[0] !== undefined) {
    const { partition, offset } = results[0]
    console.log(`acked ${topic.name} ${partition} ${offset} ${digestOf(first.value)}`)
  }
  const aheadMs = (written / Number(bytesPerSecond)) * 1_000 - (performance.now() - startMs)
  if (aheadMs > 1) await after(aheadMs)
}
