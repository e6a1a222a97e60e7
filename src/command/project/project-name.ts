/**
 * What a new project is called: a name that npm takes.
 */
import { isBuiltin } from 'node:module'
import { basename } from 'node:path'
import { shown } from '../../core/shown.ts'
import { UsageError } from '../exit-codes.ts'
import type { Reader } from '../options.ts'

const legal = /^(?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/
const charsMax = 214
const refused = ['node_modules', 'favicon.ico']

/** A package of this name could not be installed into itself. */
export const dependedOn: readonly string[] = ['millrace', 'tsx', 'typescript']

function isFree(name: string): boolean {
  return !isBuiltin(name) && !refused.includes(name) && !dependedOn.includes(name)
}

/** The name of a directory, with what npm does not take changed or left out. */
export function projectNameOf(directory: string): string {
  const name = basename(directory)
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9._~-]+/g, '-')
    .replace(/^[._-]+/, '')
    .slice(0, charsMax - '-app'.length)
    .replace(/[._-]+$/, '')
  if (name === '') return 'millrace-app'
  return isFree(name) ? name : `${name}-app`
}

/** A name as npm takes it, perhaps with a scope. */
export const projectName: Reader<string> = (text) => {
  if (legal.test(text) && text.length <= charsMax && isFree(text)) return text
  throw new UsageError(
    `Expected the name of a package, such as click-counts or @acme/click-counts, not ${shown(text)}: lower-case ` +
      'letters, digits, ".", "_" or "-", and no name of what it depends on.',
  )
}
