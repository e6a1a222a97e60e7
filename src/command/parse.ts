/**
 * Reads the command line of one verb by what it declares. commander does the work; its words never leave this file.
 */
import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { UsageError } from './exit-codes.ts'
import type { Argument as DeclaredArgument, Option as DeclaredOption, Reader } from './options.ts'
import { optionsOfAll } from './options-of-all.ts'
import type { Verb, VerbEntry } from './verb.ts'

/** What a command line says, by the names of the declarations. */
export interface Parsed {
  readonly isHelp: boolean
  readonly given: Readonly<Record<string, unknown>>
}

/** The heading of the options that every verb takes, in its help. */
const sharedHeading = 'Options of every command:'

/** commander's view of a verb, for its help and its parsing. */
export function commandOf(entry: VerbEntry, verb: Verb): Command {
  const command = new Command(`millrace ${entry.name}`)
  command.summary(entry.summary).description([`${entry.summary}.`, verb.about].filter(Boolean).join('\n\n'))
  for (const [name, declared] of Object.entries(verb.arguments ?? {})) command.addArgument(argumentOf(name, declared))
  for (const [name, declared] of Object.entries(verb.options ?? {})) command.addOption(optionOf(name, declared))
  for (const [name, declared] of Object.entries(optionsOfAll)) {
    if (name in (verb.options ?? {})) continue
    const about = name === 'json' ? (verb.json ?? declared.about) : declared.about
    command.addOption(optionOf(name, { ...declared, about }).helpGroup(sharedHeading))
  }
  return command.helpOption(false).addOption(new Option('-h, --help', 'show this').helpGroup(sharedHeading))
}

/** @throws UsageError */
export function parse(entry: VerbEntry, verb: Verb, argv: readonly string[]): Parsed {
  const command = commandOf(entry, verb)
    .exitOverride()
    .configureOutput({ writeOut: () => undefined, writeErr: () => undefined, outputError: () => undefined })
    .action(() => undefined)
  if (asksForHelp(argv)) return { isHelp: true, given: {} }
  try {
    command.parse([...argv], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    throw new UsageError(`${inOneLine(error.message)}\nsee millrace ${entry.name} --help`)
  }
  const declared = Object.entries({ ...optionsOfAll, ...verb.options })
  const given: Record<string, unknown> = {
    ...Object.fromEntries(declared.map(([name, { fallback }]) => [name, fallback])),
    ...command.opts(),
  }
  for (const [at, [name, { takes }]] of Object.entries(verb.arguments ?? {}).entries()) {
    given[name] = command.processedArgs[at] ?? (takes === 'any' ? [] : undefined)
  }
  return { isHelp: false, given }
}

function asksForHelp(argv: readonly string[]): boolean {
  const end = argv.indexOf('--')
  const options = end < 0 ? argv : argv.slice(0, end)
  return options.includes('--help') || options.includes('-h')
}

/** commander begins with `error: ` and puts a suggestion on a line of its own. */
function inOneLine(message: string): string {
  return message.replace(/^error: /, '').replaceAll(/\n\(Did you mean (.*?)\?\)/g, '; did you mean $1?')
}

function argumentOf(name: string, { about, takes, read }: DeclaredArgument<unknown>): Argument {
  const written = { one: `<${name}>`, maybe: `[${name}]`, many: `<${name}...>`, any: `[${name}...]` }[takes]
  const argument = new Argument(written, about)
  return takes === 'many' || takes === 'any'
    ? argument.argParser(gathering(read))
    : argument.argParser((text) => checked(read)(text))
}

function optionOf(
  name: string,
  { flags, about, takes, read, fallback, shownFallback }: DeclaredOption<unknown>,
): Option {
  const option = new Option(flags, about)
  if (option.attributeName() !== name) throw new RangeError(`${flags} does not spell ${name}`)
  if (takes === 'many') return option.argParser(gathering(read))
  if (takes === 'one') option.argParser((text: string) => checked(read)(text))
  return shownFallback === undefined ? option : option.default(fallback, shownFallback)
}

function checked(read: Reader<unknown>): Reader<unknown> {
  return (text) => {
    try {
      return read(text)
    } catch (error) {
      throw error instanceof UsageError ? new InvalidArgumentError(error.message) : error
    }
  }
}

/** commander hands each call what the one before it returned. */
function gathering(read: Reader<unknown>): (text: string, before: unknown) => unknown[] {
  return (text, before) => [...(Array.isArray(before) ? (before as unknown[]) : []), checked(read)(text)]
}
