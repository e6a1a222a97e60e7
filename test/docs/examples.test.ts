// The examples of docblocks, and of the pages about streams, are programs: each compiles under the project's strict
// settings and runs in the world of example-world.ts. An example is a fenced block, or the code on the line of its @example;
// its imports may only be of packages. One that imports names of millrace has no others, and what it builds is run.
import { spawnSync } from 'node:child_process'
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { readTree, type Tree } from '../support/tidy.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const resolve = createRequire(import.meta.url).resolve

interface Example {
  /** The file that it stands in, and the line of its first line of code there. */
  readonly path: string
  readonly line: number
  readonly code: string
}

const lineOf = (text: string, at: number): number => text.slice(0, at).split('\n').length

function examplesOf(tree: Tree): Example[] {
  return Object.entries(tree).flatMap(([path, text]) => (path.endsWith('.md') ? fencedIn : documentedIn)(path, text))
}

/** The examples of a page. */
function fencedIn(path: string, text: string): Example[] {
  return [...text.matchAll(/^```ts\n([^]*?)^```$/gm)].map(({ 1: code = '', index }) => ({
    path,
    line: lineOf(text, index) + 1,
    code,
  }))
}

/** The examples of the docblocks of a source file. */
function documentedIn(path: string, text: string): Example[] {
  return [...text.matchAll(/\/\*\*[^]*?\*\//g)].flatMap(({ 0: block, index: start }) =>
    // Up to the next tag: a fenced block, or else what stands on the line.
    [...block.matchAll(/^[ /]*\*+ *@example\b(?: *(\S.*?)(?: \*\/)?$|\s+\* ```ts\n([^]*?)^ *\* ```$)/gm)].map(
      (found) => {
        const [whole, inline, fenced = ''] = found
        const at = start + found.index + whole.indexOf(inline ?? fenced)
        return { path, line: lineOf(text, at), code: inline ?? fenced.replace(/^ *\* ?/gm, '') }
      },
    ),
  )
}

/** Every public name, as imports on one line. */
const entries = {
  millrace: '',
  'millrace/testing': 'testing',
  'millrace/dashboard': 'dashboard',
  'millrace/metrics': 'dashboard/metrics',
}
const publicNames = Object.entries(entries).flatMap(([name, folder]) => {
  const index = readFileSync(join(root, 'src', folder, 'index.ts'), 'utf8')
  return [...index.matchAll(/^export (.*?\{[^}]*\}) from/gms)].map(
    ([, names = '']) => `import ${names.replaceAll(/\s+/g, ' ')} from '${name}'`,
  )
})
const world = `import { type Click, clicks, counts, missing, perAddress, perMinute, totals, visits, type World } from '${root}test/docs/example-world.ts'`
const fields = ['log', 'builder', 'stream', 'grouped', 'table', 'topology', 'app', 'v2', 'driver']

/** The module of an example: its first line is ours, its own begins on the second. */
function moduleOf({ code }: Example): string {
  const imports = [...code.matchAll(/^import .* from '[\w@/-]+'$/gm)].map(([line]) => line)
  const body = imports.reduce((rest, line) => rest.replace(line, ''), code)
  const says = (pattern: string): boolean => new RegExp(pattern).test(body)
  const makes = (name: string): boolean => says(`\\b(const|using) ${name}\\b`)
  const hasAtTop = (name: string): boolean => new RegExp(`^(?:export )?const ${name}\\b`, 'm').test(body)
  const isWhole = imports.some((line) => line.includes(" from 'millrace"))
  const used = fields.filter((name) => !isWhole && says(`(?<!\\.)\\b${name}\\b`) && !makes(name))
  const given = used.map((name) => `const ${name} = await world.${name}()`)
  const names = isWhole ? [world.replace(/\{.*\}/, '{ type World }')] : [...publicNames, world]
  const built = hasAtTop('topology') ? 'topology' : hasAtTop('builder') ? 'builder.build()' : undefined
  const runs = isWhole && built !== undefined ? `await world.runs(${built})` : ''
  const head = [...names, ...imports, 'export default async (world: World): Promise<void> => {'].join('; ')
  // What a script exports stands in a function here.
  const inner = body.replaceAll(/^export (default )?/gm, (_, isDefault) => (isDefault ? 'const exported = ' : ''))
  return `${head} ${given.join('; ')}; {\n${inner}\n${runs} } }\n`
}

/** What is wrong with the examples of the files, by their places. */
function failuresOf(tree: Tree): string[] {
  const dir = temporaryDirectory()
  const examples = new Map(
    examplesOf(tree).map((example) => [`${example.path.replaceAll('/', '-')}-${example.line}.ts`, example]),
  )
  symlinkSync(join(root, 'node_modules'), join(dir, 'node_modules'))
  writeFileSync(join(dir, 'package.json'), '{ "type": "module" }')
  writeFileSync(
    join(dir, 'tsconfig.json'),
    JSON.stringify({
      extends: join(root, 'tsconfig.json'),
      compilerOptions: { rewriteRelativeImportExtensions: false }, // the world is imported by its absolute path
      include: ['*.ts'],
    }),
  )
  for (const [name, example] of examples) writeFileSync(join(dir, name), moduleOf(example))
  const placed = (name: string, message: string, line = 2): string => {
    const example = examples.get(name)
    return example === undefined ? `${name}: ${message}` : `${example.path}:${example.line + line - 2} ${message}`
  }

  const tsc = join(resolve('typescript/package.json'), '../bin/tsc')
  const compiled = spawnSync(process.execPath, [tsc, '--pretty', 'false', '-p', dir], { cwd: dir, encoding: 'utf8' })
  const wrong = [...compiled.stdout.matchAll(/^(\S+)\((\d+),\d+\): error (.*)$/gm)].map(
    ([, name = '', line, message = '']) => placed(name, message, Number(line)),
  )
  if (compiled.status !== 0 || wrong.length > 0) return wrong.length > 0 ? wrong : [compiled.stdout + compiled.stderr]

  const paths = [...examples.keys()].map((name) => join(dir, name))
  const program = join(root, 'test/support/programs/run-examples.ts')
  const run = spawnSync(process.execPath, ['--import', pathToFileURL(resolve('tsx')).href, program, ...paths], {
    cwd: dir,
    env: { ...process.env, TSX_TSCONFIG_PATH: join(root, 'tsconfig.json') },
    encoding: 'utf8',
    timeout: 250_000,
  })
  if (run.status !== 0) return [`the examples did not come to an end: ${run.stdout}${run.stderr}`]
  const failures = JSON.parse(readFileSync(join(dir, 'failures.json'), 'utf8')) as Readonly<Record<string, string>>
  return Object.entries(failures).map(([name, message]) => placed(name, message))
}

const docblock = (...lines: readonly string[]): string =>
  ['', '  /**', ...lines.map((line) => `   * ${line}`), '   */'].join('\n')

const page = (...code: readonly string[]): string => ['# Page', '```ts', ...code, '```', ''].join('\n')

test('an example that does not compile is found, at its place', () => {
  const fenced = docblock(
    'Says.',
    '',
    '@example',
    '```ts',
    'const fits: number = 1',
    'const wrong: string = fits',
    '```',
  )
  expect(
    failuresOf({
      'docs/a.md': page("import { topic } from 'millrace'", 'topic', 'int64()'),
      'src/a.ts': fenced,
      'src/b.ts': '/** Says. @example not one */\n/**\n * @example nothing() */',
    }),
  ).toEqual([
    expect.stringMatching(/^docs\/a\.md:5 TS2304.*int64/),
    expect.stringMatching(/^src\/a\.ts:8 TS2322/),
    expect.stringMatching(/^src\/b\.ts:3 TS2304.*nothing/),
  ])
})

test('an example that throws is found, and one whose topology fails', () => {
  const throwing = docblock('@example', '```ts', "throw new Error('planted')", '```', '@throws nothing')
  const failing = docblock("@example stream.foreach(() => JSON.parse('{'))")
  const whole = page(
    "import { string, StreamsBuilder, topic } from 'millrace'",
    'const builder = new StreamsBuilder()',
    "builder.stream(topic('clicks', { key: string(), value: string() })).foreach(() => JSON.parse('{'))",
  )
  expect(
    failuresOf({ 'docs/a.md': whole, 'src/a.ts': throwing + failing + docblock('@example stream.to(missing)') }),
  ).toEqual([
    expect.stringMatching(/^docs\/a\.md:3 MillraceError: .*clicks\[0\] offset 0/),
    expect.stringMatching(/^src\/a\.ts:5 Error: planted/),
    expect.stringMatching(/^src\/a\.ts:10 MillraceError: .*clicks\[0\] offset 0/),
  ])
})

test('every example compiles and runs', () => {
  const sources = Object.fromEntries(Object.entries(readTree(root)).filter(([path]) => path.startsWith('src/')))
  const tags = Object.values(sources).flatMap((text) => [...text.matchAll(/^ *\* @example\b/gm)])
  expect(tags.length).toBeGreaterThan(60)
  expect(examplesOf(sources)).toHaveLength(tags.length)
  const pages = Object.fromEntries(
    ['docs/streams.md', 'docs/kafka-streams.md'].map((path) => [path, readFileSync(join(root, path), 'utf8')]),
  )
  expect(failuresOf({ ...sources, ...pages })).toEqual([])
})
