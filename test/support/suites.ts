// Which suite a test file belongs to. Nobody keeps a list: a name that ends with `.long.test.ts` says that a file takes long, and
// the imports of any other say whether it can start processes. So a new file is in one of them as soon as it is there.
import { importsOf } from './source.ts'
import type { Tree } from './tidy.ts'

export type Suite = 'quick' | 'processes' | 'long'

/** Modules of Node that start what does not end with its test. */
const starters: ReadonlySet<string> = new Set(['node:child_process', 'node:cluster', 'node:worker_threads'])

/** The test files of each suite, as paths from the root. */
export function suitesOf(tree: Tree): Readonly<Record<Suite, readonly string[]>> {
  const suites: Record<Suite, string[]> = { quick: [], processes: [], long: [] }
  const paths = Object.keys(tree).filter((path) => path.startsWith('test/') && path.endsWith('.test.ts'))
  const known = new Map<string, readonly string[]>()
  for (const path of paths) {
    const suite = path.endsWith('.long.test.ts') ? 'long' : startsProcesses(path, tree, known) ? 'processes' : 'quick'
    suites[suite].push(path)
  }
  return suites
}

/** Whether a file, or one that it imports over however many others, imports a module that starts processes. */
function startsProcesses(path: string, tree: Tree, known: Map<string, readonly string[]>): boolean {
  const reached = new Set([path])
  for (const one of reached) {
    const imported = known.get(one) ?? importsOf(one, tree[one] ?? '').flatMap((found) => found.path ?? found.specifier)
    known.set(one, imported)
    for (const next of imported) {
      if (starters.has(next)) return true
      if (next in tree) reached.add(next)
    }
  }
  return false
}
