/**
 * What may come next on a command line, by what the verbs declare: the source of the help is the source of this too.
 */
import { UsageError } from '../exit-codes.ts'
import { findVerb, type Found } from '../find-verb.ts'
import type { Arguments, Option, Reader } from '../options.ts'
import { optionsOfAll } from '../options-of-all.ts'
import type { VerbEntry } from '../verb.ts'
import type { NameKind, NextWord } from './known-names.ts'
import type { TypedLine } from './typed-line.ts'

export interface NextWords {
  /** Words; words that something still has to be added to; or what the shell knows best. */
  readonly kind: 'words' | 'open' | 'files' | 'directories'
  readonly words: readonly NextWord[]
}

/** Gives the names of a kind from the log in a directory, or in the usual one. */
export type AskNames = (
  kind: NameKind,
  where: { readonly dir: string | undefined; readonly application: string | undefined },
) => Promise<readonly NextWord[]>

/** What an argument or an option is about, by the name of its declaration. */
const about: Readonly<Record<string, NameKind | 'files' | 'directories'>> = {
  topic: 'topic',
  topics: 'topic',
  deadLetters: 'topic',
  group: 'group',
  groups: 'group',
  application: 'application',
  applications: 'application',
  version: 'version',
  operators: 'operator',
  store: 'store',
  dir: 'directories',
  directory: 'directories',
  target: 'directories',
  backup: 'directories',
  file: 'files',
  script: 'files',
}

const none: NextWords = { kind: 'words', words: [] }

/** Only what begins as the current word does. */
export async function nextWords(line: TypedLine, verbs: readonly VerbEntry[], names: AskNames): Promise<NextWords> {
  const [, ...typed] = line.words
  const words = typed[0] === 'help' ? typed.slice(1) : typed
  const found = verbIn(words, verbs)
  if (found === undefined) return none
  const next = 'entry' in found ? await ofVerb(found, line, names) : await ofNoVerb(found, line, verbs, names)
  return { kind: next.kind, words: next.words.filter(({ word }) => word.startsWith(line.current.text)) }
}

/** Undefined for words that are no verb. */
function verbIn(words: readonly string[], verbs: readonly VerbEntry[]): Found | undefined {
  try {
    return findVerb(words, verbs)
  } catch (error) {
    if (error instanceof UsageError) return undefined
    throw error
  }
}

async function ofNoVerb(
  { noun, rest }: Extract<Found, { readonly noun: unknown }>,
  { current }: TypedLine,
  verbs: readonly VerbEntry[],
  names: AskNames,
): Promise<NextWords> {
  const typed = readRest(rest, declaredOptions(undefined))
  if (typed.pending !== undefined) return valuesOf(typed.pending, '', typed, names)
  if (current.text.startsWith('-')) return inlineValue(current.text, typed, names) ?? optionWords(typed)
  const seen = new Map<string, string>()
  for (const { name, summary } of verbs) {
    const [first = '', second] = name.split(' ')
    if (noun === undefined) seen.set(first, second === undefined ? summary : (seen.get(first) ?? summary))
    else if (first === noun && second !== undefined) seen.set(second, summary)
  }
  return { kind: 'words', words: [...seen].map(([word, summary]) => ({ word, about: summary })) }
}

async function ofVerb(
  { entry, rest }: Extract<Found, { readonly entry: unknown }>,
  { current }: TypedLine,
  names: AskNames,
): Promise<NextWords> {
  const { verb } = await entry.load()
  const typed = readRest(rest, declaredOptions(verb.options), verb.arguments)
  if (typed.pending !== undefined) return valuesOf(typed.pending, '', typed, names)
  if (!typed.isOver && current.text.startsWith('-')) {
    return inlineValue(current.text, typed, names) ?? optionWords(typed)
  }
  const declared = Object.entries(verb.arguments ?? {})
  const last = declared.at(-1)
  const isRepeated = last?.[1].takes === 'many' || last?.[1].takes === 'any'
  const argument = declared[typed.values.length] ?? (isRepeated ? last : undefined)
  return argument === undefined ? none : valuesOf({ name: argument[0], read: argument[1].read }, '', typed, names)
}

/** An option with the name of its declaration. */
interface Named {
  readonly name: string
  readonly option: Option<unknown>
  /** `-p`, `--partitions`. */
  readonly spelled: readonly string[]
}

function declaredOptions(options: Readonly<Record<string, Option<unknown>>> | undefined): readonly Named[] {
  return Object.entries({ ...options, ...optionsOfAll, ...options }).map(([name, option]) => ({
    name,
    option,
    spelled: option.flags.split(/[ ,]+/).filter((part) => part.startsWith('-')),
  }))
}

/** What stands on the line already. */
interface Typed {
  readonly options: readonly Named[]
  readonly given: ReadonlySet<Named>
  /** The arguments. */
  readonly values: readonly string[]
  readonly application: string | undefined
  /** What `--dir` says. */
  readonly dir: string | undefined
  /** `--` has been: no option follows. */
  readonly isOver: boolean
  /** The option that waits for its value. */
  readonly pending: { readonly name: string; readonly read: Reader<unknown> } | undefined
}

function readRest(rest: readonly string[], options: readonly Named[], declared: Arguments = {}): Typed {
  const given = new Set<Named>()
  const values: string[] = []
  let dir: string | undefined
  let isOver = false
  let waiting: Named | undefined
  for (const word of rest) {
    if (waiting !== undefined) {
      if (waiting.name === 'dir') dir = word
      waiting = undefined
      continue
    }
    if (isOver || word === '-' || !word.startsWith('-')) {
      values.push(word)
      continue
    }
    const [name = '', inline] = word.split(/=(.*)/s, 2)
    const option = options.find(({ spelled }) => spelled.includes(name))
    if (word === '--') isOver = true
    if (option === undefined) continue
    given.add(option)
    if (option.option.takes !== 'nothing' && inline === undefined) waiting = option
    if (option.name === 'dir' && inline !== undefined) dir = inline
  }
  const application = values[Object.keys(declared).indexOf('application')]
  const pending = waiting === undefined ? undefined : { name: waiting.name, read: waiting.option.read }
  return { options, given, values, application, dir, isOver, pending }
}

/** Options that may still be given. */
function optionWords({ options, given }: Typed): NextWords {
  const words = options
    .filter((one) => one.option.takes === 'many' || !given.has(one))
    .flatMap(({ option, spelled }) => spelled.map((word) => ({ word, about: option.about })))
  return { kind: 'words', words: [...words, { word: '--help', about: 'show this' }] }
}

/** Undefined for what is not `--option=…`. */
function inlineValue(text: string, typed: Typed, names: AskNames): Promise<NextWords> | undefined {
  const at = text.indexOf('=')
  const found = at < 0 ? undefined : typed.options.find(({ spelled }) => spelled.includes(text.slice(0, at)))
  if (found === undefined || found.option.takes === 'nothing') return undefined
  return valuesOf({ name: found.name, read: found.option.read }, text.slice(0, at + 1), typed, names)
}

/** @param before what stands before the value in the same word */
async function valuesOf(
  { name, read }: { readonly name: string; readonly read: Reader<unknown> },
  before: string,
  { application, dir, isOver }: Typed,
  names: AskNames,
): Promise<NextWords> {
  if (read.words !== undefined) {
    const words = read.words.map((word) => ({ word: before + word, about: '' }))
    return { kind: read.words.every((word) => word.endsWith('=')) ? 'open' : 'words', words }
  }
  const what = about[name]
  if (what === undefined) return none
  if (what === 'files' || what === 'directories') return { kind: what, words: [] }
  const known = await names(what, { dir, application })
  return {
    kind: 'words',
    words: known
      // A name such as -rf is one only after `--`.
      .filter(({ word }) => isOver || before !== '' || !word.startsWith('-'))
      .map(({ word, about: shown }) => ({ word: before + word, about: shown })),
  }
}
