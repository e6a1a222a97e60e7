// Commits to a store until its input ends: in each commit, all rows of the group get the same number, and others come and go.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { EmbeddedLog } from '../../../src/log/embedded-log.ts'
import { Environment } from '../../../src/storage/environment.ts'
import { Random } from '../../crash/random.ts'
import { storeIdsOf } from '../store-ids.ts'

const [dir = '', groupRows = '1'] = process.argv.slice(2)
const random = new Random(7)
const log = new EmbeddedLog(Environment.openNow(dir))
const [storeId = 0] = storeIdsOf(log, 'writer', ['numbers'])
const valueOf = (text: string): Buffer => Buffer.concat([Buffer.alloc(8), Buffer.from(text)])
const input = process.stdin.resume()
for (let number = 1; !input.readableEnded; number++) {
  log.environment.write((transaction) => {
    const changes = log.state.begin(transaction)
    for (let row = 0; row < Number(groupRows); row++) {
      // Those that a commit leaves out are still those of the commit before.
      changes.put(storeId, 0, Buffer.from(`group ${row}`), valueOf(String(number)))
    }
    for (let i = 0; i < 20; i++) {
      const key = Buffer.from(`other ${random.int(0, 400)}`)
      if (random.int(0, 3) === 0) changes.remove(storeId, 0, key)
      else changes.put(storeId, 0, key, valueOf('x'.repeat(random.int(0, 60))))
    }
    if (number % 50 === 0) changes.removeRange(storeId, 0, Buffer.from('other 2'), Buffer.from('other 3'))
    log.state.end(changes, 8_192)
  })
  if (number === 20) console.log('begun')
  await nextTurn()
}
await log.environment.close()
