/**
 * Takes the types out of a module of a user's, as Node does from 22.18 on, with the code that Node has it from. What is
 * left stands where it stood, so lines and columns of errors are right.
 */
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { transformSync } from '@swc/wasm-typescript'
import { isTypeScript } from './find-script.ts'
import { placeOf, type SourcePlace } from './source-place.ts'

/** What a load hook of Node answers. */
export interface LoadedModule {
  readonly format: 'module' | 'commonjs'
  readonly source: string
  readonly shortCircuit: true
}

/** What the package throws; it is no Error. */
interface Complaint {
  readonly code: string
  readonly message: string
  readonly startLine: number
  /** From 0. */
  readonly startColumn: number
}

/**
 * Undefined for what is no TypeScript.
 *
 * @throws SyntaxError that says where, as the frame of a stack
 */
export function strippedModule(url: string): LoadedModule | undefined {
  if (!url.startsWith('file:')) return undefined
  const path = fileURLToPath(url.replace(/[?#].*$/, ''))
  if (!isTypeScript(path)) return undefined
  return { format: path.endsWith('.cts') ? 'commonjs' : 'module', source: stripped(path), shortCircuit: true }
}

/** Where the syntax error of a file is, or that of one it imports; JavaScript too. */
export function syntaxErrorOf(path: string): SourcePlace | undefined {
  const files = new Set([path])
  for (const file of files) {
    try {
      const imports = stripped(file).matchAll(/\b(?:from|import)\s*\(?['"](\.{1,2}\/[^'"]+)['"]/g)
      for (const [, specifier = ''] of imports) files.add(resolve(dirname(file), specifier))
    } catch (error) {
      const place = placeOf(error)
      if (place !== undefined) return place // else it cannot be read
    }
  }
  return undefined
}

function stripped(path: string): string {
  const text = readFileSync(path, 'utf8')
  try {
    return transformSync(text, { mode: 'strip-only', filename: path }).code
  } catch (thrown) {
    if (thrown instanceof Error) throw thrown
    const { code, message, startLine, startColumn } = thrown as Complaint
    const error = new SyntaxError(message)
    error.stack = `SyntaxError: ${message}\n    at ${path}:${startLine}:${startColumn + 1}`
    const isUnsupported = code === 'UnsupportedSyntax'
    throw isUnsupported ? Object.assign(error, { code: 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX' }) : error
  }
}
