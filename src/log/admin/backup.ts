/**
 * Backs up a whole log while it is in use, and restores it.
 */
import { chmodSync, constants, existsSync, mkdirSync, renameSync, statSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { systemClock } from '../../core/clock.ts'
import { MillraceError } from '../../core/errors.ts'
import { checkedFunction, checkOptions, checkPath } from '../../core/checks.ts'
import { ProgressMeter, type WorkProgress } from '../../core/work-progress.ts'
import { dataFileOf } from '../../storage/directory.ts'
import { Environment } from '../../storage/environment.ts'
import { checkFileMode, type Modes, modesOf } from '../../storage/own-files.ts'
import { copyError, fillDirectory } from './copy-target.ts'

/** What `log.admin.backup` and {@link restoreLog} take. */
export interface BackupOptions {
  /**
   * Called a few times a second, and at the end. If it throws, the copy is abandoned and the call rejects with that
   * error.
   */
  readonly onProgress?: ((progress: WorkProgress) => void) | undefined
}

/** What {@link restoreLog} takes. */
export interface RestoreOptions extends BackupOptions {
  /** Who may read and write the files of the restored log, as {@link LogOptions.fileMode}. Default 0600: its owner. */
  readonly fileMode?: number | undefined
}

/** What was copied. */
export interface BackupResult {
  /** Where the copy is. */
  readonly path: string
  /** The size of its file. */
  readonly bytes: number
}

const lookEveryMs = 100

type OnProgress = BackupOptions['onProgress']

export async function backUp(environment: Environment, path: string, options: BackupOptions): Promise<BackupResult> {
  const { onProgress } = checkOptions('a backup', options, ['onProgress'])
  if (onProgress !== undefined) checkedFunction('onProgress', onProgress)
  const target = resolve(checkPath('a backup', path))
  const bytes = environment.statistics().usedBytes
  try {
    return await copyTo(target, environment.modes, bytes, onProgress, (dir) => environment.copyInto(dir))
  } catch (error) {
    throw copyError(`cannot back up ${environment.dir} to ${target}`, target, error)
  }
}

async function copyTo(
  target: string,
  modes: Modes,
  totalBytes: number,
  onProgress: OnProgress,
  copyInto: (dir: string) => Promise<void>,
): Promise<BackupResult> {
  const bytes = await fillDirectory(target, modes, async (dir) => {
    const growth = new Growth(dataFileOf(dir), new ProgressMeter(totalBytes, onProgress))
    try {
      await copyInto(dir)
    } finally {
      growth.stop()
    }
    growth.finish()
  })
  return { path: target, bytes }
}

/** Neither LMDB nor the system reports how far a copy is; the size of its file tells. */
class Growth {
  readonly #path: string
  readonly #meter: ProgressMeter
  #thrown: { readonly error: unknown } | undefined
  #cancel: () => void = () => undefined

  constructor(path: string, meter: ProgressMeter) {
    this.#path = path
    this.#meter = meter
    this.#look()
  }

  /**
   * Runs in a timer, where nothing catches what the user's function throws: the error is kept until the copy is done.
   */
  #look(): void {
    try {
      this.#meter.reach(statSync(this.#path, { throwIfNoEntry: false })?.size ?? 0)
      this.#cancel = systemClock.schedule(lookEveryMs, () => this.#look())
    } catch (error) {
      this.#thrown = { error }
    }
  }

  stop(): void {
    this.#cancel()
  }

  /** Reports the end; throws what the user's function threw. */
  finish(): void {
    if (this.#thrown !== undefined) throw this.#thrown.error
    this.#meter.reach(statSync(this.#path).size)
    this.#meter.finish()
  }
}

/**
 * Restores a backup into a directory that is missing or empty; open that with {@link openLog} afterwards.
 *
 * The backup stays unchanged, and may be on a read-only disk. The restored log gets its name only when it is whole and
 * durable, with its header and format checked; otherwise nothing is left of it.
 *
 * @example
 * ```ts
 * await log.admin.backup('./saved')
 * const { bytes } = await restoreLog('./saved', './restored')
 * const restored = await openLog('./restored')
 * console.log(bytes, await restored.admin.endOffsets(clicks))
 * await restored.close()
 * ```
 * @throws MillraceError `format_unknown` when there is no log in `backup`, `directory_not_empty` for a `dir` that holds
 *   anything, such as a log in use, `storage_failed` when a file cannot be read or written, `bad_option`
 */
export async function restoreLog(backup: string, dir: string, options: RestoreOptions = {}): Promise<BackupResult> {
  const { onProgress, fileMode } = checkOptions('restoreLog', options, ['onProgress', 'fileMode'])
  if (onProgress !== undefined) checkedFunction('onProgress', onProgress)
  if (fileMode !== undefined) checkFileMode(fileMode)
  const source = resolve(checkPath('restoreLog', backup))
  const target = resolve(checkPath('restoreLog', dir))
  try {
    const bytes = backupBytes(source)
    return await copyTo(target, modesOf(fileMode), bytes, onProgress, (into) => copyBackup(source, into))
  } catch (error) {
    throw copyError(`cannot restore ${source} to ${target}`, target, error)
  }
}

/** @throws MillraceError `format_unknown` */
function backupBytes(source: string): number {
  const found = statSync(source, { throwIfNoEntry: false })?.isDirectory() === true ? dataFileOf(source) : undefined
  const file = found === undefined ? undefined : statSync(found, { throwIfNoEntry: false })
  if (file?.isFile() === true && file.size > 0) return file.size
  throw new MillraceError('format_unknown', `there is no backup of a log in ${source}`)
}

/** A backup that was opened as a log may still be in use, so LMDB copies it; any other is just a file. */
async function copyBackup(source: string, dir: string): Promise<void> {
  if (!wasOpened(source)) return copyUnopened(source, dir)
  const environment = await Environment.open(source, { readOnly: true })
  try {
    await environment.copyInto(dir)
  } finally {
    await environment.close()
  }
}

function wasOpened(dir: string): boolean {
  return existsSync(join(dir, 'lock.mdb'))
}

/** Copies the file itself; opening the backup in place would leave other files beside it. */
async function copyUnopened(source: string, dir: string): Promise<void> {
  const copy = dataFileOf(dir)
  await copyFile(dataFileOf(source), copy, constants.COPYFILE_FICLONE)
  chmodSync(copy, statSync(copy).mode | 0o600) // a backup may be read-only
  if (wasOpened(source)) {
    throw new MillraceError(
      'storage_failed',
      `${source} was opened as a log while it was being copied; restore it again`,
    )
  }
  await checkLog(source, dir)
}

/** Opens the copy, which leaves the backup unchanged; errors name the backup. */
async function checkLog(source: string, dir: string): Promise<void> {
  const trial = join(dir, 'trial')
  mkdirSync(trial)
  renameSync(dataFileOf(dir), dataFileOf(trial))
  try {
    await Environment.openNow(trial).close()
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error
    throw new MillraceError(error.code, error.message.replaceAll(trial, source), { cause: error.cause })
  }
  renameSync(dataFileOf(trial), dataFileOf(dir))
}
