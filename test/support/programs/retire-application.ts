// Deletes or resets application "app" of the directory given when it is told to, or drops operators of it, and tells of each commit.
import { once } from 'node:events'
import { openLog } from '../../../src/index.ts'
import { applicationLogOf } from '../../../src/log/contract.ts'
import type { EmbeddedLog } from '../../../src/log/embedded-log.ts'

const [dir = '', act = '', ...operators] = process.argv.slice(2)
const log = await openLog(dir, { maintenance: false })
console.log('open')
await once(process.stdin, 'data')
const { environment } = applicationLogOf(log) as EmbeddedLog
environment.onCommit(() => console.log('commit'))
if (act === 'delete') await log.admin.deleteApplication('app')
else if (act === 'drop') await log.admin.dropOperators('app', operators)
else await log.admin.resetApplication('app', { to: 'beginning' })
console.log('done')
await log.close()
