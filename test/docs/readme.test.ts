// The README runs: every program in it prints what stands below it, and every command in it exists.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const root = join(dirname(fileURLToPath(import.meta.url)), '../..')
const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
const readme = readFileSync(join(root, 'README.md'), 'utf8')

interface Block {
  readonly language: string
  readonly text: string
}

const blocks: readonly Block[] = [...readme.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(
  ([, language = '', text = '']) => ({
    language,
    text,
  }),
)

/** Runs a program of ours in a directory of its own, as a user who cloned the repository would. */
function run(dir: string, program: string, args: readonly string[] = []): string {
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--import', tsx, program, ...args], {
    cwd: dir,
    env: { ...process.env, TSX_TSCONFIG_PATH: join(root, 'tsconfig.json') },
    encoding: 'utf8',
  })
  expect({ stderr: status === 0 ? '' : stderr, status }).toEqual({ stderr: '', status: 0 })
  return stdout
}

/** The program that a block holds, named by its first line. */
function programOf(name: string): { readonly text: string; readonly printed: string } {
  const index = blocks.findIndex(({ language, text }) => language === 'ts' && text.startsWith(`// ${name}\n`))
  const printed = blocks[index + 1]
  if (index < 0 || printed?.language !== 'text') throw new Error(`the README has no ${name} with its output below it`)
  return { text: blocks[index]?.text ?? '', printed: printed.text }
}

/** A program in a directory of its own; tsx finds `millrace` through the tsconfig.json that it is pointed to. */
function write(dir: string, name: string, text: string): string {
  const path = join(dir, name)
  writeFileSync(path, text)
  return path
}

describe('the programs of the README', () => {
  test('the first one prints what it says, and one more when it is run again', () => {
    const { text, printed } = programOf('visits.ts')
    const dir = temporaryDirectory()
    write(dir, 'package.json', '{"type":"module"}')
    const program = write(dir, 'visits.ts', text)
    expect(run(dir, program)).toBe(printed)
    expect(readme).toContain('Run it again: it prints `60000 / 2`')
    expect(run(dir, program)).toBe('60000 / 2\n')
  })

  test('the one with the test driver prints what it says', () => {
    const { text, printed } = programOf('visits.test.ts')
    const dir = temporaryDirectory()
    write(dir, 'package.json', '{"type":"module"}')
    expect(run(dir, write(dir, 'visits.test.ts', text))).toBe(printed)
  })

  test('the one with a group and transactions prints what it says', () => {
    const { text, printed } = programOf('billing.ts')
    const dir = temporaryDirectory()
    write(dir, 'package.json', '{"type":"module"}')
    expect(run(dir, write(dir, 'billing.ts', text))).toBe(printed)
  })

  test('the one that replays prints what it says', () => {
    const { text, printed } = programOf('replay.ts')
    const dir = temporaryDirectory()
    write(dir, 'package.json', '{"type":"module"}')
    expect(run(dir, write(dir, 'replay.ts', text))).toBe(printed)
  })

  test('there is no program that no test runs', () => {
    expect(blocks.filter(({ language }) => language === 'ts')).toHaveLength(4)
  })
})

test('npm run clicks prints the table that the README shows', () => {
  const shown = blocks.find(({ text }) => text.startsWith('Clicks per minute'))?.text ?? ''
  const stdout = run(root, join(root, 'examples/clicks/main.ts'), ['--dir', temporaryDirectory()])
  const printed = stdout.split('\n').map((line) => line.trimEnd())
  const lines = shown.split('\n').filter((line) => line !== '' && line !== '…')
  expect(lines.length).toBeGreaterThan(5)
  for (const line of lines) expect(printed).toContain(line.trimEnd())
})

test('every npm script that the README names exists', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  const named = [...readme.matchAll(/npm run ([\w:]+)/g)].map(([, name]) => name)
  expect(new Set(named).size).toBeGreaterThan(3)
  for (const name of named) expect(Object.keys(scripts)).toContain(name)
})
