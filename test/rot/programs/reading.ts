// Reads damaged copies of a log, one after another, as it is told: a line with the damage, a line with what came of it.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type Contents, RawError, readContents } from '../contents.ts'
import { damagedCopy, parseDamage } from '../damage.ts'
import { judge, type Verdict } from '../judge.ts'
import { pagesOf, placeOf } from '../pages.ts'

const [base = '', scratch = ''] = process.argv.slice(2)
const file = readFileSync(join(base, 'data.mdb'))
const pages = pagesOf(file)
const dir = join(scratch, String(process.pid))

async function read(bytes: Buffer): Promise<Contents> {
  rmSync(dir, { recursive: true, force: true })
  mkdirSync(dir, { recursive: true })
  writeFileSync(join(dir, 'data.mdb'), bytes)
  try {
    return await readContents(dir, (step) => process.stdout.write(`step ${step}\n`))
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

async function verdictOn(text: string, sound: Contents): Promise<Verdict> {
  const damage = parseDamage(text)
  if (damage === undefined) throw new Error(`"${text}" is no damage`)
  try {
    const found = await read(damagedCopy(file, damage))
    return judge(sound, found, / of (state|journal)$/.test(placeOf(pages, damage.at)))
  } catch (error) {
    if (!(error instanceof RawError)) throw error
    return { outcome: 'raw', detail: error.message, isFound: undefined }
  }
}

let failure: string | undefined
process.on('uncaughtException', (error) => (failure ??= `uncaught: ${String(error.stack)}`))
process.on(
  'unhandledRejection',
  (error) => (failure ??= `unhandled: ${error instanceof Error ? String(error.stack) : String(error)}`),
)

const sound = await read(file)
process.stdout.write(`armed ${JSON.stringify(sound.errors)}\n`)
for await (const line of createInterface({ input: process.stdin })) {
  failure = undefined
  const verdict = await verdictOn(line, sound)
  await new Promise(setImmediate) // what was thrown where nobody catches is known by then
  const told: Verdict = failure === undefined ? verdict : { outcome: 'raw', detail: failure, isFound: undefined }
  process.stdout.write(`verdict ${JSON.stringify(told)}\n`)
}
