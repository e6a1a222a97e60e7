// What the command line of the kill loop asks for; a mistyped subject or option is refused.
import { parseTool, text, whole } from '../support/tool-options.ts'
import type { Subject } from './subject.ts'
import { subjects } from './subjects.ts'

export interface Request {
  /** What to kill, and how often each. */
  readonly shares: readonly { readonly subject: Subject; readonly kills: number }[]
  readonly seed: number
  readonly jobs: number
  /** A directory that a run of `application` has kept: it is checked, and nothing is killed. */
  readonly check: string | undefined
}

/**
 * @param freshSeed what to take without `--seed`
 * @throws UsageError
 */
export function parseCommandLine(args: readonly string[], freshSeed: number): Request {
  const known = { kills: whole(1_000), seed: whole(freshSeed, 0), jobs: whole(2), check: text }
  const subjectNames = subjects.map(({ name }) => name)
  const { values, names } = parseTool(args, known, subjectNames)
  const { kills, ...rest } = values
  const chosen = names.length === 0 ? subjects : subjects.filter(({ name }) => names.includes(name))
  return { shares: shared(kills, chosen), ...rest }
}

/** Equal shares; what is left over goes to the first ones. */
function shared(kills: number, chosen: readonly Subject[]): Request['shares'] {
  const each = Math.floor(kills / chosen.length)
  return chosen.map((subject, index) => ({ subject, kills: each + (index < kills % chosen.length ? 1 : 0) }))
}
