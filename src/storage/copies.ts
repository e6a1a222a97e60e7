/**
 * Copies of an environment, by LMDB itself, while it is in use.
 */
import { MillraceError, messageOf } from '../core/errors.ts'
import { DataFile } from './data-file.ts'
import type { Root } from './lmdb-databases.ts'
import { dataFileOf } from './directory.ts'

/** @throws MillraceError `storage_failed`; what is in the directory is no copy then */
export async function copyInto(dir: string, root: Root): Promise<void> {
  try {
    await root.backup(dir, true)
    const file = new DataFile(dataFileOf(dir))
    file.sealAll()
    file.close()
  } catch (cause) {
    throw new MillraceError('storage_failed', `copying the log to ${dir} failed: ${messageOf(cause)}`, { cause })
  }
}
