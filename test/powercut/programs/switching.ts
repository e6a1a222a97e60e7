// The program that is recorded for power cuts in a switch and in the deletion of a version: a version is begun, becomes the live one, leaves
// again and is deleted, a few times. It says in a file what there is after each act.
import { openSync, writeSync } from 'node:fs'
import { openLog, replay, startStreams, type SwitchOutputs } from '../../../src/index.ts'
import {
  answers,
  applicationId,
  clicks,
  keyOf,
  restResults,
  results,
  timeOf,
  versioned,
} from '../../crash/versioned.ts'

interface Command {
  readonly dir: string
  readonly acknowledgements: string
  /** What becomes of them in each switch. */
  readonly outputs: SwitchOutputs
}

const { dir, acknowledgements, outputs } = JSON.parse(process.argv[2] ?? '') as Command
/** Answers of calls cannot be corrected. */
const asks = outputs !== 'correct'
const file = openSync(acknowledgements, 'a')

const log = await openLog(dir, { maintenance: false })
const { admin } = log

/** What there is now, in one word. */
async function tell(): Promise<void> {
  const [listing] = await admin.applications()
  const { switches } = await admin.describeApplication(applicationId)
  const versions = listing?.versions.map(({ version }) => version).join('+')
  writeSync(file, `${versions}/${switches.length}\n`)
}

for (const topic of [clicks, results, answers, restResults]) await admin.createTopic(topic)
const records = Array.from({ length: 120 }, (_, n) => ({ key: keyOf(n), value: { n }, timestamp: timeOf(n) }))
await log.producer().sendMany(clicks, records)
const v1 = await startStreams(versioned('v1', asks), { log, applicationId })
await v1.caughtUp()
await v1.close()
await tell()
for (const version of ['v2', 'v3']) {
  const beside = await replay(versioned(version, asks), { log, applicationId, version, effects: 'run' })
  await beside.caughtUp()
  await beside.close()
  await tell()
  await admin.switchVersion(applicationId, version, { outputs })
  await tell()
  await admin.switchBack(applicationId)
  await tell()
  await admin.deleteVersion(applicationId, version)
  await tell()
}
await log.close()
