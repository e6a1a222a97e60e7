// Makes the images of states and judges them, one a line of the input: opens the log, checks everything that it holds against
// what was promised before the power went, writes on, and checks again. A process of its own, since a bad image may kill it.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type Log, openLog, startStreams } from '../../../src/index.ts'
import { check } from '../../crash/checks.ts'
import { asBytes, type Contents, readKept, readTopics } from '../../crash/contents.ts'
import { inputOf, prefixEndsOf } from '../../crash/input.ts'
import { sendPrefix } from '../../crash/programs/importer.ts'
import { applicationId, everyTopic, place, trace } from '../../crash/topics.ts'
import { countOrders } from '../../crash/topology.ts'
import { PowerCuts, type State, stateOf } from '../images.ts'
import { type Promised, promisedBefore, readJournal } from '../journal.ts'
import type { JudgedWork } from '../work.ts'

const { journal: path, seed, plan, ignoreFlushes, statesDir } = JSON.parse(process.argv[2] ?? '') as JudgedWork
const journal = readJournal(path)
const cuts = new PowerCuts(journal, ignoreFlushes)
const input = inputOf(plan)
const ends = prefixEndsOf(plan)
/** The run of the counter that goes on after the power cut. */
const lastRun = 1_000

console.log('ready')
for await (const line of createInterface({ input: process.stdin })) {
  const state = stateOf(journal, seed, Number(line))
  console.log(`verdict ${JSON.stringify(await judge(state))}`)
}

/** Everything that is wrong with a state. */
async function judge(state: State): Promise<readonly string[]> {
  const dir = join(statesDir, String(state.number))
  mkdirSync(dir)
  const image = cuts.imageOf(seed, state)
  if (image !== undefined) writeFileSync(join(dir, 'data.mdb'), image)
  try {
    const log = await openLog(dir)
    try {
      const promised = promisedBefore(journal, state.point)
      const found = await checkLog(log, promised)
      return found.length > 0 ? found : await goOn(log, promised)
    } finally {
      await log.close()
    }
  } catch (error) {
    return [String(error)]
  } finally {
    rmSync(dir, { recursive: true })
  }
}

async function checkLog(log: Log, { imported, counted, scratch }: Promised): Promise<readonly string[]> {
  const contents = await contentsOf(log)
  const expected = { plan, acked: imported, importing: false, seen: [], fenced: [] }
  const { violations, consumed } = check(contents, expected)
  return [
    ...violations,
    ...(consumed < counted ? [`A1 acknowledged that ${counted} are counted, but ${consumed} are`] : []),
    ...(await checkScratch(log, scratch)),
  ]
}

async function contentsOf(log: Log): Promise<Contents> {
  const topics = await readTopics(log, everyTopic)
  return { topics, kept: topics.has(trace.name) ? await readKept(log) : undefined }
}

async function checkScratch(log: Log, scratch: Promised['scratch']): Promise<readonly string[]> {
  const names = new Set((await log.admin.listTopics()).map(({ name }) => name))
  const violations: string[] = []
  for (const [name, { records, is }] of scratch) {
    if (names.has(name)) {
      if (is === 'deleted') violations.push(`A1 ${name} is there again`)
      let found = 0
      for await (const { offset } of log.read(asBytes({ name }))) if (offset === found) found++
      if (found !== records) violations.push(`A1 ${name}: ${found} of ${records} records`)
    } else if (is === 'there') {
      violations.push(`A1 ${name} is missing`)
    }
  }
  return violations
}

/** Imports the next prefix and counts it: the pages that are free are written to, and all still fits. */
async function goOn(log: Log, promised: Promised): Promise<readonly string[]> {
  const places = (await readTopics(log, [place])).get(place.name)?.[0]?.length ?? 0
  const end = ends[places + 1] ?? 0
  await sendPrefix(log.producer(), input.slice(ends[places], end), end)
  const app = await startStreams(countOrders({ run: lastRun, pauseEvery: 0 }), {
    log,
    applicationId,
    onError: 'deadLetter',
  })
  await app.caughtUp()
  await app.close()
  const violations = await checkLog(log, { ...promised, imported: end, counted: end })
  return violations.map((violation) => `after it went on: ${violation}`)
}
