// npm run test:crash -- [SUBJECT…] --kills N --seed S: kills and stops processes of a log, and checks after each time what the log
// holds. Without a subject it is all of them, one after the other, and each gets the same share of the kills. Also --jobs J
// (episodes side by side, default 2) and --check DIR (checks a directory of an application that was kept).
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { check } from './checks.ts'
import { parseCommandLine, type Request } from './command-line.ts'
import { readKept, readTopics } from './contents.ts'
import type { Plan } from './input.ts'
import { runSubject } from './run-subject.ts'
import { compiledIn } from '../support/compiling.ts'
import { freshSeed, orExit } from '../support/tool-options.ts'
import { Tally } from './tally.ts'
import { openLog } from '../../src/index.ts'

const startedMs = performance.now()
const passedS = (sinceMs: number): number => (performance.now() - sinceMs) / 1_000

const request = orExit(() => parseCommandLine(process.argv.slice(2), freshSeed()))
process.exitCode = request.check === undefined ? await killLoop(request) : await checkKept(request.check)

async function killLoop({ shares, seed, jobs }: Request): Promise<number> {
  console.error(`seed ${seed}`)
  const dir = mkdtempSync(join(tmpdir(), 'millrace-crash-'))
  const program = compiledIn(join(dir, 'compiled'), 'test/crash/programs/child.ts')
  const tallies = shares.map(({ kills }) => new Tally(kills))
  const progress = setInterval(() => console.error(progressOf(tallies)), 5_000)
  for (const [index, { subject, kills }] of shares.entries()) {
    const tally = tallies[index] as Tally
    const sinceMs = performance.now()
    await runSubject(subject, tally, { seed, jobs, dir, program })
    console.log(summaryOf(subject.name, tally, passedS(sinceMs)))
    for (const violation of tally.violations) console.error(violation)
    if (tally.violations.length > 0) {
      console.error(`again: npm run test:crash -- ${subject.name} --kills ${kills} --seed ${seed} --jobs ${jobs}`)
    }
  }
  clearInterval(progress)
  const { kills, violations } = sumOf(tallies)
  if (violations === 0) rmSync(dir, { recursive: true, force: true })
  console.log(`${kills} kills, ${violations} violations`)
  return violations === 0 ? 0 : 1
}

function sumOf(tallies: readonly Tally[]): Record<'kills' | 'killsMax' | 'violations', number> {
  const sum = { kills: 0, killsMax: 0, violations: 0 }
  for (const { kills, killsMax, violations } of tallies) {
    sum.kills += kills
    sum.killsMax += killsMax
    sum.violations += violations.length
  }
  return sum
}

function progressOf(tallies: readonly Tally[]): string {
  const { kills, killsMax, violations } = sumOf(tallies)
  const perSecond = kills / passedS(startedMs)
  const leftS = perSecond === 0 ? '?' : Math.round((killsMax - kills) / perSecond)
  return (
    `${kills}/${killsMax} kills, ${perSecond.toFixed(1)} kills/s, ${Math.round(passedS(startedMs))} s, ${leftS} s left, ` +
    `${violations} violations`
  )
}

function summaryOf(name: string, { kills, violations, counts }: Tally, tookS: number): string {
  const happened = [...counts].map(([what, count]) => `${what} ${count}`).join(', ')
  return `${name}: ${kills} kills, ${violations.length} violations, ${tookS.toFixed(0)} s; ${happened}`
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
