/**
 * Our own access to LMDB's file: checks it before LMDB maps it, and writes the seal of every commit.
 *
 * LMDB crashes the process on a file that is shorter than its header says, and takes an older commit for the newest
 * when one bit of its meta pages is flipped; see meta-pages.ts.
 */
import { closeSync, fstatSync, fsyncSync, readSync, type Stats, writeSync } from 'node:fs'
import { MillraceError } from '../core/errors.ts'
import {
  foreignMeta,
  headerBytes,
  isSealed,
  lastPageOf,
  makeSeal,
  metaFault,
  type MetaPage,
  metaPagesBytes,
  newestSlot,
  newestSlotOf,
  pageBytesOf,
  pageHeaderBytes,
  parseMeta,
  sealAt,
  sealBytes,
  treeFault,
} from './meta-pages.ts'
import { openFile, openFileToRead } from './own-files.ts'

/**
 * A sound file may end before its last page: LMDB does not write pages that a commit takes and gives back. A commit
 * without a seal does not say how many those were. When more are missing than this, or than an eighth of the file, the
 * file was cut.
 */
const unwrittenPagesMax = 1_024

export class DataFile {
  readonly #path: string
  readonly #isReadOnly: boolean
  readonly #file: number
  readonly #pageBytes: number
  /** Both meta pages, read again each time. */
  readonly #pages: Buffer
  /** The second of them. */
  readonly #second: Buffer
  readonly #sealBytes: Buffer = Buffer.alloc(sealBytes)
  /** The file is at least this long. */
  #filePages = 0

  /**
   * @throws MillraceError `format_unknown` for a file that is not LMDB's, or of another version of it; `damaged` for an
   *   empty one; what the system says when it cannot be opened, for writing unless it is only read
   */
  constructor(path: string, isReadOnly: boolean = false) {
    this.#path = path
    this.#isReadOnly = isReadOnly
    this.#file = isReadOnly ? openFileToRead(path) : openFile(path)
    try {
      const stats = fstatSync(this.#file)
      if (stats.size === 0) throw this.#damaged('it is empty')
      const first = this.#read(0, headerBytes)
      this.#refuseForeign(first)
      this.#pageBytes = pageBytesOf(first)
      this.#pages = Buffer.alloc(metaPagesBytes(this.#pageBytes))
      this.#second = this.#pages.subarray(this.#pageBytes)
      const second = this.#read(this.#pageBytes, headerBytes)
      this.#refuseForeign(second)
      if (pageBytesOf(second) !== this.#pageBytes) throw this.#damaged('its first two pages disagree')
    } catch (error) {
      closeSync(this.#file)
      throw error
    }
  }

  #refuseForeign(page: Buffer): void {
    const why = foreignMeta(page)
    if (why === undefined) return
    throw new MillraceError(
      'format_unknown',
      `${this.#path} is not a log of millrace that this version can read, or is damaged: ${why}; ` +
        'use the version that wrote it, or restore a backup',
    )
  }

  /**
   * Checks that the newest commit is there, and that the file is as long as it was then. Extends the file over pages
   * that were never written, unless it is only read: they read as zeros, where they would have crashed the process, and
   * those who write take such pages again. Only under the lock of the directory.
   *
   * @throws MillraceError `damaged`
   */
  check(): void {
    const metas = this.#metas()
    const fault = metaFault(metas)
    if (fault !== undefined) throw this.#damaged(fault)
    const newest = metas[newestSlot(metas)]
    const missingPages = this.#missingPages(newest)
    const treesFault = treeFault(metas, (page) => this.#read(page * this.#pageBytes, pageHeaderBytes))
    if (treesFault !== undefined) throw this.#damaged(treesFault)
    if (missingPages <= 0 || this.#isReadOnly) return
    writeSync(this.#file, Buffer.of(0), 0, 1, (newest.lastPage + 1) * this.#pageBytes - 1)
    fsyncSync(this.#file)
  }

  /** How many pages at the end of the file were never written. */
  #missingPages(newest: MetaPage): number {
    const pages = this.#countPages()
    const pagesMin =
      isSealed(newest) && newest.seal !== undefined
        ? newest.seal.filePages
        : newest.lastPage + 1 - Math.max(unwrittenPagesMax, Math.floor(pages / 8))
    if (pages < pagesMin) throw this.#damaged(`it was cut, at least ${pagesMin - pages} of its pages are gone`)
    return newest.lastPage + 1 - pages
  }

  /** Seals the newest commit; only under the lock of the directory. */
  seal(): void {
    this.#quietly(() => this.#seal(newestSlotOf(this.#pages, this.#pageBytes)))
  }

  /** Seals both pages of a file that was just opened or copied, where no commit does it. */
  sealAll(): void {
    this.#quietly(() => {
      this.#seal(0)
      this.#seal(1)
    })
  }

  /**
   * Commits are durable whatever becomes of their seals: a missing seal looks as if the process was killed before
   * writing it.
   */
  #quietly(seal: () => void): void {
    try {
      this.#readPages()
      seal()
    } catch {
      // See above; LMDB's next write reports a disk that fails.
    }
  }

  #seal(slot: 0 | 1): void {
    const page = slot === 0 ? this.#pages : this.#second
    if (this.#filePages <= lastPageOf(page)) this.#filePages = this.#countPages()
    if (!makeSeal(this.#sealBytes, page, this.#filePages)) return
    writeSync(this.#file, this.#sealBytes, 0, sealBytes, slot * this.#pageBytes + sealAt)
  }

  #countPages(): number {
    return Math.floor(fstatSync(this.#file).size / this.#pageBytes)
  }

  #readPages(): void {
    readSync(this.#file, this.#pages, 0, this.#pages.length, 0)
  }

  #metas(): readonly [MetaPage, MetaPage] {
    this.#readPages()
    return [parseMeta(this.#pages), parseMeta(this.#second)]
  }

  /** Returns less when the file ends first. */
  #read(offset: number, bytes: number): Buffer {
    const buffer = Buffer.alloc(bytes)
    if (!Number.isSafeInteger(offset)) return buffer.subarray(0, 0)
    return buffer.subarray(0, readSync(this.#file, buffer, 0, bytes, offset))
  }

  #damaged(what: string): MillraceError {
    return new MillraceError('damaged', `${this.#path} is damaged: ${what}; restore a backup`)
  }

  get stats(): Stats {
    return fstatSync(this.#file)
  }

  close(): void {
    closeSync(this.#file)
  }
}
