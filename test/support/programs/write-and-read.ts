// Sends words of its own and reads those of all, both at once; prints how many it has read when it has seen enough, and a digest.
import { createHash } from 'node:crypto'
import { openLog } from '../../../src/log/log.ts'
import { words } from '../topics.ts'

const [dir = '', name = '', count = '0', total = '0'] = process.argv.slice(2)
const log = await openLog(dir)

async function write(): Promise<void> {
  const producer = log.producer()
  for (let sent = 0; sent < Number(count);) {
    const size = Math.min(1 + (sent % 7), Number(count) - sent)
    const records = Array.from({ length: size }, (_, i) => ({
      key: `${name} ${(sent + i) % 50}`,
      value: `${sent + i}`,
    }))
    await producer.sendMany(words, records)
    sent += size
  }
}

/** What every reader must see alike: the records of each partition, in order. */
async function read(): Promise<string> {
  const lanes =
    words.partitions === undefined ? [] : Array.from({ length: words.partitions }, () => createHash('sha256'))
  const next = new Map<number, number>()
  let seen = 0
  for await (const { partition, offset, key, value } of log.read(words, { follow: true })) {
    if (offset !== (next.get(partition) ?? 0)) throw new Error(`offset ${offset} came after ${next.get(partition)}`)
    next.set(partition, offset + 1)
    lanes[partition]?.update(`${key} ${value}\n`)
    if (++seen === Number(total)) break
  }
  return lanes.map((lane) => lane.digest('hex').slice(0, 12)).join(' ')
}

console.log('open')
const [digest] = await Promise.all([read(), write()])
console.log(digest)
await log.close()
