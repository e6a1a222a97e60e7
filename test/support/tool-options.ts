// The options of the programs that prove things (kill loop, power cuts, rot, faults, soak): what is mistyped is refused, with
// the nearest name, and ends the program with 2.
import { parseArgs } from 'node:util'
import { nearestName } from '../../src/core/near-names.ts'

/** A command line that says nothing that can be done. */
export class UsageError extends Error {}

/** How an option is read from what stands after it; a flag has nothing after it. */
export interface ToolOption<T> {
  readonly isFlag: boolean
  readonly otherwise: T
  read(name: string, text: string): T
}

type ValuesOf<S> = { readonly [Name in keyof S]: S[Name] extends ToolOption<infer T> ? T : never }

export const flag: ToolOption<boolean> = { isFlag: true, otherwise: false, read: () => true }

export function whole(otherwise: number, min: number = 1): ToolOption<number> {
  return number(otherwise, `a whole number of at least ${min}`, (given) => Number.isSafeInteger(given) && given >= min)
}

/** A number above 0. */
export function amount(otherwise: number): ToolOption<number> {
  return number(otherwise, 'a number above 0', (given) => Number.isFinite(given) && given > 0)
}

function number(otherwise: number, what: string, isRight: (given: number) => boolean): ToolOption<number> {
  return {
    isFlag: false,
    otherwise,
    read(name, given) {
      const found = Number(given)
      if (isRight(found)) return found
      throw new UsageError(`--${name} is "${given}"; expected ${what}`)
    },
  }
}

export const text: ToolOption<string | undefined> = {
  isFlag: false,
  otherwise: undefined,
  read: (_, given) => given,
}

export function oneOf<const Name extends string>(names: readonly Name[]): ToolOption<Name | undefined> {
  return {
    isFlag: false,
    otherwise: undefined,
    read(name, given) {
      const found = names.find((one) => one === given)
      if (found !== undefined) return found
      throw new UsageError(`--${name} is "${given}"; expected ${names.join(' or ')}`)
    },
  }
}

/**
 * @param subjects names that may stand without dashes; none: no such name is taken
 * @throws UsageError
 */
export function parseTool<const S extends Readonly<Record<string, ToolOption<unknown>>>>(
  args: readonly string[],
  known: S,
  subjects: readonly string[] = [],
): { readonly values: ValuesOf<S>; readonly names: readonly string[] } {
  const types = Object.entries(known).map(([name, { isFlag }]) => [name, { type: isFlag ? 'boolean' : 'string' }])
  const options = Object.fromEntries(types) as Record<string, { type: 'boolean' | 'string' }>
  const { tokens } = parseArgs({ args: [...args], options, strict: false, allowPositionals: true, tokens: true })
  const values = Object.fromEntries(Object.entries(known).map(([name, { otherwise }]) => [name, otherwise]))
  const names: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') {
      if (subjects.length === 0) throw new UsageError(`"${token.value}" is no option; there are ${listOf(known)}`)
      checkName('subject', token.value, subjects)
      names.push(token.value)
    }
    if (token.kind !== 'option') continue
    checkName('option', token.name, Object.keys(known), '--')
    const option = known[token.name] as ToolOption<unknown>
    if (option.isFlag ? token.value !== undefined : (token.value ?? '') === '') {
      throw new UsageError(`--${token.name} ${option.isFlag ? 'takes no value' : 'lacks its value'}`)
    }
    values[token.name] = option.read(token.name, token.value ?? '')
  }
  return { values: values as ValuesOf<S>, names }
}

function checkName(what: string, name: string, names: readonly string[], dashes: string = ''): void {
  if (names.includes(name)) return
  const nearest = nearestName(name, names)
  const meant = nearest === undefined ? '' : ` (did you mean ${dashes}${nearest}?)`
  const known = names.map((one) => dashes + one).join(', ')
  throw new UsageError(`there is no ${what} "${dashes}${name}"${meant}; there are ${known}`)
}

function listOf(known: object): string {
  return Object.keys(known)
    .map((name) => `--${name}`)
    .join(', ')
}

/** As {@link parseTool} with the arguments of this process, which ends with 2 where they make no sense. */
export function toolOptions<const S extends Readonly<Record<string, ToolOption<unknown>>>>(known: S): ValuesOf<S> {
  return orExit(() => parseTool(process.argv.slice(2), known).values)
}

/** What it returns; the process ends with 2 and a word to people where the command line makes no sense. */
export function orExit<T>(parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    console.error(error.message)
    process.exit(2)
  }
}

export function freshSeed(): number {
  return Date.now() % 1_000_000
}
