/**
 * Tells listeners of the commits of any process on a directory.
 *
 * Those of this process are told by whoever commits; those of others are noticed by a file watch, with a slow poll behind it
 * for file systems that do not report changes.
 */
import { type FSWatcher, watch } from 'node:fs'
import { systemClock } from '../core/clock.ts'

/** When to look again behind a change of the file, in ms. */
const followUpsMs = [2, 8, 40, 250]
const pollMs = 1_000

export class CommitWatch {
  readonly #path: string
  readonly #listeners = new Set<() => void>()
  #watcher: FSWatcher | undefined
  #cancelFollowUp: (() => void) | undefined
  #cancelPoll: (() => void) | undefined

  constructor(path: string) {
    this.#path = path
  }

  /** Calls back soon after commits, perhaps without news, until the returned function is called. */
  add(listener: () => void): () => void {
    this.#listeners.add(listener)
    this.#watcher ??= this.#watch()
    this.#cancelPoll ??= this.#poll()
    return () => {
      this.#listeners.delete(listener)
      if (this.#listeners.size === 0) this.#stop()
    }
  }

  notify(): void {
    for (const listener of this.#listeners) listener()
  }

  /** Where watching is not to be had (a limit of the system, a file system without it), the poll does alone. */
  #watch(): FSWatcher | undefined {
    try {
      return watch(this.#path, () => this.#noticeForeignCommit()).on('error', () => undefined)
    } catch {
      return undefined // see above: the poll goes on
    }
  }

  /**
   * The file changes a moment before LMDB publishes the commit, longer on a busy machine: look at once, and again behind the
   * last change.
   */
  #noticeForeignCommit(): void {
    this.#followUp(0)
    this.notify()
  }

  #followUp(step: number): void {
    this.#cancelFollowUp?.()
    const delayMs = followUpsMs[step]
    if (delayMs === undefined) {
      this.#cancelFollowUp = undefined
      return
    }
    this.#cancelFollowUp = systemClock.schedule(delayMs, () => {
      this.#followUp(step + 1)
      this.notify()
    })
  }

  #poll(): () => void {
    return systemClock.schedule(pollMs, () => {
      this.#cancelPoll = this.#poll()
      this.notify()
    })
  }

  /** Tells everyone a last time. */
  close(): void {
    this.#stop()
    this.notify()
    this.#listeners.clear()
  }

  #stop(): void {
    this.#watcher?.close()
    this.#watcher = undefined
    this.#cancelFollowUp?.()
    this.#cancelFollowUp = undefined
    this.#cancelPoll?.()
    this.#cancelPoll = undefined
  }
}
