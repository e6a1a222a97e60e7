// Opens a log, says so, and writes a backup of it for each line that it is given.
import { createInterface } from 'node:readline'
import { openLog } from '../../../src/log/log.ts'

const [dir = ''] = process.argv.slice(2)
const log = await openLog(dir)
console.log('open')
for await (const path of createInterface({ input: process.stdin })) {
  const { bytes } = await log.admin.backup(path, { onProgress: () => console.log('progress') })
  console.log(`done ${bytes}`)
}
await log.close()
