/**
 * `npm run clicks`: imports access logs, counts their clicks and draws them.
 *
 * Exit codes: 0 done, 1 failed or most lines of a source malformed, 2 a command line that makes no sense, 130 and 143 stopped before the end by Ctrl-C and
 * SIGTERM.
 */
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Application, type Log, MillraceError, openLog, startStreams } from 'millrace'
import { clickCounts } from '../clicks.ts'
import { ClickTable } from './click-table.ts'
import { complaintAbout } from './complaint.ts'
import { deadLetters, drawDeadLetter } from './dead-letters.ts'
import { drawTable, printable } from './drawing.ts'
import { writeAccessLog } from './generate.ts'
import { Importer } from './importer.ts'
import { help, type Options, parseOptions, UsageError } from './options.ts'
import { countProgress, importProgress, ProgressLine } from './progress.ts'
import { becomeSoleProcess } from './sole-process.ts'
import { openSource, type Source } from './source.ts'
import { SourceError } from './unpacking.ts'

const screenMs = 500
const clearScreen = '\u{1b}[2J\u{1b}[H'

const say = (text: string): void => void process.stderr.write(`${text}\n`)

/**
 * Imports first and then counts, so that speed cannot change the result; with `--follow` it does both at the same time.
 *
 * @returns what is wrong with the sources, a paragraph each
 */
async function run(options: Options, stop: AbortController): Promise<string[]> {
  const { dir, follow } = options
  const { signal } = stop
  const job = clickCounts(options)
  await using log = await openLog(dir)
  await using _ = await becomeSoleProcess(dir, {
    signal,
    onWait: (processId) => say(`Process ${processId} works in ${dir}; waiting until it ends.`),
  })
  const sources = await openSources(options)
  await using importer = await Importer.open(log)
  using progress = new ProgressLine(process.stderr, options.progressMs)
  progress.show(importProgress(importer, sources))
  const importing = importAll(importer, sources, { follow, signal })
  importing.catch(() => undefined) // thrown where it is awaited
  if (!follow) await importing
  signal.throwIfAborted()

  const { topology, applicationId } = job
  await using app = await startStreams(topology, { log, applicationId, onError: 'deadLetter', signal })
  app.stopped.catch(() => stop.abort())
  progress.show(countProgress(importer, app))
  const table = new ClickTable(log, job)
  if (follow && process.stdout.isTTY) await redraw(table, app, options, importing)
  await importing
  if (!follow || !signal.aborted) await app.caughtUp()
  await app.close()
  await app.stopped
  progress.end()
  for (const source of sources) if (importer.placeOf(source).lines === 0) say(`${printable(source.title)} is empty.`)
  if (options.malformed) {
    await printDeadLetters(log, app, options)
    return []
  }
  await printTable(table, app, options)
  return sources.flatMap((source) => complaintAbout(source.title, importer.placeOf(source)) ?? [])
}

async function openSources({ files, dir }: Options): Promise<Source[]> {
  if (files.length > 0) return Promise.all([...new Set(files)].map((file) => openSource(file, dir)))
  const generated = join(dir, 'access.log')
  if (!existsSync(generated)) {
    say(`Making an access log: ${generated}`)
    await writeAccessLog(generated)
  }
  return [await openSource(generated, dir)]
}

/** One source after another; only the last one can still grow. */
async function importAll(
  importer: Importer,
  sources: readonly Source[],
  { follow, signal }: { readonly follow: boolean; readonly signal: AbortSignal },
): Promise<void> {
  for (const source of sources) await importer.import(source, { follow: follow && source === sources.at(-1), signal })
}

/** Keeps the table on the screen up to date until the import ends. */
async function redraw(
  table: ClickTable,
  app: Application,
  { graceMs }: Options,
  importing: Promise<void>,
): Promise<void> {
  const over = importing.then(
    () => true,
    () => true,
  )
  do {
    await table.update()
    process.stdout.write(clearScreen + drawTable(table, table.summary(app.metrics()), graceMs))
  } while (!(await Promise.race([over, sleep(screenMs, false)])))
  process.stdout.write(clearScreen)
}

/** The result: the same bytes for the same lines, however often it was interrupted. */
async function printTable(table: ClickTable, app: Application, { graceMs, json }: Options): Promise<void> {
  await table.update()
  const summary = table.summary(app.metrics())
  if (!json) process.stdout.write(drawTable(table, summary, graceMs))
  else for (const row of [...table.rows(), { summary }]) process.stdout.write(`${JSON.stringify(row)}\n`)
}

async function printDeadLetters(log: Log, { applicationId }: Application, { json }: Options): Promise<void> {
  for await (const letter of deadLetters(log, applicationId)) {
    process.stdout.write(json ? `${JSON.stringify(letter)}\n` : drawDeadLetter(letter))
  }
}

/** The command that goes on where this one stops. */
function commandLine(args: readonly string[]): string {
  const quoted = args.map((arg) => (/^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", String.raw`'\''`)}'`))
  const viaNpm = process.env['npm_lifecycle_event'] === 'clicks'
  const command = viaNpm ? ['npm run clicks', ...(args.length > 0 ? ['--'] : [])] : ['npx tsx examples/clicks/main.ts']
  return [...command, ...quoted].join(' ')
}

async function main(args: readonly string[]): Promise<number> {
  const stop = new AbortController()
  let stoppedBy: 'SIGINT' | 'SIGTERM' | undefined
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      stoppedBy ??= name
      stop.abort()
    })
  }
  try {
    const options = parseOptions(args)
    if (options.help) process.stdout.write(help)
    const complaints = options.help ? [] : await run(options, stop)
    for (const complaint of complaints) say(complaint)
    if (stoppedBy !== undefined) say(`Stopped. To go on: ${commandLine(args)}`)
    return complaints.length === 0 ? 0 : 1
  } catch (error) {
    if (stoppedBy !== undefined && isStop(error)) {
      say(`Stopped; everything so far is kept. To go on: ${commandLine(args)}`)
      return 128 + constants.signals[stoppedBy]
    }
    if (error instanceof UsageError) {
      say(error.message)
      return 2
    }
    if (error instanceof MillraceError) say(`${error.message} (${error.code})`)
    else if (error instanceof SourceError) say(printable(error.message))
    else console.error(error)
    return 1
  } finally {
    stop.abort()
  }
}

/** Whether an error only says that work was broken off. */
function isStop(error: unknown): boolean {
  return error instanceof MillraceError
    ? error.code === 'closed'
    : error instanceof Error && error.name === 'AbortError'
}

// Whoever reads the output may stop early, as `head` does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))

process.exitCode = await main(process.argv.slice(2))
