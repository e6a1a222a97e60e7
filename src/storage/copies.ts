/**
 * Copies of an environment, by LMDB itself, while it is in use.
 */
import { MillraceError, messageOf } from '../core/errors.ts'
import { DataFile } from './data-file.ts'
import type { Root } from './lmdb-databases.ts'
import { dataFileOf } from './directory.ts'

export class Copies {
  /** Those under way: the environment stays open until they are done. */
  readonly #underWay = new Set<Promise<void>>()

  /** @throws MillraceError `storage_failed`; what is in the directory is no copy then */
  async into(dir: string, root: Root): Promise<void> {
    const copy = copyInto(dir, root)
    this.#underWay.add(copy)
    await copy.finally(() => this.#underWay.delete(copy))
  }

  /** When none is under way any longer; undefined: none is. */
  settled(): Promise<unknown> | undefined {
    return this.#underWay.size === 0 ? undefined : Promise.allSettled(this.#underWay)
  }
}

async function copyInto(dir: string, root: Root): Promise<void> {
  try {
    await root.backup(dir, true)
    const file = new DataFile(dataFileOf(dir))
    file.sealAll()
    file.close()
  } catch (cause) {
    throw new MillraceError('storage_failed', `copying the log to ${dir} failed: ${messageOf(cause)}`, { cause })
  }
}
