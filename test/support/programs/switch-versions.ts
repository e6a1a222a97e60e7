// Switches application "app" of the directory given from one version to the other and back, again and again, with the
// outputs given, and tells of each commit.
import { once } from 'node:events'
import { openLog, type SwitchOutputs } from '../../../src/index.ts'
import { applicationLogOf } from '../../../src/log/contract.ts'
import type { EmbeddedLog } from '../../../src/log/embedded-log.ts'

const [dir = '', outputs = 'replace'] = process.argv.slice(2)
const log = await openLog(dir, { maintenance: false })
console.log('open')
await once(process.stdin, 'data')
const { environment } = applicationLogOf(log) as EmbeddedLog
environment.onCommit(() => console.log('commit'))
for (let to = 'v2'; ; to = to === 'v1' ? 'v2' : 'v1') {
  await log.admin.switchVersion('app', to, { outputs: outputs as SwitchOutputs })
}
