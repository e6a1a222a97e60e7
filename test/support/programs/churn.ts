// Appends to `words`, deletes its oldest segments and compacts the others, until its input ends. Prints a line for each round.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { EmbeddedLog } from '../../../src/log/embedded-log.ts'
import { DirectoryLog } from '../../../src/log/log.ts'
import { Environment } from '../../../src/storage/environment.ts'
import { closeActive, compactAway, deleteOldestSegment, removeDeletedRows } from '../cleaning.ts'
import { Random } from '../../crash/random.ts'
import { words } from '../topics.ts'

const [dir = '', seed = '1'] = process.argv.slice(2)
const random = new Random(Number(seed))
const pick = (count: number): number => random.int(0, count - 1)
const log = new EmbeddedLog(Environment.openNow(dir))
const producer = new DirectoryLog(log).producer()
const input = process.stdin.resume()
for (let round = 0; !input.readableEnded; round++) {
  for (let flush = 0; flush < 60; flush++) {
    const records = Array.from({ length: 8 }, (_, i) => ({
      key: `key ${pick(40)}`,
      value: 'x'.repeat(pick(200)),
      timestamp: round * 1_000 + pick(500) + i,
    }))
    await producer.sendMany(words, records)
  }
  const { id } = log.describeTopic(words.name)
  for (let index = 0; index < 4; index++) {
    const partition = { topic: words.name, topicId: id, partition: index }
    closeActive(log, partition)
    for (let i = 0; i < 60; i++) compactAway(log, partition, pick)
    if (round % 5 === 4) deleteOldestSegment(log, partition)
    while (removeDeletedRows(log, partition, 64)) await nextTurn()
  }
  console.log(`round ${round}`)
  await nextTurn()
}
await log.environment.close()
