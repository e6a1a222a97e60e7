/**
 * npm run test:powercut -- --states N --seed S: cuts the power of a working log N times, and checks what is left of it.
 *
 * 1. `recorded.ts` does the real thing in one process under `recorder.c`: it creates a log, imports into several partitions, runs
 *    the topology of the kill loop with restarts, and deletes topics, so that pages are freed and used again. The recorder
 *    writes down every write and flush of LMDB's data file, and every acknowledgement that the program gave, in one order.
 * 2. A state is an entry of that journal during which the power goes, and a fate for the writes that were not durable then:
 *    none of them is there, all, a random half, the first ones, or the first ones and a part of the next (`images.ts`).
 * 3. A judge makes the image of a state in an empty directory, opens it and lets the checker of the kill loop look: all that was
 *    acknowledged is there, offsets are dense, state and outputs are a recount of the input up to the positions. Then it
 *    imports and counts on, and checks again. A judge that crashes or hangs is the verdict on its state.
 * 4. Every acknowledgement is audited: when it was given, everything that had been written was durable. So a power cut at that
 *    moment leaves what `kill -9` would.
 *
 * What this does not show: a disk that lies about flushes; sectors of 512 bytes that are torn within; entries of directories
 * other than that of the data file; a file system whose own journal fails; several processes that write in turns.
 * `--broken lying-disk` (flushes count for nothing) and `--broken early-acknowledgement` prove that bad states are found.
 *
 * Also `--records R` (how much is imported, default 900) and `--jobs J` (judges side by side, default 2). A bad state keeps its
 * journal and is printed with what judges it again: the record of one run, since no two runs interleave alike.
 */
import { existsSync, mkdtempSync, realpathSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Plan } from '../crash/input.ts'
import { PowerCuts, stateOf } from './images.ts'
import { type Journal, readJournal } from './journal.ts'
import { judgeStates } from './judges.ts'
import { missingForRecording, record } from './recording.ts'
import { freshSeed, oneOf, text, toolOptions, whole } from '../support/tool-options.ts'

const values = toolOptions({
  states: whole(500),
  seed: whole(freshSeed(), 0),
  records: whole(900),
  jobs: whole(2),
  journal: text,
  only: text,
  broken: oneOf(['lying-disk', 'early-acknowledgement']),
})
const { seed } = values
const plan: Plan = { seed, records: values.records, mode: 'live' }
const ignoreFlushes = values.broken === 'lying-disk'
const acknowledgeEarly = values.broken === 'early-acknowledgement'
/** What was broken on purpose needs no second look. */
const isKept = values.broken === undefined

/** Images have no need of a disk. */
const memoryDir = '/dev/shm'

const missing = missingForRecording()
if (missing !== undefined && values.journal === undefined) {
  console.error(missing)
  process.exitCode = 2
} else {
  process.exitCode = await cutPower()
}

async function cutPower(): Promise<number> {
  console.error(`seed ${seed}`)
  const base = realpathSync(mkdtempSync(join(tmpdir(), 'millrace-powercut-')))
  const path = values.journal ?? record(base, { plan, acknowledgeEarly })
  const journal = readJournal(path)
  console.error(`recorded ${sizeOf(path, journal)}`)
  const early = earlyAcknowledgements(journal)

  const numbers =
    values.only === undefined ? Array.from({ length: values.states }, (_, number) => number) : [Number(values.only)]
  const states = numbers.map((number) => stateOf(journal, seed, number)).toSorted((a, b) => a.point - b.point)
  const statesDir = mkdtempSync(join(existsSync(memoryDir) ? memoryDir : base, 'millrace-powercut-'))
  const startedMs = performance.now()
  let done = 0
  let bad = 0
  const progressLine = (): string => {
    const perSecond = done / ((performance.now() - startedMs) / 1_000)
    const leftS = perSecond === 0 ? 0 : Math.round((states.length - done) / perSecond)
    return `${done}/${states.length} states, ${bad} bad, ${perSecond.toFixed(1)} states/s, ${leftS} s left`
  }
  const progress = setInterval(() => console.error(progressLine()), 5_000)
  const work = { journal: path, seed, plan, ignoreFlushes, statesDir }
  await judgeStates(
    states.map(({ number }) => number),
    values.jobs,
    work,
    (number, violations) => {
      done++
      if (violations.length === 0) return
      bad++
      const { point, fate } = stateOf(journal, seed, number)
      console.error(`state ${number} (entry ${point} of ${journal.length}, ${fate}): ${violations.join('; ').trim()}`)
      const origin = `--seed ${seed} --records ${plan.records} --journal ${path}`
      if (isKept) console.error(`again: npm run test:powercut -- ${origin} --only ${number}`)
    },
  )
  clearInterval(progress)
  console.error(progressLine())
  rmSync(statesDir, { recursive: true })
  const isSound = bad === 0 && early === 0
  if (isSound || !isKept) rmSync(base, { recursive: true })
  console.log(`${states.length} states, ${bad} bad`)
  return isSound ? 0 : 1
}

function sizeOf(path: string, journal: Journal): string {
  const count = (kind: string): number => journal.filter((entry) => entry.kind === kind).length
  const commits = journal.filter((entry) => entry.kind === 'write' && entry.durable).length
  const megabytes = Math.round(statSync(path).size / 2 ** 20)
  return `${commits} commits, ${count('write')} writes, ${count('flush')} flushes, ${count('acknowledgement')} acknowledgements, ${megabytes} MiB`
}

/** How many acknowledgements were given before everything written until then was durable; names the first of them. */
function earlyAcknowledgements(journal: Journal): number {
  const cuts = new PowerCuts(journal, ignoreFlushes)
  const all = journal.flatMap((entry, point) => (entry.kind === 'acknowledgement' ? [{ entry, point }] : []))
  const early = all.filter(({ point }) => !cuts.isDurableBefore(point))
  for (const { entry, point } of early.slice(0, 3)) {
    console.error(`entry ${point}: "${entry.line}" is acknowledged before everything is durable`)
  }
  console.log(`${all.length} acknowledgements, ${early.length} early`)
  return early.length
}
