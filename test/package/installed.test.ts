// The package as its user gets it: packed, installed by npm into an empty project, type-checked strictly, run by plain node.
//
// The packages that it needs are put there beforehand, copied from the repository, so that npm asks no registry.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const compiler = join(root, 'node_modules/typescript/bin/tsc')
const project = mkdtempSync(join(tmpdir(), 'millrace-package-'))
const installed = join(project, 'node_modules/millrace')
/** The package: what `MILLRACE_TARBALL` names, or packed here. */
let tarball = process.env['MILLRACE_TARBALL'] ?? ''
afterAll(() => rmSync(project, { recursive: true, force: true }))

/** Runs a command, which must succeed, and returns what it printed. */
function run(dir: string, command: string, ...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: dir, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error ?? status}\n${stdout}${stderr}`)
  return stdout
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'))
}

interface LockedPackage {
  readonly dev?: boolean
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

/** Copies what the package needs, and tools that its user has, with what they need. */
function copyPackages(to: string, tools: readonly string[]): void {
  const { packages } = readJson(join(root, 'package-lock.json')) as { packages: Record<string, LockedPackage> }
  const production = Object.keys(packages).filter((path) => path !== '' && packages[path]?.dev !== true)
  const paths = new Set([...production, ...tools.map((name) => `node_modules/${name}`)])
  for (const path of paths) {
    const { dependencies, optionalDependencies } = packages[path] ?? {}
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) paths.add(`node_modules/${name}`)
    const from = join(root, path)
    if (existsSync(from)) cpSync(from, join(to, path), { recursive: true, verbatimSymlinks: true })
  }
  cpSync(join(root, 'node_modules/.bin'), join(to, 'node_modules/.bin'), { recursive: true, verbatimSymlinks: true })
}

/** Installs from what is there: no registry is asked. */
function install(dir: string, ...packages: readonly string[]): void {
  const quietly = ['--silent', '--no-audit', '--no-fund', '--no-update-notifier']
  run(dir, 'npm', 'install', '--offline', '--ignore-scripts', ...quietly, ...packages)
}

const strictest = {
  target: 'es2023',
  module: 'nodenext',
  types: ['node'],
  strict: true,
  skipLibCheck: false,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noPropertyAccessFromIndexSignature: true,
  noImplicitOverride: true,
  noImplicitReturns: true,
  noUnusedLocals: true,
  noUnusedParameters: true,
  verbatimModuleSyntax: true,
  isolatedModules: true,
  outDir: 'out',
}

function packInto(dir: string): string {
  run(root, 'npm', 'pack', '--silent', '--pack-destination', dir)
  const [packed = ''] = readdirSync(dir)
  return join(dir, packed)
}

/** The program of the README that begins with its name, and what it prints. */
function programOf(name: string): readonly [text: string, printed: string] {
  const readme = readFileSync(join(installed, 'README.md'), 'utf8')
  const [, text, printed] =
    new RegExp(`^\`\`\`ts\n(// ${name}\n.*?)^\`\`\`\n\n\`\`\`text\n(.*?)^\`\`\`$`, 'ms').exec(readme) ?? []
  if (text === undefined || printed === undefined) throw new Error(`the README has no ${name}`)
  return [text, printed]
}

beforeAll(() => {
  if (tarball === '') tarball = packInto(project)
  copyPackages(project, ['@types/node'])
  writeFileSync(
    join(project, 'package.json'),
    JSON.stringify({ name: 'project', type: 'module', private: true, devDependencies: { '@types/node': '*' } }),
  )
  install(project, tarball)
})

test('it is installed without a script of its own, with nothing but code, sources, documents, examples and a template', () => {
  const documents = ['CHANGELOG.md', 'CONTRIBUTING.md', 'LICENSE', 'README.md', 'SECURITY.md', 'docs', 'examples']
  expect(readdirSync(installed).toSorted()).toEqual(
    [...documents, 'dist', 'package.json', 'src', 'template', 'test'].toSorted(),
  )
  expect(readdirSync(join(installed, 'test'), { recursive: true, encoding: 'utf8' }).toSorted()).toEqual([
    'conformance',
    join('conformance', 'README.md'),
  ])
  const { scripts } = readJson(join(installed, 'package.json')) as { scripts: Record<string, string> }
  for (const script of ['preinstall', 'install', 'postinstall', 'prepare']) expect(scripts).not.toHaveProperty(script)
})

test('every map that it brings leads to sources that it brings', () => {
  const paths = readdirSync(join(installed, 'dist'), { recursive: true, encoding: 'utf8' })
  const page = join('dashboard', 'page')
  expect(paths.some((path) => path.startsWith(page) && path.endsWith('.js'))).toBe(true)
  const maps = paths.filter((path) => path.endsWith('.map'))
  const sources = maps.map((path) => {
    const map = readJson(join(installed, 'dist', path)) as { sources: string[] }
    return map.sources.map((source) => join(installed, 'dist', dirname(path), source))
  })
  expect(sources.length).toBeGreaterThan(100)
  for (const source of sources.flat()) expect(existsSync(source)).toBe(true)
})

test('the page of the dashboard is small: all of it, compressed, is at most 250 KB', () => {
  const dir = join(installed, 'dist', 'dashboard', 'page')
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((one) => one.isFile())
  const sizes = files.map(({ parentPath, name }) => gzipSync(readFileSync(join(parentPath, name))).length)
  const total = sizes.reduce((sum, size) => sum + size, 0)
  expect(total).toBeGreaterThan(10_000)
  expect(total).toBeLessThanOrEqual(250 * 1_024)
})

/** The headings of a page, as links name them. */
function anchorsOf(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

test('every link of the README and of every other page that it brings leads to something that it brings', () => {
  const pages = readdirSync(installed, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.md'))
  const broken: string[] = []
  let links = 0
  for (const page of pages) {
    const text = readFileSync(join(installed, page), 'utf8').replaceAll(/^```.*?^```$/gms, '')
    for (const [, link = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(link)) continue
      links++
      const [path = '', anchor] = link.split('#')
      const target = path === '' ? join(installed, page) : join(installed, dirname(page), path)
      const leads =
        existsSync(target) && (anchor === undefined || anchorsOf(readFileSync(target, 'utf8')).includes(anchor))
      if (!leads) broken.push(`${page}: ${link}`)
    }
  }
  expect(pages).toEqual(expect.arrayContaining(['README.md', join('docs', 'log.md'), join('examples', 'README.md')]))
  expect(links).toBeGreaterThan(30)
  expect(broken).toEqual([])
})

test('the programs of the README pass the strictest compiler and run by plain node', () => {
  const programs = ['visits', 'visits.test'].map((name) => [name, ...programOf(`${name}.ts`)] as const)
  for (const [name, text] of programs) writeFileSync(join(project, `${name}.ts`), text)
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions: strictest, include: ['*.ts'] }))
  expect(run(project, process.execPath, compiler)).toBe('')
  for (const [name, , printed] of programs) expect(run(project, process.execPath, `out/${name}.js`)).toBe(printed)
  expect(run(project, process.execPath, 'out/visits.js')).toBe('60000 / 2\n')
})

test('the types that it brings refuse a wrong call', () => {
  const wrong = `import { int64, string, topic } from 'millrace'
topic('clicks', { key: string(), value: 'text' })
export const count: string = int64().decode(new Uint8Array(8))
`
  writeFileSync(join(project, 'wrong.mts'), wrong)
  writeFileSync(join(project, 'wrong.json'), JSON.stringify({ compilerOptions: strictest, include: ['wrong.mts'] }))
  expect(() => run(project, process.execPath, compiler, '-p', 'wrong.json')).toThrow(
    /\(2,34\): error[^]*\(3,14\): error/,
  )
})

test('millrace init makes a project that installs, passes its test and its types, and runs', () => {
  const place = mkdtempSync(join(tmpdir(), 'millrace-project-'))
  onTestFinished(() => rmSync(place, { recursive: true, force: true }))
  const dir = join(place, 'x')
  run(place, join(project, 'node_modules/.bin/millrace'), 'init', 'x', '--millrace', tarball)
  copyPackages(dir, ['@types/node', 'tsx', 'typescript'])
  install(dir)
  expect(readdirSync(join(dir, 'node_modules/millrace'))).toContain('template')
  expect(run(dir, 'npm', 'test')).toMatch(/^\S+ pass 2\n(?:.*\n)*?\S+ fail 0$/m)
  run(dir, 'npm', 'run', 'types')
  const millrace = (...args: readonly string[]): string => run(dir, 'npx', '--no-install', 'millrace', ...args)
  const click = '{"key":"10.0.0.1","value":{"page":"/","status":200},"timestamp":61000}'
  millrace('run', 'src/topology.ts', '--until-end')
  run(dir, 'sh', '-c', `echo '${click}' | npx --no-install millrace produce clicks --json`)
  millrace('run', 'src/topology.ts', '--until-end')
  expect(JSON.parse(millrace('store', 'dump', 'clicks', 'counts', '--json'))).toMatchObject({ key: '/', value: 1 })
})

test('npx millrace is the command, and importing the library loads nothing of it, nor what writes metrics', () => {
  expect(run(project, 'npx', '--no-install', 'millrace', '--help')).toMatch(/^Usage: millrace <command> \[options\]\n/)
  expect(run(project, 'npx', '--no-install', 'millrace', 'topic', 'create', 'a', '--dir', 'log')).toBe('')
  expect(run(project, 'npx', '--no-install', 'millrace', 'topic', 'list', '--dir', 'log')).toMatch(/^a +1 +0 +0 B$/m)
  const evaluate = (code: string): string => run(project, process.execPath, '--input-type=module', '-e', code)
  const scrape = `const log = await (await import('millrace')).openLog('log', { readOnly: true })
const { text } = await (await import('millrace/metrics')).metricsText(log)
console.log(text.includes('millrace_topic_end_offset{topic="a",partition="0"} 0'))
await log.close()`
  expect(evaluate(scrape)).toBe('true\n')
  for (const name of ['commander', 'string-width', 'prom-client']) {
    rmSync(join(project, 'node_modules', name), { recursive: true })
  }
  for (const name of ['millrace', 'millrace/dashboard', 'millrace/metrics']) {
    expect(evaluate(`await import('${name}')`)).toBe('')
  }
})
