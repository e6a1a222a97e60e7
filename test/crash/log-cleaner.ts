// npm run test:crash:cleaner -- --kills N --seed S: kills processes that append and clean, two on one log, and checks after each
// kill that nothing is lost that retention and compaction do not take, and that the books about segments are right.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { openLog } from '../../src/index.ts'
import { EmbeddedLog } from '../../src/log/embedded-log.ts'
import { Environment } from '../../src/storage/environment.ts'
import { type Child, compilePrograms, Crew } from './children.ts'
import { ring, table } from './cleaned-topics.ts'
import { cleaningViolations } from './cleaning-checks.ts'
import { Random } from './random.ts'

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
})

const seed = Number(values.seed)
const kills = Number(values.kills)
console.log(`seed ${seed}`)
const base = mkdtempSync(join(tmpdir(), 'millrace-cleaner-'))
const dir = join(base, 'log')
const log = await openLog(dir, { maintenance: false })
await log.admin.createTopic(table)
await log.admin.createTopic(ring)
await log.close()

const random = new Random(seed)
const crew = new Crew(join(compilePrograms(join(base, 'programs')), 'child.js'), 2)
const acked: Record<string, number> = { table: 0, ring: 0 }
let cleanings = 0
const employ = (isWriter: boolean): Promise<Child> =>
  crew.employ({ role: 'cleaner', dir, seed: random.int(0, 2 ** 31), isWriter }, (word, rest) => {
    if (word === 'cleaned') cleanings++
    if (word !== 'acked') return
    const { topic, end } = JSON.parse(rest) as { readonly topic: string; readonly end: number }
    acked[topic] = end
  })
const children = [await employ(true), await employ(false)]
const embedded = new EmbeddedLog(new Environment(dir))
const violations: string[] = []
for (let kill = 0; kill < kills && violations.length === 0; kill++) {
  const index = random.int(0, 1)
  await sleep(random.int(1, 150))
  const child = children[index] as Child
  child.signal('SIGKILL')
  const { signal } = await child.exited
  if (signal !== 'SIGKILL') violations.push(`a process ended by itself: ${child.complaints}`)
  embedded.refresh()
  violations.push(...cleaningViolations(embedded, acked))
  children[index] = await employ(index === 0)
  if (kill % 20 === 19) console.error(`${kill + 1}/${kills} kills, ${cleanings} rounds of cleaning`)
}
for (const child of children) child.signal('SIGKILL')
await Promise.all(children.map((child) => child.exited))
await crew.dismiss()
await embedded.maintenance.run()
embedded.refresh()
violations.push(...cleaningViolations(embedded, acked))
await embedded.environment.close()
for (const violation of violations) console.error(violation)
console.error(`${JSON.stringify(acked)} acknowledged, ${cleanings} rounds of cleaning`)
if (violations.length === 0) rmSync(base, { recursive: true, force: true })
else console.error(`kept ${dir}; again: npm run test:crash:cleaner -- --kills ${kills} --seed ${seed}`)
console.log(`${kills} kills, ${violations.length} violations`)
process.exitCode = violations.length === 0 ? 0 : 1
