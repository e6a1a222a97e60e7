// Backs up the log in a directory, and restores it, to another; says how each ended, a line of JSON each.
import { MillraceError, openLog, restoreLog } from '../../../src/index.ts'

const [source = '', target = ''] = process.argv.slice(2)

async function tell(copying: Promise<unknown>): Promise<void> {
  try {
    await copying
    console.log(JSON.stringify({ code: 'copied' }))
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error
    console.log(JSON.stringify({ code: error.code, message: error.message }))
  }
}

const log = await openLog(source, { maintenance: false })
await tell(log.admin.backup(target))
await log.close()
await tell(restoreLog(source, target))
