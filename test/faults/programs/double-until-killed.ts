// Doubles numbers as application "app", with dead letters for those that throw; says `done` when it has come to the end.
import { openLog, startStreams } from '../../../src/index.ts'
import { doubling, throwIfPoison } from '../poison.ts'

const [dir = ''] = process.argv.slice(2)
const log = await openLog(dir)
const app = await startStreams(doubling(throwIfPoison), {
  log,
  applicationId: 'app',
  onError: 'deadLetter',
  commit: { everyRecords: 500 },
})
await app.caughtUp()
await app.close()
await log.close()
console.log('done')
