/**
 * How a verb declares its options and arguments: each says how it is written, what it means, and what its text becomes.
 */

/** What the text of an option or an argument becomes; a UsageError says what is wrong with it. */
export interface Reader<T> {
  (text: string): T
  /** What a shell may offer; what ends with `=` has to be gone on with. */
  readonly words?: readonly string[] | undefined
}

/** The same reader, with words that a shell may offer. */
export function suggesting<T>(words: readonly string[], read: Reader<T>): Reader<T> {
  return Object.assign((text: string) => read(text), { words })
}

/** An option; `T` is what the verb gets. */
export interface Option<T> {
  /** As in the help: `-p, --partitions <count>`. */
  readonly flags: string
  readonly about: string
  readonly takes: 'nothing' | 'one' | 'many'
  readonly read: Reader<unknown>
  /** What the verb gets when it is not given. */
  readonly fallback: T
  /** The fallback as the help shows it. */
  readonly shownFallback: string | undefined
}

/** An argument; `T` is what the verb gets. */
export interface Argument<T> {
  readonly about: string
  readonly takes: 'one' | 'maybe' | 'many' | 'any'
  readonly read: Reader<unknown>
  /** Only a type. */
  readonly fallback?: T | undefined
}

export type Options = Readonly<Record<string, Option<unknown>>>
export type Arguments = Readonly<Record<string, Argument<unknown>>>

/** What the verb gets for its declarations: a field for each, under its name. */
export type ValuesOf<D extends Options | Arguments> = {
  readonly [N in keyof D]: D[N] extends Option<infer T> | Argument<infer T> ? T : never
}

export const asText: Reader<string> = (text) => text

/** An option that is there or not. */
export function flag(flags: string, about: string): Option<boolean> {
  return { flags, about, takes: 'nothing', read: asText, fallback: false, shownFallback: undefined }
}

/** An option with a value. */
export function value<T>(flags: string, about: string, read: Reader<T>): Option<T | undefined> {
  return { flags, about, takes: 'one', read, fallback: undefined, shownFallback: undefined }
}

/** An option with a value, and what stands for it when it is not given. */
export function valueOr<T>(flags: string, about: string, read: Reader<T>, fallback: string): Option<T> {
  return { flags, about, takes: 'one', read, fallback: read(fallback), shownFallback: fallback }
}

/** An option that may be given several times; the values come in their order. */
export function values<T>(flags: string, about: string, read: Reader<T>): Option<readonly T[]> {
  return {
    flags,
    about: `${about}; may be given several times`,
    takes: 'many',
    read,
    fallback: [],
    shownFallback: undefined,
  }
}

/** An argument that has to be there. */
export function argument(about: string): Argument<string>
export function argument<T>(about: string, read: Reader<T>): Argument<T>
export function argument(about: string, read: Reader<unknown> = asText): Argument<unknown> {
  return { about, takes: 'one', read }
}

/** One or more arguments; the last of a verb. */
export function several(about: string): Argument<readonly string[]>
export function several<T>(about: string, read: Reader<T>): Argument<readonly T[]>
export function several(about: string, read: Reader<unknown> = asText): Argument<unknown> {
  return { about, takes: 'many', read }
}

/** Any number of arguments, none too; the last of a verb. */
export function maybeSeveral<T>(about: string, read: Reader<T>): Argument<readonly T[]> {
  return { about, takes: 'any', read }
}

/** For a verb that destroys something: see `VerbContext.agree`. */
export const yes: Option<boolean> = flag('-y, --yes', 'do it without asking')
