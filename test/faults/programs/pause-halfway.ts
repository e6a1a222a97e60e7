// Reads the first record of `lines` and then waits for a line of input; when it is `busy` it does not even return to the event loop.
import { once } from 'node:events'
import { setTimeout as nextTimers } from 'node:timers/promises'
import { openLog } from '../../../src/index.ts'
import { say } from '../../support/say.ts'
import { lines } from '../../support/topics.ts'

const [dir = '', how = ''] = process.argv.slice(2)
const log = await openLog(dir)
const records = log.read(lines)[Symbol.asyncIterator]()
await records.next()
// LMDB lets its snapshot go by a timer, which runs before those that are set after it.
if (how !== 'busy') await nextTimers()
say('halfway')
if (how === 'busy') for (;;);
await once(process.stdin, 'data')
let count = 1
while ((await records.next()).done !== true) count++
console.log(count)
await log.close()
