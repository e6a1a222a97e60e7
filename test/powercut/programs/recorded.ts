// The program that is recorded: creates a log, imports into several partitions, counts beside that with several restarts, and
// fills and deletes further topics, so that pages are freed and used again. It promises in one file, a line at a time.
import { openSync, writeSync } from 'node:fs'
import { type Application, json, openLog, startStreams, string, topic } from '../../../src/index.ts'
import { inputOf, prefixEndsOf } from '../../crash/input.ts'
import { sendPrefix } from '../../crash/programs/importer.ts'
import { Random } from '../../crash/random.ts'
import { applicationId } from '../../crash/topics.ts'
import { countOrders } from '../../crash/topology.ts'
import { importedPrefixesOf, type RecordedWork } from '../work.ts'

const { dir, acknowledgements, plan, acknowledgeEarly } = JSON.parse(process.argv[2] ?? '') as RecordedWork
const file = openSync(acknowledgements, 'a')
const say = (line: string): number => writeSync(file, `${line}\n`)
const random = new Random(plan.seed)
const input = inputOf(plan)

const log = await openLog(dir)
say('opened')
const producer = log.producer({ batchBytes: 2_000 })
let run = 0
let app = await count()
const scratch: string[] = []
let at = 0
const ends = prefixEndsOf(plan)
for (const [index, end] of importedPrefixesOf(ends).entries()) {
  await sendPrefix(producer, input.slice(at, end), end)
  say(`imported ${acknowledgeEarly ? ends[index + 2] : end}`)
  at = end
  if (random.chance(0.4)) {
    await app.caughtUp()
    say(`counted ${end}`)
  }
  if (random.chance(0.05)) {
    await app.close()
    app = await count()
  }
  if (random.chance(0.3)) await fill(`scratch-${index}`)
  if (scratch.length > 2) await remove(scratch.shift() ?? '')
}
await app.caughtUp()
say(`counted ${at}`)
await app.close()
await log.close()

function count(): Promise<Application> {
  return startStreams(countOrders({ run: ++run, pauseEvery: 0 }), {
    log,
    applicationId,
    onError: 'deadLetter',
    commit: { everyRecords: 6 },
    stateCacheBytes: 20_000,
  })
}

async function fill(name: string): Promise<void> {
  const records = Array.from({ length: random.int(1, 40) }, (_, n) => ({
    key: `key-${n}`,
    value: 'x'.repeat(random.int(0, 3_000)),
    timestamp: 0,
  }))
  await producer.sendMany(topic(name, { key: string(), value: json<string>() }), records)
  say(`filled ${name} ${records.length}`)
  scratch.push(name)
}

async function remove(name: string): Promise<void> {
  say(`deleting ${name}`)
  await log.admin.deleteTopic(name)
  say(`deleted ${name}`)
}
