// The scripts of `millrace completion` in the shells that they are for.
import { spawnSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openLog } from 'millrace'
import { scripts } from '../../src/command/completion/scripts.ts'
import { insertedByBash, readTypedLine } from '../../src/command/completion/typed-line.ts'
import { compiledCommand } from '../support/compiled.ts'
import { commandWorld } from '../support/command-world.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const breaks = ` \t\n"'@><=;|&(:`

interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

function run(shell: string, script: string, cwd: string, env: Readonly<Record<string, string>> = {}): Ended {
  const { status, stdout, stderr } = spawnSync(shell, ['-c', script], {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, ...env },
  })
  return { status, stdout, stderr }
}

/** How bash splits a line for a function that completes it: at blanks, and at the breaks, which are words too. */
function bashWords(line: string): string[] {
  const words = line.split(/(?<=[=:])|(?=[=:])|\s+/).filter((word) => word !== '')
  return /\s$/.test(line) ? [...words, ''] : words
}

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`

/** What bash would offer for each of these lines, by the function that the script registers. */
function offeredByBash(lines: readonly string[], data: string): string[][] {
  const drive = lines.map((line) => {
    const words = bashWords(line)
    return [
      `COMP_LINE=${quoted(line)} COMP_POINT=${line.length} COMP_WORDS=(${words.map(quoted).join(' ')}) COMP_CWORD=${words.length - 1}`,
      `COMP_WORDBREAKS=${quoted(breaks)}; $function millrace ${quoted(words.at(-1) ?? '')} ${quoted(words.at(-2) ?? '')}`,
      String.raw`printf '%s\0' "\${COMPREPLY[@]}" ''`.replaceAll('\\$', '$'),
      String.raw`printf '\n'`,
    ].join('\n')
  })
  const script = [
    'set -u',
    'millrace() { "$NODE" "$MILLRACE" "$@"; }',
    'eval "$(millrace completion bash)"',
    'spec=$(complete -p millrace); function=${spec#*-F }; function=${function%% *}',
    ...drive,
  ].join('\n')
  const env = { NODE: process.execPath, MILLRACE: compiledCommand(), MILLRACE_DIR: data }
  const { status, stdout, stderr } = run('bash', script, dirname(data), env)
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((answer) => answer.split('\0').filter((word) => word !== ''))
}

test('bash completes verbs, options, values and names, also after a quote and within a word', async () => {
  const { data } = await commandWorld({ applications: true })
  await using log = await openLog(data, { maintenance: false })
  for (const name of ['-rf', 'a.b_c-d', 'a.b.e']) await log.admin.createTopic({ name })
  const expected: Readonly<Record<string, readonly string[]>> = {
    'millrace sto': ['store'],
    'millrace store d': ['dump'],
    'millrace topic delete --if': ['--if-exists'],
    'millrace topic describe cl': ['clicks'],
    'millrace topic describe a.b': ['a.b.e', 'a.b_c-d'],
    'millrace topic describe -- -': ['-rf'],
    "millrace topic describe 'cl": ['clicks'],
    'millrace topic describe "or': ['orders'],
    'millrace store get page-counts to': ['totals'],
    'millrace produce raw --compression=l': ['lz4'],
    [`millrace topic describe --dir=${data} or`]: ['orders'],
    'millrace topic create x -c cleanup': ['cleanupPolicy='],
    'millrace topic describe $(touch pwned)': [],
    'millrace topic describe `touch pwned` c': [],
    'millrace topic describe ; touch pwned; ': [],
  }
  const offered = offeredByBash(Object.keys(expected), data)
  expect(Object.fromEntries(Object.keys(expected).map((line, at) => [line, offered[at]]))).toEqual(expected)
  expect(existsSync(join(dirname(data), 'pwned'))).toBe(false)
})

test('bash reads back every word as it was, in every quote, and runs none of it', () => {
  const dir = temporaryDirectory()
  const samples = fc.sample(
    fc.tuple(
      fc.oneof(
        fc.constantFrom(
          '$(touch pwned)',
          '`touch pwned`',
          '; touch pwned',
          'a b',
          "it's",
          'a"b',
          '~',
          '*',
          '!!',
          'a\\b',
          '#',
        ),
        fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !/\p{Cc}/u.test(text)),
      ),
      fc.constantFrom('', "'", '"'),
    ),
    { numRuns: 300 },
  )
  const checked = samples.flatMap(([word, quote]) => {
    const inserted = insertedByBash(word, readTypedLine(`millrace ${quote}`, breaks).current)
    return inserted === undefined ? [] : [[word, `${quote}${inserted}${quote}`] as const]
  })
  expect(checked.length).toBeGreaterThan(150)
  const path = join(dir, 'script')
  writeFileSync(path, checked.map(([, typed]) => String.raw`printf '%s\0' ${typed}`).join('\n'))
  const { stdout, stderr } = run('bash', `source ${path}`, dir)
  expect(stderr).toBe('')
  expect(stdout.split('\0').slice(0, -1)).toEqual(checked.map(([word]) => word))
  expect(existsSync(join(dir, 'pwned'))).toBe(false)
})

test.for(Object.entries(scripts))(
  '%s takes its script, and the script says how to install it',
  ([shell, script], context) => {
    expect(script.split('\n').slice(0, 6).join('\n')).toContain(`millrace completion ${shell}`)
    if (spawnSync(shell, ['--version']).error !== undefined) return context.skip(`there is no ${shell} here`)
    const path = join(temporaryDirectory(), 'script')
    writeFileSync(path, script)
    expect(run(shell, `${shell} -n ${path}`, '.')).toEqual({ status: 0, stdout: '', stderr: '' })
  },
)
