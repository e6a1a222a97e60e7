// Compiles all that tests and their tools start as programs: compiled, a program is there in a third of the time that tsx takes.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const isCompiled = import.meta.url.endsWith('.js')

/** What programs read that lies beside them and is not compiled. */
const besides = [
  'bench/jobs/memory-watch.mjs',
  'test/faults/failing-disk.c',
  'test/fixtures',
  'test/powercut/recorder.c',
  'template',
]

/** Compiles the sources, the examples, the benchmarks, the tools and the programs of all tests into a directory, where they lie as they do here. */
export function compileInto(dir: string): void {
  mkdirSync(dir, { recursive: true })
  runTool('typescript/bin/tsc', '-p', 'test/compiled.tsconfig.json', '--outDir', dir)
  for (const path of ['node_modules', ...besides]) symlinkSync(join(root, path), join(dir, path))
  // Under its own name the package finds itself: here the sources, where an installed one has `dist`.
  const itself = readFileSync(join(root, 'package.json'), 'utf8')
  writeFileSync(join(dir, 'package.json'), itself.replaceAll('"./dist/', '"./src/'))
}

function runTool(path: string, ...args: readonly string[]): void {
  const tool = join(root, 'node_modules', path)
  const { status, stdout, stderr } = spawnSync(process.execPath, [tool, ...args], { cwd: root, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${path} ${args.join(' ')} failed\n${stdout}${stderr}`)
}

/** The command as the package has it, each layer in one file; beside compiled tools it is as they are. */
export function packedCommandIn(dir: string): string {
  if (isCompiled) return compiledIn(dir, 'src/command/main.ts')
  const codeAlone = [
    '--noCheck',
    '--isolatedDeclarations',
    'false',
    '--declaration',
    'false',
    '--declarationMap',
    'false',
  ]
  runTool('typescript/bin/tsc', '-p', 'src', '--outDir', join(dir, 'dist'), ...codeAlone)
  runTool('rolldown/bin/cli.mjs', '-c', '--dir', join(dir, 'dist'))
  for (const name of ['node_modules', 'package.json']) symlinkSync(join(root, name), join(dir, name))
  return join(dir, 'dist/command/main.js')
}

/** Where a file lies compiled, by its path from the root: beside this one, if this is; otherwise all is compiled into `dir`. */
export function compiledIn(dir: string, path: string): string {
  if (!isCompiled) compileInto(dir)
  return join(isCompiled ? root : dir, path.replace(/\.ts$/, '.js'))
}

const compiledDirectory = 'MILLRACE_COMPILED'

/** Tells those who come after, in this process and in those that it starts, where all is compiled. */
export function tellCompiled(dir: string): void {
  process.env[compiledDirectory] = dir
}

/** What Node has to be given to run a file: compiled where this one is, or where the tests have compiled all; or else by tsx. */
export function nodeArguments(path: string): readonly string[] {
  const dir = isCompiled ? root : process.env[compiledDirectory]
  return dir === undefined ? ['--import', 'tsx', join(root, path)] : [join(dir, path.replace(/\.ts$/, '.js'))]
}
