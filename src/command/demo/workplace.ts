/**
 * Where a demo works: a directory of its own, which goes away with it unless it is to be kept.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { messageOf } from '../../core/errors.ts'
import { shown } from '../../core/shown.ts'
import { CommandFailed } from '../exit-codes.ts'
import { asText, flag, type Option, value } from '../options.ts'

/** Of every demo. `dir` takes the place of the usual one: a demo never works where MILLRACE_DIR points. */
export const workplaceOptions: { readonly dir: Option<string | undefined>; readonly keep: Option<boolean> } = {
  dir: value(
    '-d, --dir <path>',
    'where to work: a directory that is missing or empty (default: a temporary one)',
    asText,
  ),
  keep: flag('--keep', 'keep the directory, to look at it with other commands'),
}

export interface Workplace extends Disposable {
  /** Where the log is to be. */
  readonly log: string
}

/** @throws CommandFailed when the directory is not empty, or cannot be made */
export function workplace({ dir, keep }: { readonly dir: string | undefined; readonly keep: boolean }): Workplace {
  const path = dir === undefined ? mkdtempSync(join(tmpdir(), 'millrace-demo-')) : resolve(dir)
  const isOwn = dir === undefined || !existsSync(path)
  if (dir !== undefined) makeEmpty(path, dir)
  const log = join(path, 'log')
  return {
    log,
    [Symbol.dispose]: () => {
      if (!keep) rmSync(isOwn ? path : log, { recursive: true, force: true })
    },
  }
}

function makeEmpty(path: string, asTyped: string): void {
  let names: readonly string[]
  try {
    mkdirSync(path, { recursive: true })
    names = readdirSync(path)
  } catch (error) {
    throw new CommandFailed(`cannot work in ${shown(asTyped)}: ${messageOf(error)}`, { cause: error })
  }
  if (names.length > 0)
    throw new CommandFailed(`${shown(asTyped)} is not empty: name a directory that is missing or empty`)
}
