/**
 * The file that a command line means by a script.
 */
import { readdirSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { nearestName } from '../../core/near-names.ts'
import { shown } from '../../core/shown.ts'
import { NothingFound, UsageError } from '../exit-codes.ts'

const extensions = ['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs']

/**
 * Its path, with links followed.
 *
 * @throws NothingFound with the nearest name, UsageError for what is not a script
 */
export function findScript(path: string): string {
  const at = resolve(path)
  const found = statSync(at, { throwIfNoEntry: false })
  if (found === undefined) throw new NothingFound(`there is no script ${shown(path)}${hint(path, at)}`)
  if (!found.isFile()) throw new UsageError(`${shown(path)} is a directory: name the script in it`)
  if (extensions.some((extension) => at.endsWith(extension))) return realpathSync(at)
  throw new UsageError(`${shown(path)} is not a script: its name does not end with any of ${extensions.join(', ')}`)
}

export function isTypeScript(path: string): boolean {
  return /\.[mc]?ts$/.test(path)
}

/** What else is there. */
function hint(path: string, at: string): string {
  const scripts = scriptsIn(dirname(at))
  const near = nearestName(basename(at), scripts)
  if (near !== undefined) return `; did you mean ${join(dirname(path), near)}?`
  if (scripts.length === 0) return ''
  return `; there ${scripts.length === 1 ? 'is' : 'are'} ${scripts.slice(0, 8).join(', ')}`
}

function scriptsIn(dir: string): string[] {
  try {
    return readdirSync(dir).filter((name) => extensions.some((extension) => name.endsWith(extension)))
  } catch {
    return [] // not even the directory is there
  }
}
