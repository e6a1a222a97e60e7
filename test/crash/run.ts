// npm run test:crash -- --kills N --seed S: kills importers, counters and readers of one log, and checks after each time what
// the log holds. Also --jobs J (episodes side by side, default 2) and --check DIR (checks a directory that was kept).
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { check } from './checks.ts'
import { compilePrograms, Crew } from './children.ts'
import { readKept, readTopics } from './contents.ts'
import { Episode } from './episode.ts'
import type { Plan } from './input.ts'
import { Random } from './random.ts'
import { Tally } from './tally.ts'
import { openLog } from '../../src/index.ts'

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '100' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    jobs: { type: 'string', default: '2' },
    check: { type: 'string' },
  },
})

process.exitCode = values.check === undefined ? await killLoop() : await checkKept(values.check)

async function killLoop(): Promise<number> {
  const seed = Number(values.seed)
  const tally = new Tally(Number(values.kills))
  console.log(`seed ${seed}`)
  const base = mkdtempSync(join(tmpdir(), 'millrace-crash-'))
  const program = join(compilePrograms(join(base, 'programs')), 'child.js')
  const startedMs = performance.now()
  const progress = setInterval(() => console.error(progressLine(tally, performance.now() - startedMs)), 5_000)
  let episodes = 0
  const work = async (): Promise<void> => {
    const crew = new Crew(program, 3)
    while (!tally.isOver) {
      const episode = episodes++
      const dir = join(base, `episode-${episode}`)
      const random = new Random(seed * 7_919 + episode)
      const mode = random.pick(['complete', 'live'] as const)
      const plan: Plan = { seed: random.int(0, 2 ** 31), records: random.int(1_000, 2_500), mode }
      const kills = random.int(20, 60)
      const violations = await new Episode({ plan, dir, kills, random, crew, tally }).run()
      tally.violations.push(...violations)
      if (violations.length === 0) {
        rmSync(dir, { recursive: true, force: true })
        continue
      }
      for (const violation of violations) console.error(`episode ${episode}: ${violation}`)
      console.error(`kept ${dir}; look again: npm run test:crash -- --check ${dir}`)
    }
    await crew.dismiss()
  }
  await Promise.all(Array.from({ length: Number(values.jobs) }, work))
  clearInterval(progress)
  console.error(progressLine(tally, performance.now() - startedMs))
  console.error(
    Object.entries(tally.counts)
      .map(([what, count]) => `${what} ${count}`)
      .join(', '),
  )
  if (tally.violations.length === 0) rmSync(base, { recursive: true, force: true })
  else console.error(`again: npm run test:crash -- --kills ${tally.killsMax} --seed ${seed} --jobs ${values.jobs}`)
  console.log(`${tally.kills} kills, ${tally.violations.length} violations`)
  return tally.violations.length === 0 ? 0 : 1
}

function progressLine({ kills, killsMax, violations, counts }: Tally, elapsedMs: number): string {
  const perSecond = kills / (elapsedMs / 1_000)
  const leftS = perSecond === 0 ? 0 : Math.round((killsMax - kills) / perSecond)
  return (
    `${kills}/${killsMax} kills, ${counts.checks} checks, ${violations.length} violations, ${perSecond.toFixed(1)} kills/s, ` +
    `${Math.round(elapsedMs / 1_000)} s, ${leftS} s left`
  )
}

/** Checks a directory that a run has kept, for all that needs no memory of the run. */
async function checkKept(dir: string): Promise<number> {
  const plan = JSON.parse(readFileSync(join(dir, 'plan.json'), 'utf8')) as Plan
  const log = await openLog(join(dir, 'log'))
  const contents = { topics: await readTopics(log), kept: await readKept(log) }
  await log.close()
  const { violations } = check(contents, { plan, acked: 0, importing: false, seen: [], fenced: [] })
  for (const violation of violations) console.log(violation)
  console.log(`${violations.length} violations`)
  return violations.length === 0 ? 0 : 1
}
