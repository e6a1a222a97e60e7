/**
 * Waits for the lock of commits without blocking the event loop, first come first served.
 *
 * The lock is only ever tried for, and held no longer than one commit: a thread that is granted a lock while it is busy
 * with something else would hold up everyone. What wakes those who wait are the commits of others, and a timer, because
 * a lock is also released without a commit.
 *
 * A process that commits in a loop would take the lock again before those who wait are awake. So they show that they
 * wait, and a process that has just committed lets them go first.
 */
import { monotonicMs, systemClock } from '../core/clock.ts'
import type { CommitLock } from './commit-lock.ts'
import type { CommitWatch } from './commit-watch.ts'

/** Between two tries without news, at most; the first come sooner. */
const tryEveryMs = 16
/** How long others are let go first; they need not make use of it, because they may be frozen. */
const letOthersGoMs = 1

interface Waiter {
  readonly commit: () => void
  readonly refuse: (why: unknown) => void
  readonly sinceMs: number
}

export class Turns {
  readonly #lock: CommitLock
  readonly #watch: CommitWatch
  /** Takes the lock if it is free, and throws when there is nothing left to wait for. */
  readonly #tryTake: () => boolean
  /** The number of the newest commit of anyone. */
  readonly #newest: () => number
  readonly #waiting: Waiter[] = []
  #isTrying = false
  #stopListening: (() => void) | undefined
  #cancelTimer: (() => void) | undefined
  #delayMs = letOthersGoMs
  /** While others go first: until when, and the newest commit before theirs. */
  #yielded: { readonly untilMs: number; readonly newest: number } | undefined
  #hasCommitted = false

  constructor(lock: CommitLock, watch: CommitWatch, tryTake: () => boolean, newest: () => number) {
    this.#lock = lock
    this.#watch = watch
    this.#tryTake = tryTake
    this.#newest = newest
  }

  /**
   * Calls `commit` with the lock taken, which releases it: at once when the lock is free and nothing waits here, or
   * later.
   *
   * @throws what `commit` throws, or what ends the waiting; a promise rejects with it
   */
  take<T>(commit: () => T): T | Promise<T> {
    if (this.#waiting.length === 0 && !this.#letsOthersGo() && this.#tryTake()) {
      this.#hasCommitted = true
      return commit()
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ commit: () => resolve(settled(commit)), refuse: reject, sinceMs: monotonicMs() })
      if (this.#waiting.length === 1) this.#wait()
    })
  }

  /** Whether those elsewhere who wait go first now, because the last commit may have been one of ours. */
  #letsOthersGo(): boolean {
    if (this.#yielded !== undefined) {
      if (monotonicMs() < this.#yielded.untilMs && this.#newest() === this.#yielded.newest) return true
      this.#yielded = undefined
      this.#hasCommitted = false
    } else if (this.#hasCommitted && this.#lock.othersWait) {
      this.#yielded = { untilMs: monotonicMs() + letOthersGoMs, newest: this.#newest() }
      return true
    }
    return false
  }

  #wait(): void {
    this.#lock.showWaiting(true)
    this.#delayMs = letOthersGoMs
    this.#stopListening = this.#watch.add(() => this.#try())
    this.#try() // the lock may have been released before anyone listened
  }

  #try(): void {
    if (this.#isTrying) return // a commit here tells the listeners too
    this.#isTrying = true
    try {
      while (this.#waiting.length > 0 && !this.#letsOthersGo() && this.#tryTake()) {
        const waiter = this.#waiting.shift() as Waiter
        this.#lock.addWaited(monotonicMs() - waiter.sinceMs)
        this.#hasCommitted = true
        this.#delayMs = letOthersGoMs
        waiter.commit()
      }
    } catch (why) {
      this.#refuseAll(why)
    }
    this.#isTrying = false
    if (this.#waiting.length === 0) this.#rest()
    else this.#tryLater()
  }

  #tryLater(): void {
    this.#lock.showWaiting(true)
    if (this.#cancelTimer !== undefined) return
    this.#cancelTimer = systemClock.schedule(this.#delayMs, () => {
      this.#cancelTimer = undefined
      this.#delayMs = Math.min(2 * this.#delayMs, tryEveryMs)
      this.#try()
    })
  }

  #rest(): void {
    this.#lock.showWaiting(false)
    this.#stopListening?.()
    this.#stopListening = undefined
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
  }

  #refuseAll(why: unknown): void {
    for (const { refuse } of this.#waiting.splice(0)) refuse(why)
  }

  /** Refuses all who wait. */
  close(why: unknown): void {
    this.#refuseAll(why)
    this.#rest()
  }
}

/** Runs at once, and turns a throw into a rejection. */
async function settled<T>(run: () => T): Promise<T> {
  return run()
}
