// npm run test:soak -- --minutes N --seed S --rate MB: writers, readers, retention, compaction, backups and kills on one log of 64
// partitions. After every round (a minute, or a third of a short run) it looks at all of it, and prints the size of the file.
// `--dir D` keeps the log there. A problem is a failed check, or a file that still grows at the end of 6 minutes or more.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { openLog } from '../../src/index.ts'
import { Child } from '../crash/children.ts'
import { Random } from '../crash/random.ts'
import { nodeArguments } from '../support/compiling.ts'
import { amount, freshSeed, text, toolOptions, whole } from '../support/tool-options.ts'
import { growthAtTheEnd, growthMax } from './level.ts'
import { type Acked, backedUp, lost, verified } from './round.ts'
import { soakTopics } from './topics.ts'

const known = { minutes: amount(20), seed: whole(freshSeed(), 0), rate: amount(6), dir: text }
const { minutes, seed, rate, dir: givenDir } = toolOptions(known)
const bytesPerSecond = rate * 1_000_000
const roundMs = Math.min(60_000, (minutes * 60_000) / 3)
const keptMs = Math.round(Math.min(120_000, (minutes * 60_000) / 8))
const base = mkdtempSync(join(tmpdir(), 'millrace-soak-'))
const dir = givenDir ?? join(base, 'log')
/** Long enough for a process to start and do something. */
const killEveryMsMin = 2_000
const random = new Random(seed)
const topics = soakTopics(keptMs)
const problems: string[] = []
const sinceRound = { bytes: 0, records: 0, kills: 0, acked: [] as Acked[] }

function problem(text: string): void {
  problems.push(text)
  console.error(`problem: ${text}`)
}

function hear(word: string, rest: string): void {
  if (word === 'bytes') sinceRound.bytes += Number(rest)
  else if (word === 'read') sinceRound.records += Number(rest)
  else if (word === 'problem') problem(rest)
  else if (word === 'acked') {
    const [topic = '', partition, offset, digest = ''] = rest.split(' ')
    sinceRound.acked.push({ topic, partition: Number(partition), offset: Number(offset), digest })
  }
}

function start(name: 'writer' | 'reader'): Child {
  const given = name === 'writer' ? [String(bytesPerSecond / 2)] : []
  const child = new Child(
    ...nodeArguments(`test/soak/programs/${name}.ts`),
    dir,
    String(random.int(1, 2 ** 31)),
    String(keptMs),
    ...given,
  )
  child.onLine = hear
  return child
}

console.log(`seed ${seed}`)
const log = await openLog(dir)
for (const topic of topics) await log.admin.createTopic(topic)
const crew = (['writer', 'writer', 'reader', 'reader'] as const).map((name) => ({ name, child: start(name) }))
const endMs = performance.now() + minutes * 60_000
const sizes: number[] = []
const startMs = performance.now()
/** Since when records and bytes are counted. */
let countedMs = startMs
console.log('minute  MB/s  file MB  used MB  live MB  backup MB   reads  kills  checked  problems')

for (let round = 1; performance.now() < endMs; round++) {
  const roundEndMs = Math.min(endMs, performance.now() + roundMs)
  while (performance.now() < roundEndMs) {
    await after(Math.min(Math.max(killEveryMsMin, random.int(0, roundMs / 3)), roundEndMs - performance.now()))
    const victim = random.pick(crew)
    if (!victim.child.isAlive) problem(`a ${victim.name} ${victim.child.state}: ${victim.child.complaints}`)
    victim.child.signal('SIGKILL')
    await victim.child.exited
    sinceRound.kills++
    victim.child = start(victim.name)
  }
  const nowMs = performance.now()
  const seconds = (nowMs - countedMs) / 1_000
  countedMs = nowMs
  const { bytes, records, kills } = sinceRound
  const checked = sinceRound.acked.splice(0)
  sinceRound.bytes = sinceRound.records = sinceRound.kills = 0
  for (const text of await lost(log, topics, checked)) problem(text)
  for (const text of await verified(log, 'log')) problem(text)
  const backup = await backedUp(log, join(base, `backup-${round}`))
  for (const text of backup.problems) problem(text)
  const { fileBytes, usedBytes } = await log.admin.stats()
  const live = (await log.admin.logSizes()).reduce((total, size) => total + size.bytes, 0)
  sizes.push(fileBytes)
  const cells: readonly (readonly [string, number])[] = [
    [((performance.now() - startMs) / 60_000).toFixed(1), 6],
    [(bytes / seconds / 1e6).toFixed(1), 6],
    ...[fileBytes, usedBytes, live, backup.bytes].map((size) => [(size / 1e6).toFixed(0), 9] as const),
    [String(records), 8],
    [String(kills), 7],
    [String(checked.length), 9],
    [String(problems.length), 10],
  ]
  console.log(cells.map(([text, width]) => text.padStart(width)).join(''))
}

for (const { child } of crew) {
  child.signal('SIGKILL')
  await child.exited
}
for (const text of await verified(log, 'log')) problem(text)
await log.close()
const growth = growthAtTheEnd(sizes)
console.log(`the file grew by ${(growth * 100).toFixed(1)} % in the last third of the run`)
if (minutes >= 6 && growth > growthMax) problem('the size of the file does not level off')
rmSync(base, { recursive: true, force: true })
console.log(`soak: ${minutes} minutes, ${problems.length} problems`)
process.exitCode = problems.length === 0 ? 0 : 1
