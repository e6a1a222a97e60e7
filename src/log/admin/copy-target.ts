/**
 * The directory that a copy of a log goes into. The copy grows in a subdirectory that marks it as incomplete, and gets
 * its own name only when it is whole and durable; if it fails, nothing is left of it.
 */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { MillraceError } from '../../core/errors.ts'
import { dataFileOf, fsyncDirectory, fsyncFile, incompleteCopy } from '../../storage/directory.ts'
import { errorNumberOf, failureAdvice } from '../../storage/failure-advice.ts'
import { makeDirectory, type Modes } from '../../storage/own-files.ts'

/**
 * Fills a directory that is missing or empty; `fill` writes the data file into the directory that it is given. Returns
 * the size of the file.
 *
 * @throws MillraceError `directory_not_empty`, `bad_option` inside a log, and what the system and `fill` throw
 */
export async function fillDirectory(
  target: string,
  modes: Modes,
  fill: (dir: string) => Promise<void>,
): Promise<number> {
  checkOutside(target)
  const made = missingParts(target)
  const incomplete = join(target, incompleteCopy)
  let isOurs = false
  try {
    makeDirectory(target, modes)
    if (readdirSync(target).length > 0) throw notEmpty(target)
    mkdirSync(incomplete, 0o700)
    isOurs = true
    await fill(incomplete)
    chmodSync(dataFileOf(incomplete), modes.file)
    fsyncFile(dataFileOf(incomplete))
    renameSync(dataFileOf(incomplete), dataFileOf(target))
    rmSync(incomplete, { recursive: true })
    fsyncDirectory(target)
    fsyncDirectory(dirname(target))
    return statSync(dataFileOf(target)).size
  } catch (error) {
    if (isOurs) tryTo(() => rmSync(incomplete, { recursive: true, force: true }))
    for (const dir of made) tryTo(() => rmdirSync(dir))
    throw error
  }
}

/** The directories of a path that do not exist yet, innermost first. */
function missingParts(target: string): string[] {
  const missing: string[] = []
  for (let dir = target; !existsSync(dir) && dir !== dirname(dir); dir = dirname(dir)) missing.push(dir)
  return missing
}

/**
 * Tidies up after a failure, which is the error that counts. What cannot be removed keeps its mark, and is not taken
 * for a log.
 */
function tryTo(tidy: () => void): void {
  try {
    tidy()
  } catch {
    // What made the copy fail may prevent this too.
  }
}

/**
 * A copy inside the directory of a log is lost with that log, which is most likely the one that it is a copy of.
 *
 * @throws MillraceError `bad_option`
 */
function checkOutside(target: string): void {
  for (let dir = dirname(realPathOf(target)); ; dir = dirname(dir)) {
    if (existsSync(dataFileOf(dir))) {
      throw new MillraceError(
        'bad_option',
        `${target} lies inside the log in ${dir}: a copy there would be lost with it; choose another directory`,
      )
    }
    if (dir === dirname(dir)) return
  }
}

/** Where a path leads, as far as it exists. */
function realPathOf(path: string): string {
  let rest = ''
  for (let dir = path; ; dir = dirname(dir)) {
    try {
      return join(realpathSync(dir), rest)
    } catch (error) {
      if (dir === dirname(dir)) throw error
      rest = join(basename(dir), rest)
    }
  }
}

function notEmpty(dir: string): MillraceError {
  return new MillraceError(
    'directory_not_empty',
    `${dir} is not empty: a copy of a log goes into a new directory, so that nothing is overwritten`,
  )
}

/** Adds what to do to an error of the system or of LMDB; returns any other error as it is. */
export function copyError(what: string, dir: string, error: unknown): unknown {
  const cause = error instanceof MillraceError && error.code === 'storage_failed' ? error.cause : error
  if (errorNumberOf(cause) === undefined) return error
  const { what: reason, remedy } = failureAdvice(dir, cause)
  return new MillraceError('storage_failed', `${what}: ${reason}; ${remedy}`, { cause })
}
