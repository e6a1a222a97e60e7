/**
 * Where in a user's code an error comes from, and that line of it.
 */
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { escaped } from '../../core/escaped.ts'

/** A place in a file, both numbers from 1. */
export interface SourcePlace {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** What is compiled is shown by its text; a line that is longer was generated. */
const shownCharsMax = 200

/** This package: its own frames are no user's. */
const own = fileURLToPath(new URL('../../', import.meta.url))

/** The innermost place that is the user's: not Node's, not this package's, nor that of another. */
export function placeOf(error: unknown): SourcePlace | undefined {
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  return markedPlace(stack) ?? esbuildPlace(stack) ?? framePlace(stack)
}

/** `file:///dir/a.ts:3`, some lines of it, and a mark below: how Node begins the stack of a syntax error. */
function markedPlace(stack: string): SourcePlace | undefined {
  const [, at, line, indent] = /^(file:\/\/.*|\/.*):(\d+)\n(?:.*\n)*?( *)\^/.exec(stack) ?? []
  return at === undefined ? undefined : place(at, line, (indent ?? '').length + 1)
}

/** `/dir/a.ts:3:7: ERROR: …`: how esbuild says it, which tsx asks. Its columns begin at 0. */
function esbuildPlace(stack: string): SourcePlace | undefined {
  const [, at, line, column] = /^(\/.*?):(\d+):(\d+): ERROR: /m.exec(stack) ?? []
  return at === undefined ? undefined : place(at, line, Number(column) + 1)
}

function framePlace(stack: string): SourcePlace | undefined {
  for (const frame of stack.split('\n')) {
    const [, at, line, column] = /^ +at (?:.*\()?((?:file:\/\/)?\/[^()]*?):(\d+):(\d+)\)?$/.exec(frame) ?? []
    const found = at === undefined ? undefined : place(at, line, Number(column))
    if (found === undefined || found.file.startsWith(own) || /[\\/]node_modules[\\/]/.test(found.file)) continue
    return found
  }
  return undefined
}

function place(at: string, line: string | undefined, column: number): SourcePlace {
  return { file: at.startsWith('file:') ? fileURLToPath(at.replace(/[?#].*$/, '')) : at, line: Number(line), column }
}

/** As editors and terminals take it: `src/visits.ts:12:5`. */
export function shownSourcePlace({ file, line, column }: SourcePlace): string {
  return `${relative(process.cwd(), file)}:${line}:${column}`
}

/** The line, and a mark below it; nothing where it cannot be read. */
export function frameOf({ file, line, column }: SourcePlace): string {
  const text = lineOf(file, line)
  if (text === undefined || text.length > shownCharsMax) return ''
  const mark = text.slice(0, column - 1).replaceAll(/\S/g, ' ')
  const spaced = (part: string): string => escaped(part.replaceAll('\t', '  '))
  return `\n  ${line} | ${spaced(text)}\n  ${' '.repeat(String(line).length)} | ${spaced(mark)}^`
}

function lineOf(file: string, line: number): string | undefined {
  try {
    return readFileSync(file, 'utf8').split(/\r?\n/)[line - 1]
  } catch {
    return undefined // it was compiled from a file that is elsewhere
  }
}
