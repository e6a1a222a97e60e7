/**
 * Refuses appends before the disk is full: a commit that fails half-way stops everything, one that is refused stops
 * nothing.
 *
 * What is free on the disk is looked at once in a while; what was deleted leaves free pages in the file, which are used
 * again before it grows, so deleting makes room too.
 */
import { statfsSync } from 'node:fs'
import type { Clock } from '../core/clock.ts'
import { MillraceError } from '../core/errors.ts'

/** What the guard checks, in bytes. */
export interface DiskSpace {
  /** Free on the disk, for this user, and in the address space. */
  freeBytes(): number
  /** Free inside the file. */
  reusableBytes(): number
}

const mebibyte = 1_048_576
/** Appends stop when less is free, or less than twice what the last commit wrote. */
const freeBytesMin = 64 * mebibyte
/** The disk is checked again after this time or this many written bytes; while it is full, at every append. */
const lookEveryMs = 1_000
const lookEveryBytes = 16 * mebibyte
/** Free pages lie scattered, and large batches need them side by side: they must be this many times what is needed. */
const reusableFactor = 4

export class DiskGuard {
  readonly #dir: string
  readonly #space: DiskSpace
  readonly #clock: Clock
  #isFull = false
  #freeBytes = 0
  #lookedMs = Number.NEGATIVE_INFINITY
  #bytesSinceLook = 0
  #bytesMost = 0

  constructor(dir: string, space: DiskSpace, clock: Clock) {
    this.#dir = dir
    this.#space = space
    this.#clock = clock
  }

  /**
   * Called with the size of every append before it is written.
   *
   * @throws MillraceError `disk_full`; nothing is written then, and the next append is checked again
   */
  check(bytes: number): void {
    const nowMs = this.#clock.now()
    this.#bytesSinceLook += bytes
    this.#bytesMost = Math.max(this.#bytesMost, bytes)
    const isDue = this.#isFull || this.#bytesSinceLook >= lookEveryBytes || !(nowMs < this.#lookedMs + lookEveryMs)
    if (isDue || nowMs < this.#lookedMs) this.#look(nowMs)
    if (!this.#isFull) return
    throw new MillraceError(
      'disk_full',
      `${this.#dir} has ${Math.floor(this.#freeBytes / mebibyte)} MiB left to grow into: appends are refused, reading and ` +
        'deleting go on. Make room on its disk (or in the address space of the process, where ulimit -v limits it), or let the log delete (retentionMs, retentionBytes, log.admin.deleteRecords); appends go ' +
        'on by themselves then',
    )
  }

  #look(nowMs: number): void {
    const neededBytes = Math.max(freeBytesMin, 2 * this.#bytesMost)
    this.#freeBytes = this.#space.freeBytes()
    this.#isFull =
      this.#freeBytes < neededBytes &&
      (this.#freeBytes < neededBytes / reusableFactor || this.#space.reusableBytes() < neededBytes * reusableFactor)
    this.#lookedMs = nowMs
    this.#bytesSinceLook = 0
    this.#bytesMost = 0
  }
}

/** Free on the disk of a directory. */
export function freeDiskBytes(dir: string): number {
  const { bavail, bsize } = statfsSync(dir)
  return bavail * bsize
}
