/**
 * Which verb a command line means: its first words, wherever options of every verb stand.
 */
import { nearestName } from '../core/near-names.ts'
import { shown } from '../core/shown.ts'
import { UsageError } from './exit-codes.ts'
import { optionsOfAll } from './options-of-all.ts'
import type { VerbEntry } from './verb.ts'

/** What the first words say. */
export type Found =
  /** A verb, and everything that is not its name. */
  | { readonly entry: VerbEntry; readonly rest: readonly string[] }
  /** No verb, or only the noun of several. */
  | { readonly noun: string | undefined; readonly rest: readonly string[] }

/** Options of every verb that have a value: it is no word of the verb's name. */
const withValue = new Set(
  Object.values(optionsOfAll).flatMap(({ takes, flags }) =>
    takes === 'nothing' ? [] : flags.split(/[ ,]+/).filter((part) => part.startsWith('-')),
  ),
)

/** @throws UsageError when the words are no verb; it names the nearest one */
export function findVerb(argv: readonly string[], verbs: readonly VerbEntry[]): Found {
  const [first, second] = placesOfWords(argv)
  if (first === undefined) return { noun: undefined, rest: argv }
  const noun = argv[first.at] as string
  const alone = verbs.find(({ name }) => name === noun)
  if (alone !== undefined) return { entry: alone, rest: without(argv, first.at) }
  const ofNoun = verbs.filter(({ name }) => name.startsWith(`${noun} `))
  if (ofNoun.length === 0) throw unknown(noun, nounsOf(verbs), 'millrace')
  if (second === undefined) return { noun, rest: without(argv, first.at) }
  const name = `${noun} ${argv[second.at]}`
  const entry = ofNoun.find((verb) => verb.name === name)
  if (entry !== undefined) return { entry, rest: without(argv, first.at, second.at) }
  const words = ofNoun.map((verb) => verb.name.slice(noun.length + 1))
  throw unknown(argv[second.at] as string, words, `millrace ${noun}`)
}

/** The first words of names, each once. */
function nounsOf(verbs: readonly VerbEntry[]): string[] {
  return [...new Set(verbs.map(({ name }) => name.split(' ', 1)[0] as string))]
}

function unknown(word: string, words: readonly string[], before: string): UsageError {
  const near = nearestName(word, words)
  const hint = near === undefined ? `it has ${words.join(', ')}` : `did you mean "${before} ${near}"?`
  return new UsageError(`${before} has no command ${shown(word)}; ${hint}`)
}

/** Where the first two words are that belong to no option of every verb. */
function placesOfWords(argv: readonly string[]): { readonly at: number }[] {
  const places: { readonly at: number }[] = []
  for (let at = 0; at < argv.length && places.length < 2; at++) {
    const part = argv[at] as string
    if (part === '--') break
    if (withValue.has(part)) at++
    else if (!part.startsWith('-')) places.push({ at })
    else if (places.length > 0 && !isOfAll(part)) break
  }
  return places
}

/** An option of one verb may have a value, which is no word of the name. */
function isOfAll(part: string): boolean {
  const [name = ''] = part.split('=', 1)
  return Object.values(optionsOfAll).some(({ flags }) => flags.split(/[ ,]+/).includes(name))
}

function without(argv: readonly string[], ...places: readonly number[]): string[] {
  return argv.filter((_, at) => !places.includes(at))
}
