// Replays a version of an application and prints how far it has come, until it is killed or asked to end.
import { openLog, replay } from '../../../src/index.ts'
import { counting } from '../counted-words.ts'

const [dir = ''] = process.argv.slice(2)
const log = await openLog(dir)
const v2 = await replay(counting, { log, applicationId: 'app', version: 'v2', commit: { everyRecords: 100 } })
console.log('begun')
process.stdin.once('data', () => {
  void v2
    .caughtUp()
    .then(() => v2.close())
    .then(() => log.close())
    .then(() => console.log('closed'))
    .then(() => process.exit(0))
})
for (let told = -1; v2.state === 'running';) {
  await new Promise(setImmediate)
  const { done } = v2.progress()
  if (done !== told) console.log(String((told = done)))
}
