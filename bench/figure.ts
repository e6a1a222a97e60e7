/**
 * A figure: something about millrace that can be measured, printed as tables.
 */
import type { JobName, OptionsOf, ResultOf } from './jobs.ts'
import type { Table } from './table.ts'

/** What a figure runs on. */
export interface Bench {
  /** Runs a job in a process of its own. */
  run<Name extends JobName>(name: Name, options: OptionsOf<Name>): Promise<ResultOf<Name>>
  /** Runs a job that ends with SIGKILL. */
  crash<Name extends JobName>(name: Name, options: OptionsOf<Name>): Promise<void>
  /** A directory that does not exist yet; it is gone when the next one is asked for by the same name, and at the end. */
  directory(name: string): string
  /** Tells whoever waits how far it is. */
  progress(text: string): void
}

/** Numbers that can be given on the command line, and what they mean. */
export const optionMeanings = {
  records: 'records in the input',
  runs: 'runs, of which the median is shown',
  commits: 'durable commits that are measured',
  commit: 'source records in a commit',
  keys: 'keys in the state',
}

export type OptionName = keyof typeof optionMeanings
export type Options = Readonly<Partial<Record<OptionName, number>>>

export interface Figure {
  readonly name: string
  /** What it tells, in a few words. */
  readonly about: string
  /** How to read it, and what is aimed at; Markdown. */
  readonly reading: string
  /** The options that it takes, with their defaults. */
  readonly defaults: Options
  /** What of it can be measured alone, with `--only`. */
  readonly parts: readonly string[]
  /** @param only some of its parts; none: all of it */
  readonly measure: (bench: Bench, given: Options, only?: readonly string[]) => Promise<readonly Table[]>
}

export function figure<Defaults extends Options>(spec: {
  readonly name: string
  readonly about: string
  readonly reading: string
  readonly defaults: Defaults
  readonly parts?: readonly string[]
  readonly measure: (
    bench: Bench,
    options: Readonly<Record<keyof Defaults, number>>,
    only: readonly string[],
  ) => Promise<readonly Table[]>
}): Figure {
  const { measure, defaults, parts = [] } = spec
  return {
    ...spec,
    parts,
    measure: (bench, given, only = []) =>
      measure(bench, { ...defaults, ...given } as Readonly<Record<keyof Defaults, number>>, only),
  }
}
