/**
 * npm run test:rot -- --flips N --seed S: damages a small log N times, and reads each copy in every way there is.
 *
 * 1. `world.ts` makes a log: topics, batches with pages of their own, compaction, a group and an application in the middle of
 *    their work. A damage is a flipped bit, a changed byte, a block of zeros or a cut; most are aimed at what says where
 *    something is: heads of pages, pointers, sizes, keys.
 * 2. A process makes the copy, opens it and reads it: `verify`, maintenance, the list of topics, readers, a consumer of a group,
 *    an application that counts on, queries. What came is held against the sound log (`judge.ts`).
 * 3. Allowed are: nothing, an error of millrace, a crash inside LMDB (docs/faults.md lists where), rows of state that are
 *    absent or old, if `verify` tells of it; and a group that reads again because its position is hidden.
 *
 * Also `--jobs J` (processes side by side, default 2), `--json`, and `--except TEXT` (no damage in places whose description
 * holds it). A violation keeps the sound log, since LMDB does not use the
 * same pages in every run, and is printed with what reads its copy again: `--world DIR --damage TEXT`.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Random } from '../crash/random.ts'
import { chooseDamage, damageText, parseDamage } from './damage.ts'
import { type Outcome, outcomes, type Verdict, violations } from './judge.ts'
import { pagesOf, placeOf } from './pages.ts'
import { readAll } from './readers.ts'
import { makeWorld } from './world.ts'
import { compiledIn } from '../support/compiling.ts'
import { flag, freshSeed, text, toolOptions, whole } from '../support/tool-options.ts'

const values = toolOptions({
  flips: whole(1_000),
  seed: whole(freshSeed(), 0),
  jobs: whole(2),
  damage: text,
  world: text,
  except: text,
  json: flag,
})

/** Copies have no need of a disk. */
const memoryDir = '/dev/shm'
const { seed } = values

interface Result extends Verdict {
  readonly damage: string
  readonly place: string
}

process.exitCode = await rot()

async function rot(): Promise<number> {
  console.error(`seed ${seed}`)
  const base = realpathSync(mkdtempSync(join(existsSync(memoryDir) ? memoryDir : tmpdir(), 'millrace-rot-')))
  try {
    const world = join(base, 'world')
    mkdirSync(world)
    if (values.world === undefined) await makeWorld(world)
    else cpSync(values.world, world, { recursive: true })
    const file = readFileSync(join(world, 'data.mdb'))
    let kept = values.world
    const pages = pagesOf(file)
    const random = new Random(seed)
    const placeOfDamage = (text: string): string => {
      const { kind, at } = parseDamage(text) ?? { kind: 'cut', at: 0 }
      return kind === 'cut'
        ? 'the end is cut off'
        : kind === 'zero'
          ? `a block that begins in the ${placeOf(pages, at)}`
          : placeOf(pages, at)
    }
    const chosen = (): string => {
      for (;;) {
        const text = damageText(chooseDamage(random, file, pages))
        if (values.except === undefined || !placeOfDamage(text).includes(values.except)) return text
      }
    }
    const damages = values.damage === undefined ? Array.from({ length: values.flips }, chosen) : [values.damage]
    const wrong = damages.find((text) => parseDamage(text) === undefined)
    if (wrong !== undefined)
      throw new Error(`--damage is ${wrong}; expected flip@AT.BIT, byte@AT=VALUE, zero@AT or cut@AT`)
    const results: Result[] = []
    const startedMs = performance.now()
    const progress = setInterval(() => console.error(progressLine(results, damages.length, startedMs)), 5_000)
    const program = compiledIn(join(base, 'compiled'), 'test/rot/programs/reading.ts')
    await readAll(program, [world, join(base, 'copies')], damages, values.jobs, (at, verdict) => {
      const damage = damages[at] as string
      const result = { ...verdict, damage, place: placeOfDamage(damage) }
      results.push(result)
      if (!violations.has(verdict.outcome)) return
      console.error(`${verdict.outcome} after ${damage} (${result.place}): ${verdict.detail}`)
      kept ??= keptCopy(world)
      console.error(`again: npm run test:rot -- --world ${kept} --damage ${damage}`)
    })
    clearInterval(progress)
    console.error(progressLine(results, damages.length, startedMs))
    console.log(values.json ? JSON.stringify({ seed, results }) : table(results, file.length))
    return results.some(({ outcome }) => violations.has(outcome)) ? 1 : 0
  } finally {
    rmSync(base, { recursive: true, force: true })
  }
}

function keptCopy(world: string): string {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'millrace-rot-world-')))
  cpSync(world, dir, { recursive: true })
  return dir
}

function progressLine(results: readonly Result[], count: number, startedMs: number): string {
  const perSecond = results.length / ((performance.now() - startedMs) / 1_000)
  const bad = results.filter(({ outcome }) => violations.has(outcome)).length
  const leftS = perSecond === 0 ? 0 : Math.round((count - results.length) / perSecond)
  return `${results.length}/${count} copies, ${bad} violations, ${perSecond.toFixed(1)} copies/s, ${leftS} s left`
}

function table(results: readonly Result[], fileBytes: number): string {
  const lines = [`${results.length} damaged copies of a log of ${Math.round(fileBytes / 1_024)} KB, seed ${seed}`, '']
  for (const outcome of outcomes) {
    const those = results.filter((result) => result.outcome === outcome)
    lines.push(`${String(those.length).padStart(7)}  ${outcome}${notFound(outcome, those)}`)
    for (const [what, count] of byPlace(outcome, those)) lines.push(`${String(count).padStart(16)}  ${what}`)
  }
  if (values.damage !== undefined) lines.push('', ...results.map(({ place, detail }) => `${place}: ${detail}`))
  return lines.join('\n')
}

function notFound(outcome: Outcome, those: readonly Result[]): string {
  const unseen = those.filter(({ isFound }) => isFound === false).length
  return unseen === 0 || outcome === 'harmless' ? '' : `, ${unseen} of them not found by verify`
}

/** Where it was, for what is not as it should be. */
function byPlace(outcome: Outcome, those: readonly Result[]): readonly (readonly [string, number])[] {
  if (outcome === 'harmless' || outcome === 'error') return []
  const counts = new Map<string, number>()
  for (const { place, detail } of those) {
    const what = outcome === 'crash' ? `${place}: ${detail}` : place
    counts.set(what, (counts.get(what) ?? 0) + 1)
  }
  return [...counts].toSorted(([, a], [, b]) => b - a)
}
