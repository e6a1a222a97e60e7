// Does one thing to application "app" of the directory given when it is told to, and tells of each commit that there is meanwhile:
// `live`, `beside`, `copy` and `migrate` run a version until they are killed, `switch`, `delete` and `redrive` end with `done`.
import { createInterface } from 'node:readline'
import { openLog, replay, type ReplayFrom, startStreams } from '../../../src/index.ts'
import { applicationLogOf } from '../../../src/log/contract.ts'
import type { EmbeddedLog } from '../../../src/log/embedded-log.ts'
import { counting } from '../counted-words.ts'
import { say } from '../say.ts'
import { countingObjects } from '../shaped-totals.ts'

const [dir = '', act = '', version = ''] = process.argv.slice(2)
const log = await openLog(dir, { maintenance: false })
const options = { log, applicationId: 'app', version }
const beside = (from: ReplayFrom): Promise<unknown> => replay(counting, { ...options, from })
const acts: Readonly<Record<string, () => Promise<unknown>>> = {
  live: () => startStreams(counting, options),
  beside: () => beside('beginning'),
  copy: () => beside('live'),
  migrate: () => startStreams(countingObjects(), { log, applicationId: 'app' }),
  switch: () => log.admin.switchVersion('app', version, { outputs: 'replace' }),
  delete: () => log.admin.deleteVersion('app', version),
  redrive: () => log.admin.deadLetters('app').redrive({}),
}
say('open')
let isBegun = false
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'stop') process.kill(process.pid, 'SIGSTOP')
  else if (!isBegun) {
    isBegun = true
    const { environment } = applicationLogOf(log) as EmbeddedLog
    environment.onCommit(() => say('commit'))
    // What ends it says so, and the program with it.
    void acts[act]?.().then(() => say('done'))
  }
}
