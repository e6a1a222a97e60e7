// Which suite a test file belongs to. Nobody keeps a list: its name may say `.slow.test.ts`, `.long.test.ts` or `.browser.test.ts`, and what can start
// a process by its imports is slow by itself. So a new file is in one of them as soon as it is there.
import { importsOf } from './source.ts'
import type { Tree } from './tidy.ts'

export type Suite = 'quick' | 'slow' | 'long' | 'browser'

/** Modules of Node that start what does not end with its test; the package itself starts nothing. */
const starters: ReadonlySet<string> = new Set(['node:child_process', 'node:cluster', 'node:worker_threads'])

/** The test files of each suite, as paths from the root. */
export function suitesOf(tree: Tree): Readonly<Record<Suite, readonly string[]>> {
  const suites: Record<Suite, string[]> = { quick: [], slow: [], long: [], browser: [] }
  const paths = Object.keys(tree).filter((path) => path.startsWith('test/') && path.endsWith('.test.ts'))
  const known = new Map<string, readonly string[]>()
  for (const path of paths) {
    const named = /\.(slow|long|browser)\.test\.ts$/.exec(path)?.[1] as Suite | undefined
    suites[named ?? (startsProcesses(path, tree, known) ? 'slow' : 'quick')].push(path)
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
      if (starters.has(next) && !one.startsWith('src/')) return true
      if (next in tree) reached.add(next)
    }
  }
  return false
}
