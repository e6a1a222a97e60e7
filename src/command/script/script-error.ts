/**
 * What is wrong with a script, as its author needs it: the message, the place in the script, and that line of it.
 */
import { resolve } from 'node:path'
import { isInstance } from '../../core/checks.ts'
import { MillraceError, messageOf } from '../../core/errors.ts'
import { CommandFailed } from '../exit-codes.ts'
import { frameOf, placeOf, shownSourcePlace } from './source-place.ts'

/** An error of the copy of millrace that a script has: of another class, perhaps, and of the same kind. */
type AnyMillraceError = Pick<MillraceError, 'code' | 'message'> & { readonly cause?: unknown }

function isMillraceError(error: unknown): error is AnyMillraceError {
  return error instanceof Error && error.name === 'MillraceError' && 'code' in error
}

/** An error of a script that is imported or makes its topology, or of millrace in it. */
export async function ofScript(error: unknown, path: string): Promise<Error> {
  if (error instanceof CommandFailed) return error
  const place = placeOf(error) ?? (error instanceof SyntaxError ? await syntaxErrorIn(path) : undefined)
  const where = place === undefined ? path : shownSourcePlace(place)
  const frame = place === undefined ? '' : frameOf(place)
  return new CommandFailed(`${where}: ${said(error)}${frame}`, { cause: error })
}

/** V8 does not say where the syntax error of a module is. */
async function syntaxErrorIn(path: string): Promise<ReturnType<typeof placeOf>> {
  const { syntaxErrorOf } = await import('./stripping.ts')
  return syntaxErrorOf(resolve(path))
}

function said(error: unknown): string {
  if (isMillraceError(error)) return `${error.message} (${error.code})`
  if (!isInstance(error, Error)) return `threw ${messageOf(error)}`
  const [, ofEsbuild] = /: ERROR: (.*)$/m.exec(error.message) ?? []
  if (ofEsbuild !== undefined) return `SyntaxError: ${ofEsbuild}`
  const name = error.name === 'Error' ? '' : `${error.name}: `
  const message = messageOf(error)
  const code = (error as { readonly code?: unknown }).code
  if (code !== 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX') return `${name}${message}`
  return `${name}${message}; tsx can do it (npm i -D tsx): where a project has tsx, that loads its scripts`
}

/** Why a run has failed. Where a function of the script did it, the place in the script comes with it. */
export function ofRun(error: unknown): unknown {
  if (!isMillraceError(error)) return error
  const { code, message, cause } = error
  const place = placeOf(cause)
  if (place !== undefined) {
    return new CommandFailed(`${message} (${code})\n  at ${shownSourcePlace(place)}${frameOf(place)}`, { cause: error })
  }
  return error instanceof MillraceError ? error : new MillraceError(code, message, { cause: error })
}
