// Finds cases, and runs one of them in all of its modes.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type Case, readCase } from './case.ts'
import { CaseError } from './fields.ts'
import { reasonOf, reasonToSkip } from './operations.ts'
import { modesOf, play } from './play.ts'

/** What became of one case. */
export interface CaseResult {
  /** The folder and the name. */
  readonly path: string
  readonly feature: string
  readonly outcome: 'passed' | 'failed' | 'skipped'
  /** What failed in which mode, or why it was skipped. */
  readonly reasons: readonly string[]
}

/** The paths of all cases under a folder, relative to it. */
export function casePaths(dir: string): string[] {
  return readdirSync(dir)
    .toSorted()
    .flatMap((name) => {
      if (!statSync(join(dir, name)).isDirectory()) return name.endsWith('.json') ? [name] : []
      return casePaths(join(dir, name)).map((path) => `${name}/${path}`)
    })
}

/** What fails in which modes. */
function failuresOf(one: Case): string[] {
  const modes = modesOf(one)
  const found = new Map<string, string[]>()
  for (const mode of modes) {
    for (const failure of play(one, mode)) found.set(failure, [...(found.get(failure) ?? []), mode.name])
  }
  return [...found].map(([failure, names]) => {
    const where = names.length === modes.length ? 'in every mode' : names.join('; ')
    return `[${where}] ${failure}`
  })
}

/** Runs the case in a file in all of its modes. */
export function runCase(dir: string, path: string): CaseResult {
  const place = join(dir, path)
  const feature = place.split('/').at(-2) ?? ''
  const result = { path, feature }
  let one: Case
  try {
    one = readCase(readFileSync(place, 'utf8'), place)
  } catch (error) {
    if (!(error instanceof CaseError)) throw error
    return { ...result, outcome: 'failed', reasons: [error.message] }
  }
  const notYet = reasonToSkip(one.nodes)
  if (notYet !== undefined) return { ...result, outcome: 'skipped', reasons: [reasonOf(notYet)] }
  const reasons = failuresOf(one)
  return { ...result, outcome: reasons.length === 0 ? 'passed' : 'failed', reasons }
}
