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
  const compiler = join(root, 'node_modules/typescript/bin/tsc')
  const args = [compiler, '-p', join(root, 'test/compiled.tsconfig.json'), '--outDir', dir]
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`the programs do not compile\n${stdout}`)
  for (const path of ['node_modules', ...besides]) symlinkSync(join(root, path), join(dir, path))
  // Under its own name the package finds itself: here the sources, where an installed one has `dist`.
  const itself = readFileSync(join(root, 'package.json'), 'utf8')
  writeFileSync(join(dir, 'package.json'), itself.replaceAll('"./dist/', '"./src/'))
}

/** Where a file lies compiled, by its path from the root: beside this one, if this is; otherwise all is compiled into `dir`. */
export function compiledIn(dir: string, path: string): string {
  if (!isCompiled) compileInto(dir)
  return join(isCompiled ? root : dir, path.replace(/\.ts$/, '.js'))
}

/** What Node has to be given to run a file as this one runs: compiled, or by tsx. */
export function nodeArguments(path: string): readonly string[] {
  return isCompiled ? [join(root, path.replace(/\.ts$/, '.js'))] : ['--import', 'tsx', join(root, path)]
}
