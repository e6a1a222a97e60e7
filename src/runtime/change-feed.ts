/**
 * Hands the rows of commits to those that watch a store. Without a watcher nothing is looked at, let alone decoded.
 */
import { Observable, type Subscriber } from 'rxjs'
import { yieldToEventLoop } from '../core/clock.ts'
import type { Resync, StoreChange } from '../core/store-changes.ts'
import type { StoreSpec } from '../plan/store.ts'

/** The most rows that wait for one watcher. */
const rowsMax = 100_000

export type Changes = readonly StoreChange<unknown, unknown>[]

/** How the application ended. */
interface End {
  readonly error: unknown
}

class Watcher {
  readonly #subscriber: Subscriber<Changes | Resync>
  #queue: (Changes | Resync)[] = []
  #rows = 0
  #end: End | undefined
  #isDelivering = false

  constructor(subscriber: Subscriber<Changes | Resync>) {
    this.#subscriber = subscriber
  }

  add(changes: Changes): void {
    if (this.#rows > 0 && this.#rows + changes.length > rowsMax) {
      this.#queue = [{ resync: true }]
      this.#rows = 0
    } else {
      this.#queue.push(changes)
      this.#rows += changes.length
    }
    void this.#deliver()
  }

  end(end: End): void {
    this.#end = end
    void this.#deliver()
  }

  /** One array in each tick. */
  async #deliver(): Promise<void> {
    if (this.#isDelivering) return
    this.#isDelivering = true
    for (;;) {
      await yieldToEventLoop()
      const next = this.#queue.shift()
      if (next === undefined) break
      if (!('resync' in next)) this.#rows -= next.length
      this.#subscriber.next(next)
    }
    this.#isDelivering = false
    if (this.#end === undefined) return
    if (this.#end.error === undefined) this.#subscriber.complete()
    else this.#subscriber.error(this.#end.error)
  }
}

export class ChangeFeed {
  readonly #watchers = new Map<StoreSpec, Set<Watcher>>()
  readonly #endListeners = new Set<(error: unknown) => void>()
  #end: End | undefined

  /** @param content what the first array holds; undefined: there is none */
  watch(spec: StoreSpec, content: (() => Changes) | undefined): Observable<Changes | Resync> {
    return new Observable((subscriber) => {
      const watcher = new Watcher(subscriber)
      if (this.#end !== undefined) return watcher.end(this.#end)
      const watchers = this.#watchers.get(spec) ?? new Set()
      this.#watchers.set(spec, watchers.add(watcher))
      subscriber.add(() => {
        watchers.delete(watcher)
        if (watchers.size === 0) this.#watchers.delete(spec)
      })
      if (content !== undefined) subscriber.next(content())
    })
  }

  /** @param changesOf the rows of the commit that has just become durable, of a store that is watched */
  committed(changesOf: (spec: StoreSpec) => Changes): void {
    for (const [spec, watchers] of this.#watchers) {
      try {
        const changes = changesOf(spec)
        if (changes.length > 0) for (const watcher of watchers) watcher.add(changes)
      } catch (error) {
        // The commit is durable, so a row that its own serde does not decode is the watchers' trouble alone.
        for (const watcher of watchers) watcher.end({ error })
      }
    }
  }

  /** Calls back when the application has ended, at once if it has, until the returned function is called. */
  onEnd(listener: (error: unknown) => void): () => void {
    if (this.#end !== undefined) listener(this.#end.error)
    this.#endListeners.add(listener)
    return () => this.#endListeners.delete(listener)
  }

  /** @param error undefined when it was closed */
  end(error: unknown): void {
    const end = (this.#end ??= { error })
    for (const listener of this.#endListeners) listener(end.error)
    for (const watchers of this.#watchers.values()) for (const watcher of watchers) watcher.end(end)
  }
}
