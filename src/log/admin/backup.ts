/**
 * Copies of a whole log: made while it is in use, and brought back.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { systemClock } from '../../core/clock.ts'
import { MillraceError } from '../../core/errors.ts'
import { checkedFunction, checkOptions, checkPath } from '../../core/checks.ts'
import { ProgressMeter, type WorkProgress } from '../../core/work-progress.ts'
import { dataFileOf, fsyncDirectory, fsyncFile, incompleteCopy, makeDirectory } from '../../storage/directory.ts'
import { Environment } from '../../storage/environment.ts'

/** What `log.admin.backup` and {@link restoreLog} take. */
export interface BackupOptions {
  /** Called a few times a second, and at the end. */
  readonly onProgress?: (progress: WorkProgress) => void
}

/** What was copied. */
export interface BackupResult {
  /** Where the copy is. */
  readonly path: string
  /** The size of its file. */
  readonly bytes: number
}

const lookEveryMs = 100

/**
 * Copies into `path/incomplete-copy`, and moves the file up when it is durable: before that move nobody takes it for a log.
 */
export async function backUp(environment: Environment, path: string, options: BackupOptions): Promise<BackupResult> {
  checkOptions('a backup', options, ['onProgress'])
  const { onProgress } = options
  if (onProgress !== undefined) checkedFunction('onProgress', onProgress)
  const target = resolve(checkPath('a backup', path))
  makeDirectory(target)
  if (readdirSync(target).length > 0) throw notEmpty(target)
  const incomplete = join(target, incompleteCopy)
  mkdirSync(incomplete)
  const meter = new ProgressMeter(environment.statistics().usedBytes, onProgress)
  const stopLooking = lookAtSize(dataFileOf(incomplete), meter)
  try {
    await environment.copyInto(incomplete)
    fsyncFile(dataFileOf(incomplete))
    renameSync(dataFileOf(incomplete), dataFileOf(target))
  } finally {
    stopLooking()
    rmSync(incomplete, { recursive: true, force: true })
  }
  fsyncDirectory(target)
  fsyncDirectory(dirname(target))
  const bytes = statSync(dataFileOf(target)).size
  meter.reach(bytes)
  meter.finish()
  return { path: target, bytes }
}

/** LMDB does not tell how far it is; its file does. */
function lookAtSize(path: string, meter: ProgressMeter): () => void {
  let stop: () => void
  const look = (): void => {
    meter.reach(statSync(path, { throwIfNoEntry: false })?.size ?? 0)
    stop = systemClock.schedule(lookEveryMs, look)
  }
  look()
  return () => stop()
}

function notEmpty(dir: string): MillraceError {
  return new MillraceError(
    'directory_not_empty',
    `${dir} is not empty: a copy of a log goes into a new directory, so that nothing is overwritten`,
  )
}

/**
 * Brings a backup back into a directory that is missing or empty; open it with {@link openLog} then.
 *
 * The backup stays as it is, and its header and format are checked before anything is written. The restored log stands under
 * its name only when it is whole and durable.
 *
 * @example
 * ```ts
 * await log.admin.backup('./saved')
 * const { bytes } = await restoreLog('./saved', './restored')
 * const restored = await openLog('./restored')
 * console.log(bytes, await restored.admin.endOffsets(clicks))
 * await restored.close()
 * ```
 * @throws MillraceError `format_unknown` when there is no log in `backup`, `directory_not_empty`, also for one that is in use,
 *   `storage_failed`, `bad_option`
 */
export async function restoreLog(backup: string, dir: string, options: BackupOptions = {}): Promise<BackupResult> {
  const source = resolve(checkPath('restoreLog', backup))
  if (!existsSync(dataFileOf(source))) {
    throw new MillraceError('format_unknown', `there is no backup of a log in ${source}`)
  }
  const environment = new Environment(source)
  try {
    return await backUp(environment, dir, options)
  } finally {
    await environment.close()
  }
}
