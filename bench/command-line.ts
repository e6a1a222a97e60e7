/**
 * What the command line asks for; a mistyped name or option is refused.
 */
import { parseArgs } from 'node:util'
import { type Figure, optionMeanings, type OptionName, type Options } from './figure.ts'
import { figures } from './figures.ts'
import type { Format } from './report.ts'

export interface Request {
  readonly figures: readonly Figure[]
  readonly given: Options
  /** The parts of the figure that are measured; none: all. */
  readonly only: readonly string[]
  readonly format: Format
  /** Whether to list what there is, instead of measuring it. */
  readonly list: boolean
}

/** A command line that says nothing that can be done. */
export class UsageError extends Error {}

const optionNames = Object.keys(optionMeanings) as OptionName[]

/** @throws UsageError */
export function parseCommandLine(args: readonly string[]): Request {
  const { values, positionals } = parse(args)
  if (positionals.length > 1) throw new UsageError(`one figure at a time, or "all"; not ${positionals.join(' and ')}`)
  const [name = 'comparison'] = positionals
  const chosen = name === 'all' ? figures : figures.filter((figure) => figure.name === name)
  if (chosen.length === 0) {
    throw new UsageError(`there is no figure "${name}"; there are ${figures.map((one) => one.name).join(', ')} and all`)
  }
  if (values.json && values.markdown) throw new UsageError('--json or --markdown, not both')
  return {
    figures: chosen,
    given: numbersOf(values, name, chosen),
    only: partsOf(values, name, chosen),
    format: values.json ? 'json' : values.markdown ? 'markdown' : 'text',
    list: values.list,
  }
}

interface Values extends Readonly<Partial<Record<OptionName, string>>> {
  readonly only?: readonly string[] | undefined
  readonly json: boolean
  readonly markdown: boolean
  readonly list: boolean
}

function parse(args: readonly string[]): { readonly values: Values; readonly positionals: readonly string[] } {
  const number = { type: 'string' } as const
  const flag = { type: 'boolean', default: false } as const
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        records: number,
        runs: number,
        commit: number,
        commits: number,
        keys: number,
        only: { type: 'string', multiple: true },
        json: flag,
        markdown: flag,
        list: flag,
      },
    })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error })
  }
}

/** With "all", an option is for those figures that take it. */
function numbersOf(values: Values, name: string, chosen: readonly Figure[]): Options {
  const given: Partial<Record<OptionName, number>> = {}
  for (const option of optionNames) {
    const text = values[option]
    if (text === undefined) continue
    if (!chosen.some(({ defaults }) => option in defaults)) {
      throw new UsageError(`${name} takes no --${option}`)
    }
    const number = Number(text)
    if (!Number.isSafeInteger(number) || number < 1) {
      throw new UsageError(`--${option} is "${text}"; expected a whole number of at least 1`)
    }
    given[option] = number
  }
  return given
}

function partsOf({ only = [] }: Values, name: string, chosen: readonly Figure[]): readonly string[] {
  const parts = chosen.length === 1 ? chosen.flatMap((figure) => figure.parts) : []
  for (const part of only) {
    if (parts.length === 0) throw new UsageError(`${name} takes no --only`)
    if (!parts.includes(part)) {
      throw new UsageError(`${name} has no part "${part}"; it has ${parts.map((one) => `"${one}"`).join(', ')}`)
    }
  }
  return only
}
