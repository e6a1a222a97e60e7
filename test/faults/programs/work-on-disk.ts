// Imports, counts and reads along in one process on one log, until the input is counted or the disk fails. Tells what was
// acknowledged and seen, how each part failed, and how everything that is tried afterwards is refused; then it ends by itself.
import { messageOf } from '../../../src/core/errors.ts'
import { MillraceError, startStreams } from '../../../src/index.ts'
import { EmbeddedLog } from '../../../src/log/embedded-log.ts'
import type { Log } from '../../../src/log/face.ts'
import { DirectoryLog } from '../../../src/log/log.ts'
import { Environment } from '../../../src/storage/environment.ts'
import { inputOf, type Plan, prefixEndsOf } from '../../crash/input.ts'
import { readPlace, sendPrefix } from '../../crash/programs/importer.ts'
import { follow } from '../../crash/programs/reader.ts'
import { applicationId, everyTopic, orders, place } from '../../crash/topics.ts'
import { countOrders } from '../../crash/topology.ts'

const [dir = '', planText = ''] = process.argv.slice(2)
const plan = JSON.parse(planText) as Plan
/** From here on readers end because they are told to. */
let closing = false

function tellFailure(what: string, error: unknown): void {
  process.exitCode = 3
  console.log(
    `${what} ${error instanceof MillraceError ? `${error.code} ${error.message}` : `uncoded ${messageOf(error)}`}`,
  )
}

async function importAll(log: Log): Promise<void> {
  const producer = log.producer()
  const input = inputOf(plan)
  let at = await readPlace(log)
  for (const end of prefixEndsOf(plan)) {
    if (end <= at) continue
    await sendPrefix(producer, input.slice(at, end), end)
    console.log(`ack ${end}`)
    at = end
  }
}

/** Every part by itself: one that fails must not be what stops the others. */
async function work(log: Log): Promise<void> {
  for (const { name } of everyTopic) {
    follow(log, name).catch((error: unknown) => {
      if (!closing) tellFailure('reader', error)
    })
  }
  const app = await startStreams(countOrders({ run: 1, pauseEvery: 0 }), {
    log,
    applicationId,
    onError: 'deadLetter',
    commit: { everyRecords: 7 },
  })
  const stopped = app.stopped.catch((error: unknown) => tellFailure('application', error))
  try {
    await importAll(log)
    await app.caughtUp()
  } catch (error) {
    tellFailure('import', error)
  }
  if (process.exitCode === 3) await stopped
  await app.close()
}

const attempts: Readonly<Record<string, (log: Log) => Promise<unknown>>> = {
  send: (log) => log.producer().send(place, { key: 'late', value: 1 }),
  list: (log) => log.admin.listTopics(),
  read: (log) => log.read(orders)[Symbol.asyncIterator]().next(),
  start: (log) => startStreams(countOrders({ run: 2, pauseEvery: 0 }), { log, applicationId }),
}

try {
  // A disk may also fill up behind the guard's back, which would refuse appends on disks as small as these.
  const log = new DirectoryLog(
    new EmbeddedLog(Environment.openNow(dir), { freeDiskBytes: () => Number.POSITIVE_INFINITY }),
  )
  try {
    await work(log)
  } catch (error) {
    tellFailure('start', error)
  }
  if (process.exitCode === 3) {
    for (const [what, attempt] of Object.entries(attempts)) {
      await attempt(log).then(
        () => console.log(`accepted ${what}`),
        (error: unknown) => tellFailure(`refused ${what}`, error),
      )
    }
  }
  closing = true
  await log.close()
} catch (error) {
  tellFailure('open', error)
}
console.log('closed')
