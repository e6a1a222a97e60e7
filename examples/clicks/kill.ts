/**
 * `npm run clicks:kill`: kills the click count with SIGKILL in the middle of its work, starts it again, and compares.
 *
 *     npm run clicks:kill                      in a directory that is removed afterwards
 *     npm run clicks:kill -- --dir DIR FILE    in DIR/uninterrupted and DIR/killed, which stay; on an access log of yours
 *
 * It counts once undisturbed and once with three kills, each at a point that the count itself reports, and expects the
 * same bytes from both. Exit codes: 0 they are the same, 1 they differ or something failed, 2 a wrong command line.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { differenceOf } from './difference.ts'
import { number } from './drawing.ts'
import { writeAccessLog } from './generate.ts'

/** Beside this file; compiled, if this one is. */
const main = fileURLToPath(new URL(`main${extname(import.meta.url)}`, import.meta.url))
const say = (line: string): void => void process.stdout.write(`${line}\n`)

/** A point in the progress that `main.ts` prints: its phase, and how much of that is done. */
interface Point {
  readonly of: 'imported' | 'counted'
  readonly percent: number
}

const kills: readonly Point[] = [
  { of: 'imported', percent: 20 },
  { of: 'counted', percent: 10 },
  { of: 'counted', percent: 50 },
]

/** How a run ended, with the first and the last progress that it printed. */
interface Run {
  readonly processId: number
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly first: string
  readonly last: string
}

/** What went wrong, in a sentence; the exit code is 1. */
class Failure extends Error {}

/** Counts the log in a directory; with `killAt`, only up to the first progress at or past that point. */
async function count(dir: string, log: string, killAt?: Point): Promise<Run> {
  const args = [...process.execArgv, main, '--json', '--progress', '20ms', '--dir', dir, log]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const stdout = text(child.stdout)
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>
  const points: string[] = []
  let complaints = ''
  for await (const line of createInterface({ input: child.stderr })) {
    const [, point, of, percent] = /^(.* (imported|counted) \((\d+) %\))/.exec(line) ?? []
    if (point === undefined) complaints += `${line}\n`
    else points.push(point)
    const done = Number(percent)
    if (of === killAt?.of && done >= (killAt?.percent ?? 100) && done < 100) child.kill('SIGKILL') // the process itself
  }
  const [code, signal] = await closed
  if (signal !== 'SIGKILL' && code !== 0) throw new Failure(`the count ended with ${signal ?? code}: ${complaints}`)
  const [first = 'nothing yet'] = points
  return { processId: child.pid ?? 0, signal, stdout: await stdout, first, last: points.at(-1) ?? first }
}

async function prove(dir: string, file: string | undefined): Promise<void> {
  const log = file ?? join(dir, 'access.log')
  if (file === undefined) await writeAccessLog(log)
  say(`Counting ${log} without a disturbance, in ${join(dir, 'uninterrupted')}`)
  const uninterrupted = await count(join(dir, 'uninterrupted'), log)
  say(`  ${uninterrupted.last}`)

  say(`Counting it again with SIGKILL in between, in ${join(dir, 'killed')}`)
  for (const killAt of kills) {
    const { processId, signal, first, last } = await count(join(dir, 'killed'), log, killAt)
    if (signal !== 'SIGKILL') throw new Failure('the count was over before it could be killed: give it a larger log')
    say(`  process ${processId} first reported ${first}`)
    say(`  process ${processId} killed at ${last}`)
  }
  const { processId, first, last, stdout } = await count(join(dir, 'killed'), log)
  say(`  process ${processId} first reported ${first}`)
  say(`  process ${processId} finished at ${last}`)
  const difference = differenceOf(uninterrupted.stdout, stdout)
  if (difference !== undefined) throw new Failure(`NOT THE SAME. ${difference}`)
  const lines = stdout.trimEnd().split('\n')
  say(`The same ${number(lines.length - 1)} counts and the same totals, byte for byte: nothing lost, nothing doubled.`)
  say(`  ${lines.at(-1)}`)
}

/** A directory with nothing in it, so that both counts begin at the beginning. */
async function emptyDirectory(dir: string): Promise<string> {
  await mkdir(dir, { recursive: true })
  if ((await readdir(dir)).length > 0) throw new Failure(`${dir} is not empty; name a new directory`)
  return dir
}

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { dir: { type: 'string' } },
    allowPositionals: true,
  })
  const [file, ...more] = positionals
  if (more.length > 0) throw new TypeError('one access log at most')
  if (file !== undefined && !existsSync(file)) throw new Failure(`there is no file ${file}`)
  const dir =
    values.dir === undefined ? await mkdtemp(join(tmpdir(), 'clicks-kill-')) : await emptyDirectory(values.dir)
  await prove(dir, file)
  if (values.dir === undefined) await rm(dir, { recursive: true, force: true })
  return 0
}

try {
  process.exitCode = await run(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof Failure || error instanceof TypeError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = error instanceof Failure ? 1 : 2
}
