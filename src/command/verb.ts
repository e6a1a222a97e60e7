/**
 * The contract of a verb: what it declares, and what it gets to run with. A verb is a file in `verbs/` and a line in
 * `verbs.ts`.
 */
import type { Clock } from '../core/clock.ts'
import type { Log } from '../log/face.ts'
import type { ExitCode } from './exit-codes.ts'
import type { HostInput } from './host.ts'
import type { Argument, Arguments, Option, Options, ValuesOf } from './options.ts'
import type { Output } from './output.ts'
import type { Scripts } from './script/scripts.ts'

/** A line of `verbs.ts`. */
export interface VerbEntry {
  /** As it is typed: `topic list`. */
  readonly name: string
  /** What it does, in one line for lists of verbs. */
  readonly summary: string
  readonly load: () => Promise<{ readonly verb: Verb }>
}

/** A command line that works, for the help. Tests run it, and its output stands in `test/command/golden`. */
export interface Example {
  readonly does: string
  /** For a shell: `millrace …`, perhaps with a pipe before or after it. */
  readonly line: string
  /** How it ends. Default 0. */
  readonly exits?: ExitCode | undefined
}

/** What a verb says about itself, and does. */
export interface Verb {
  /** What has to be known beyond the summary; paragraphs, for people. */
  readonly about?: string | undefined
  readonly arguments?: Arguments | undefined
  readonly options?: Options | undefined
  /** What `--json` does, where that is not a JSON object for each row of output. */
  readonly json?: string | undefined
  /** At least two. */
  readonly examples: readonly [Example, Example, ...Example[]]
  /** Does it. What it returns is the exit code, 0 for nothing. */
  readonly run: (given: Readonly<Record<string, unknown>>, context: VerbContext) => Promise<ExitCode | void>
}

type NoArguments = Record<never, Argument<unknown>>
type NoOptions = Record<never, Option<unknown>>

/** Checks a declaration, and types what `run` is given by it. */
export function declareVerb<const A extends Arguments = NoArguments, const O extends Options = NoOptions>(
  declaration: Omit<Verb, 'arguments' | 'options' | 'run'> & {
    readonly arguments?: A | undefined
    readonly options?: O | undefined
    readonly run: (given: ValuesOf<A> & ValuesOf<O>, context: VerbContext) => Promise<ExitCode | void>
  },
): Verb {
  return declaration as unknown as Verb // `run` is called with what the declarations of this object were read to
}

/** How a log is opened: to look; to change one that is there; to change one that may have to be made first. */
export type Access = 'read' | 'write' | 'create'

/** What a verb runs with. */
export interface VerbContext {
  /** The directory that `--dir`, or `MILLRACE_DIR`, names. */
  readonly dir: string
  /** Opens the log there, or elsewhere. The runner closes it when the verb has ended, however it ends. */
  readonly openLog: (access?: Access, elsewhere?: string) => Promise<Log>
  /** Data: tables for people, JSON for machines. */
  readonly out: Output
  /** A line to people, on standard error. */
  readonly say: (text: string) => void
  /**
   * How far long work is: lines of the terminal that the next ones take the place of. Anything else that is printed
   * comes above them.
   */
  readonly progress: (text: string) => void
  /**
   * Shows what is going to be done, and asks: returns when the answer is yes, or `--yes` was given. Without a terminal
   * to ask on it is refused.
   */
  readonly agree: (plan: readonly string[], question: string, yes: boolean) => Promise<void>
  /** For a verb that reads it. */
  readonly stdin: () => HostInput
  /** Aborts on Ctrl-C, on SIGTERM, and when the reader of the output has gone. */
  readonly signal: AbortSignal
  readonly clock: Clock
  readonly env: Readonly<Record<string, string | undefined>>
  /** A time as people read it: local with its zone, or with `--utc`. */
  readonly time: (ms: number) => string
  /** For a verb that runs code of a user's, which has the process from then on. */
  readonly scripts: () => Promise<Scripts>
  /** Whether a person looks: standard output and standard error are terminals. */
  readonly isInteractive: boolean
  /** `--json` was given. */
  readonly isJson: boolean
  /** `--verbose` was given. */
  readonly isVerbose: boolean
  /** The command line that starts this command once more, in a process of its own: arguments are to follow. */
  readonly self: readonly string[]
  /** All verbs there are: for completions and the like. */
  readonly verbs: readonly VerbEntry[]
}
