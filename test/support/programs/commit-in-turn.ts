// Opens a directory and commits without a pause, in turn with others, until it is given a line.
import { once } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import { Environment } from '../../../src/storage/environment.ts'

const environment = Environment.openNow(process.argv[2] ?? '')
const told = new AbortController()
void once(process.stdin, 'data').then(() => told.abort())
console.log('open')
for (let n = 0; !told.signal.aborted; n++) {
  const row = Buffer.from(`theirs ${n % 100}`)
  await environment.writeInTurn((transaction) => transaction.put('meta', row, row))
  if (n % 16 === 0) await setImmediate()
}
await environment.close()
process.exit(0)
