// What the command line of the kill loop asks for; a mistyped subject or option is refused.
import { parseArgs } from 'node:util'
import { nearestName } from '../../src/core/near-names.ts'
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

/** A command line that says nothing that can be done. */
export class UsageError extends Error {}

const options = {
  kills: { type: 'string' },
  seed: { type: 'string' },
  jobs: { type: 'string' },
  check: { type: 'string' },
} as const

type OptionName = keyof typeof options
const optionNames = Object.keys(options) as OptionName[]

/**
 * @param freshSeed what to take without `--seed`
 * @throws UsageError
 */
export function parseCommandLine(args: readonly string[], freshSeed: number): Request {
  const { tokens } = parseArgs({ args: [...args], options, strict: false, allowPositionals: true, tokens: true })
  const given = new Map<string, string | undefined>()
  const names: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') names.push(token.value)
    if (token.kind !== 'option') continue
    checkName('option', token.name, optionNames, '--')
    given.set(token.name, token.value)
  }
  const subjectNames = subjects.map(({ name }) => name)
  for (const name of names) checkName('subject', name, subjectNames)
  const chosen = names.length === 0 ? subjects : subjects.filter(({ name }) => names.includes(name))
  const kills = numberOf(given, 'kills', 1_000)
  return {
    shares: shared(kills, chosen),
    seed: numberOf(given, 'seed', freshSeed, 0),
    jobs: numberOf(given, 'jobs', 2),
    check: given.has('check') ? textOf(given, 'check') : undefined,
  }
}

/** Equal shares; what is left over goes to the first ones. */
function shared(kills: number, chosen: readonly Subject[]): Request['shares'] {
  const each = Math.floor(kills / chosen.length)
  return chosen.map((subject, index) => ({ subject, kills: each + (index < kills % chosen.length ? 1 : 0) }))
}

function checkName(what: string, name: string, names: readonly string[], dashes: string = ''): void {
  if (names.includes(name)) return
  const nearest = nearestName(name, names)
  const meant = nearest === undefined ? '' : ` (did you mean ${dashes}${nearest}?)`
  const known = names.map((one) => dashes + one).join(', ')
  throw new UsageError(`there is no ${what} "${dashes}${name}"${meant}; there are ${known}`)
}

function textOf(given: ReadonlyMap<string, string | undefined>, name: OptionName): string {
  const text = given.get(name)
  if (text === undefined || text === '') throw new UsageError(`--${name} lacks its value`)
  return text
}

function numberOf(
  given: ReadonlyMap<string, string | undefined>,
  name: OptionName,
  otherwise: number,
  min: number = 1,
): number {
  if (!given.has(name)) return otherwise
  const text = textOf(given, name)
  const number = Number(text)
  if (Number.isSafeInteger(number) && number >= min) return number
  throw new UsageError(`--${name} is "${text}"; expected a whole number of at least ${min}`)
}
