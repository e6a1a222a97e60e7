// Copies and counts the records of `lines` as application "app". A record "hang" keeps the function busy until a file is
// there; says `hanging` then, without waiting for anything. Tells how it ended.
import { existsSync, writeSync } from 'node:fs'
import { MillraceError, openLog, startStreams } from '../../../src/index.ts'
import { copying } from '../copying.ts'

const [dir = '', goOnFile = ''] = process.argv.slice(2)
const log = await openLog(dir)
const app = await startStreams(
  copying((value) => {
    if (value !== 'hang') return
    writeSync(1, 'hanging\n')
    while (!existsSync(goOnFile));
  }),
  { log, applicationId: 'app', commit: { everyRecords: 2 } },
)
writeSync(1, 'started\n')
try {
  await app.caughtUp()
  writeSync(1, 'caught up\n')
  await app.close()
} catch (error) {
  if (!(error instanceof MillraceError)) throw error
  writeSync(1, `stopped ${error.code}\n`)
}
await log.close()
writeSync(1, 'closed\n')
