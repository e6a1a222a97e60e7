/**
 * Tells listeners of the commits of any process on a directory.
 *
 * Those of this process are announced by the code that commits; those of others are noticed by a watch of the file that
 * every commit writes to when it is visible, with a slow poll as a fallback for file systems that do not report
 * changes.
 */
import { type FSWatcher, watch } from 'node:fs'
import { systemClock } from '../core/clock.ts'

const pollMs = 1_000

export class CommitWatch {
  readonly #path: string
  readonly #look: () => void
  readonly #listeners = new Set<() => void>()
  #watcher: FSWatcher | undefined
  #cancelPoll: (() => void) | undefined

  /**
   * @param path the file that is written to after every commit
   * @param look called with every poll, before anyone is notified
   */
  constructor(path: string, look: () => void) {
    this.#path = path
    this.#look = look
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
      return watch(this.#path, () => this.notify()).on('error', () => undefined)
    } catch {
      return undefined // see above: the poll goes on
    }
  }

  #poll(): () => void {
    return systemClock.schedule(pollMs, () => {
      this.#cancelPoll = this.#poll()
      this.#look()
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
    this.#cancelPoll?.()
    this.#cancelPoll = undefined
  }
}
