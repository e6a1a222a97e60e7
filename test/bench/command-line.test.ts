// The command line of the benchmarks: what is mistyped is refused, and every command of the documentation works.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { parseCommandLine, UsageError } from '../../bench/command-line.ts'
import { figures } from '../../bench/figures.ts'
import { compiled } from '../support/compiled.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

interface Ran {
  readonly status: number | null
  readonly out: string
  readonly talk: string
}

function run(...args: readonly string[]): Ran {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' })
  return { status, out: stdout, talk: stderr }
}

const bench = (...args: readonly string[]): Ran => run(compiled('bench/run.ts'), ...args)

test.each([
  ['a name that is mistyped', ['latenzy'], 'there is no figure "latenzy"; there are comparison, latency'],
  ['two names', ['latency', 'memory'], 'one figure at a time'],
  ['an option that is mistyped', ['--record', '5'], "Unknown option '--record'"],
  ['an option of another figure', ['latency', '--keys', '5'], 'latency takes no --keys'],
  ['no number', ['--runs', 'many'], '--runs is "many"; expected a whole number of at least 1'],
  ['no runs', ['--runs', '0'], '--runs is "0"'],
  ['a part of a figure that has none', ['latency', '--only', 'compared'], 'latency takes no --only'],
  ['a part of all figures', ['all', '--only', 'compared'], 'all takes no --only'],
  [
    'a part that is mistyped',
    ['families', '--only', 'cuont'],
    'families has no part "cuont"; it has "compared", "count"',
  ],
  ['two forms at once', ['--json', '--markdown'], '--json or --markdown, not both'],
])('refused: %s', (_, args, message) => {
  expect(() => parseCommandLine(args)).toThrow(UsageError)
  expect(() => parseCommandLine(args)).toThrow(message)
})

test('without a name it is the comparison, with "all" every figure, each with the options that it takes', () => {
  expect(parseCommandLine([]).figures.map(({ name }) => name)).toEqual(['comparison'])
  expect(parseCommandLine(['all', '--keys', '7'])).toMatchObject({ figures, given: { keys: 7 } })
})

test('a figure may be measured in parts, as often as they are named', () => {
  const { only } = parseCommandLine(['families', '--only', 'count, sessions', '--only', 'distinct'])
  expect(only).toEqual(['count, sessions', 'distinct'])
})

test('a mistyped name ends the program with 2 and a word to people only', () => {
  expect(run('--import', 'tsx', 'bench/run.ts', 'latenzy')).toMatchObject({
    status: 2,
    out: '',
    talk: expect.stringContaining('--list'),
  })
})

test('the list names every figure', () => {
  const lines = bench('--list', '--json').out.trim().split('\n')
  const listed = lines.map((line) => (JSON.parse(line) as { readonly name: string }).name)
  expect(listed).toEqual(figures.map(({ name }) => name))
})

test('a figure is measured in processes of its own: the machine and the rows on stdout, the progress on stderr', () => {
  const { status, out, talk } = bench('recovery', '--keys', '100', '--runs', '1', '--json')
  const lines = out.trim().split('\n')
  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { machine: { node: process.version } },
    { figure: 'recovery', 'until the first committed output': 'from openLog' },
    { figure: 'recovery', 'until the first committed output': 'from the start of the process' },
  ])
  expect({ status, talk }).toEqual({ status: 0, talk: expect.stringMatching(/^100 records .*run 1 of 1/s) })
})

test('the page of figures has a section for each, and its commands are taken', () => {
  const page = readFileSync(`${root}/docs/performance.md`, 'utf8')
  const commands = [...page.matchAll(/npm run bench(?: -- ([^`\n]*))?/g)].map(([, args = '']) =>
    parseCommandLine(args.split(' ').filter((arg) => arg !== '')),
  )
  const named = new Set(commands.flatMap((command) => (command.figures.length === 1 ? command.figures : [])))
  expect([...named].map(({ name }) => name).toSorted()).toEqual(figures.map(({ name }) => name).toSorted())
})
