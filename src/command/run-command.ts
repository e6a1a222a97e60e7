/**
 * Runs one command line from its first word to its exit code. It never ends the process, so tests run it in theirs.
 */
import { readFileSync } from 'node:fs'
import { inspect } from 'node:util'
import { MillraceError, messageOf } from '../core/errors.ts'
import { escapedLines } from '../core/escaped.ts'
import type { Log } from '../log/face.ts'
import { UnfitText } from '../inspect/unfit-text.ts'
import { shownTime } from '../inspect/amounts.ts'
import { CommandFailed, type ExitCode, exitCodes, NothingFound, OutputClosed, UsageError } from './exit-codes.ts'
import { findVerb } from './find-verb.ts'
import { type HelpForm, helpOfAll, helpOfVerb, pageColumns } from './help.ts'
import type { Host, HostOutput } from './host.ts'
import { inWordsOfTheCommand } from './hints.ts'
import { Output } from './output.ts'
import { Progress } from './progress.ts'
import { agree, Declined } from './questions.ts'
import type { Access, Verb, VerbContext, VerbEntry } from './verb.ts'
import { hiddenVerbs, verbs as allVerbs } from './verbs.ts'

/**
 * @param argv what follows `millrace`
 * @param verbs other than all there are, for tests
 */
export async function runCommand(
  argv: readonly string[],
  host: Host,
  verbs: readonly VerbEntry[] = allVerbs,
): Promise<ExitCode> {
  const isVerbose = argv.includes('--verbose')
  host.stderr.on('error', ignoreError) // no one is left to complain to
  try {
    return await run(argv, host, verbs)
  } catch (error) {
    // What it has given up for that has nothing to say.
    const isStopped = host.signal.aborted && error === host.signal.reason
    const [code, complaint] = isStopped ? [exitCodes.failed, undefined] : endingOf(error)
    if (complaint !== undefined) host.stderr.write(`millrace: ${escapedLines(complaint)}\n`)
    if (isVerbose && code !== exitCodes.done) host.stderr.write(`${escapedLines(inspect(error))}\n`)
    return code
  } finally {
    host.stderr.off('error', ignoreError)
  }
}

async function run(argv: readonly string[], host: Host, verbs: readonly VerbEntry[]): Promise<ExitCode> {
  const asked = argv[0] === 'help' ? [...argv.slice(1), '--help'] : argv
  if (asked[0] === '--version' || asked[0] === '-V') return print(host.stdout, `${version()}\n`)
  const hidden = hiddenVerbs.find(({ name }) => name === asked[0])
  const found = hidden === undefined ? findVerb(asked, verbs) : { entry: hidden, rest: asked.slice(1) }
  if (!('entry' in found)) return helpInstead(found, host, verbs)
  const { entry, rest } = found
  const [{ verb }, { parse }] = await Promise.all([entry.load(), import('./parse.ts')])
  const { isHelp, given } = parse(entry, verb, rest)
  if (isHelp) return print(host.stdout, await helpOfVerb(entry, verb, helpForm(host.stdout, host)))
  return runVerb(verb, given, host, verbs)
}

async function runVerb(
  verb: Verb,
  given: Readonly<Record<string, unknown>>,
  host: Host,
  verbs: readonly VerbEntry[],
): Promise<ExitCode> {
  const { env, clock, stdin, self } = host
  const dir = given['dir'] ?? env['MILLRACE_DIR'] ?? './data'
  if (typeof dir !== 'string' || dir === '') throw new UsageError('the directory of the log has no name')
  const unread = new AbortController()
  const isJson = given['json'] === true
  const isColoured = coloursOn(host.stdout, host)
  const progress = new Progress(host.stderr, [host.stdout])
  const out = new Output(host.stdout, {
    isJson,
    isColoured,
    onClosed: () => unread.abort(),
  })
  const logs: Log[] = []
  const context: VerbContext = {
    dir,
    openLog: async (access: Access = 'read', elsewhere = dir) => {
      const [{ openLog }, { checkIsLog }] = await Promise.all([
        import('../log/log.ts'),
        import('../storage/directory.ts'),
      ])
      if (access === 'write') checkIsLog(elsewhere)
      const log = await openLog(elsewhere, { clock, readOnly: access === 'read' })
      logs.push(log)
      return log
    },
    out,
    say: (text) => void host.stderr.write(`${escapedLines(text)}\n`),
    progress: (text) => progress.show(text),
    agree: (plan, question, yes) => agree(host, plan, question, yes),
    stdin,
    signal: AbortSignal.any([host.signal, unread.signal]),
    clock,
    env,
    scripts: host.scripts,
    time: (ms) => shownTime(ms, given['utc'] === true),
    isInteractive: host.stdout.isTTY === true && host.stderr.isTTY === true,
    isJson,
    isVerbose: given['verbose'] === true,
    self,
    verbs,
  }
  try {
    const code = await verb.run(given, context)
    await out.end()
    return code ?? exitCodes.done
  } finally {
    progress.end()
    for (const log of logs) await log.close()
  }
}

/** The lists of verbs: asked for, or because a verb is missing. */
async function helpInstead(
  { noun, rest }: { readonly noun: string | undefined; readonly rest: readonly string[] },
  host: Host,
  verbs: readonly VerbEntry[],
): Promise<ExitCode> {
  const isAsked = rest.includes('--help') || rest.includes('-h')
  const other = rest.find((part) => part !== '--help' && part !== '-h')
  if (isAsked || (noun === undefined && other === undefined)) {
    return print(host.stdout, helpOfAll(verbs, noun, helpForm(host.stdout, host)))
  }
  if (noun === undefined) throw new UsageError(`there is no command before ${other}\nsee millrace --help`)
  await print(host.stderr, helpOfAll(verbs, noun, helpForm(host.stderr, host)))
  return exitCodes.usage
}

/** What an error means for the one who typed the command: an exit code, and what to say. */
function endingOf(error: unknown): readonly [code: ExitCode, complaint: string | undefined] {
  if (error instanceof OutputClosed) return [exitCodes.done, undefined]
  if (error instanceof UsageError || error instanceof UnfitText) return [exitCodes.usage, error.message]
  if (error instanceof NothingFound) return [exitCodes.nothingFound, error.message]
  if (error instanceof CommandFailed || error instanceof Declined) return [exitCodes.failed, error.message]
  if (!(error instanceof MillraceError)) return [exitCodes.failed, `${messageOf(error)}; --verbose says more`]
  const code = error.code.endsWith('_unknown') && error.code !== 'format_unknown' ? 'nothingFound' : 'failed'
  return [
    error.code === 'bad_option' ? exitCodes.usage : exitCodes[code],
    `${inWordsOfTheCommand(error.message)} (${error.code})`,
  ]
}

async function print(stream: HostOutput, text: string): Promise<ExitCode> {
  const out = new Output(stream, { isJson: false, isColoured: false, onClosed: ignoreError })
  out.add(text)
  await out.end()
  return exitCodes.done
}

function helpForm(stream: HostOutput, host: Host): HelpForm {
  return {
    columns: (stream.isTTY === true ? stream.columns : undefined) || pageColumns,
    isColoured: coloursOn(stream, host),
  }
}

/** https://no-color.org: any value but an empty one switches colours off. */
function coloursOn(stream: HostOutput, { env }: Host): boolean {
  return stream.isTTY === true && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb'
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { readonly version: string }).version
}

function ignoreError(): void {}
