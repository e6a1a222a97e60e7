// Copies and counts the records of `lines` as application "app". A record "hang" keeps the function busy until a file is
// there; says `hanging` then, without waiting for anything. Tells how it ended.
import { existsSync } from 'node:fs'
import { MillraceError, openLog, startStreams } from '../../../src/index.ts'
import { say } from '../../support/say.ts'
import { copying } from '../copying.ts'

const [dir = '', goOnFile = ''] = process.argv.slice(2)
const log = await openLog(dir)
const app = await startStreams(
  copying((value) => {
    if (value !== 'hang') return
    say('hanging')
    while (!existsSync(goOnFile));
  }),
  { log, applicationId: 'app', commit: { everyRecords: 2 } },
)
say('started')
try {
  await app.caughtUp()
  say('caught up')
  await app.close()
} catch (error) {
  if (!(error instanceof MillraceError)) throw error
  say(`stopped ${error.code}`)
}
await log.close()
say('closed')
