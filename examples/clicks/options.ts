/**
 * The options of `npm run clicks`.
 */
import { parseArgs } from 'node:util'

export const help = `Counts clicks per page and minute of access logs, exactly once, however often it is killed.

  npm run clicks                      makes an access log, imports it and counts it
  npm run clicks -- access.log        counts yours; of several files name the oldest first
  npm run clicks -- access.log.1.gz   unpacks gzip by itself
  ssh host cat log | npm run clicks -- -   reads standard input

A click is a GET answered with status 200; its page is the path without the query. Lines are in Common or Combined Log
Format, also with more fields at their end; what is not is malformed, empty lines too. Started again it goes on where it
stopped, and counts nothing twice.

  --window <duration>   the length of a window: 500ms, 10s, 1m, 1h; a plain number is ms. Default 1m
  --grace <duration>    how long a window waits for late clicks. Default 1m
  --dir <directory>     keeps all that was imported and counted. Default ./clicks-data
  --follow              keeps reading what is added to the last file, until Ctrl-C
  --json                prints a line for each page and window, and a last one with the totals
  --progress <duration> prints how far it is this often, where no terminal is. Default 3s
  --malformed           prints the lines that could not be read, and why, instead of counts
  --help                prints this
`

export interface Options {
  /** Paths, or `-` for standard input; none for the log that the demo makes. */
  readonly files: readonly string[]
  readonly windowMs: number
  readonly graceMs: number
  readonly dir: string
  readonly follow: boolean
  readonly progressMs: number
  readonly json: boolean
  readonly malformed: boolean
  readonly help: boolean
}

/** A command line that makes no sense. */
export class UsageError extends Error {}

const known = {
  window: { type: 'string', default: '1m' },
  grace: { type: 'string', default: '1m' },
  dir: { type: 'string', default: './clicks-data' },
  follow: { type: 'boolean', default: false },
  progress: { type: 'string', default: '3s' },
  json: { type: 'boolean', default: false },
  malformed: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

/** @throws UsageError */
export function parseOptions(args: readonly string[]): Options {
  const { tokens } = parseArgs({ args: [...args], options: known, strict: false, tokens: true })
  for (const token of tokens) {
    if (token.kind !== 'option') continue
    const { name, rawName, value, inlineValue } = token
    if (!isKnown(name)) throw new UsageError(`there is no option ${rawName}${suggestion(name)}`)
    if (known[name].type === 'boolean') {
      if (value !== undefined) throw new UsageError(`${rawName} takes no value`)
    } else if (value === undefined || value === '' || (!inlineValue && value.startsWith('-'))) {
      throw new UsageError(`${rawName} needs a value`)
    }
  }
  const { values, positionals } = parseArgs({ args: [...args], options: known, allowPositionals: true })
  const { window, grace, dir, follow, progress, json, malformed, help: asksHelp } = values
  return {
    files: positionals,
    windowMs: duration('--window', window, 1),
    graceMs: duration('--grace', grace, 0),
    dir,
    follow,
    progressMs: duration('--progress', progress, 1),
    json,
    malformed,
    help: asksHelp,
  }
}

function isKnown(name: string): name is keyof typeof known {
  return Object.hasOwn(known, name)
}

/** The known options that are near a mistyped one. */
function suggestion(mistyped: string): string {
  const near = Object.keys(known).filter(
    (name) => distance(mistyped.toLowerCase(), name) <= 2 || (mistyped !== '' && name.startsWith(mistyped)),
  )
  return near.length === 0
    ? '; --help shows what there is'
    : `; did you mean ${near.map((name) => `--${name}`).join(' or ')}?`
}

/** How many letters must be added, left out or replaced to turn one word into the other. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at)
  for (let index = 0; index < from.length; index++) {
    const next = [index + 1]
    for (let at = 0; at < to.length; at++) {
      const [left = 0, above = 0, corner = 0] = [next[at], row[at + 1], row[at]]
      next.push(Math.min(left + 1, above + 1, corner + (from[index] === to[at] ? 0 : 1)))
    }
    row = next
  }
  return row.at(-1) ?? 0
}

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

function duration(option: string, text: string, leastMs: number): number {
  const [, count, unit = 'ms'] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text) ?? []
  const ms = Number(count) * (unitsMs[unit] ?? Number.NaN)
  if (Number.isSafeInteger(ms) && ms >= leastMs) return ms
  throw new UsageError(
    `${option} is "${text}"; expected a duration from ${leastMs} ms, such as 500ms, 10s, 1m, 2h, or a number of ms`,
  )
}

/** A duration as a person would write it. */
export function formatDuration(ms: number): string {
  const [unit, size] = Object.entries(unitsMs).findLast(([, unitMs]) => ms % unitMs === 0 && ms >= unitMs) ?? ['ms', 1]
  return `${ms / size}${unit}`
}
