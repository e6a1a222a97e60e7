// Opens a directory, with as much address space as it is told, and commits every line that it is given as a row of its own.
import { createInterface } from 'node:readline'
import { Environment } from '../../../src/storage/environment.ts'

const [dir = '', mapBytes] = process.argv.slice(2)
const environment = Environment.openNow(dir, mapBytes === undefined ? {} : { mapBytes: Number(mapBytes) })
console.log('open')
for await (const line of createInterface({ input: process.stdin })) {
  environment.write((transaction) => transaction.put('meta', Buffer.from(line), Buffer.from(line)))
  console.log(line)
}
await environment.close()
