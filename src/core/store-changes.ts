/**
 * What changes in a store, commit by commit, as its watchers see it.
 */
import type { Observable } from 'rxjs'
import type { Timestamp } from './units.ts'

/** What a commit made of a row. */
export interface StoreChange<K, V> {
  /** The key; in a window store with its window. */
  readonly key: K
  /** Null: the row was removed. */
  readonly value: V | null
  /** That of the row; -1 of one that was removed. */
  readonly timestamp: Timestamp
}

/** More rows were waiting than are kept for a watcher, and they are gone: what it has is to be read again. */
export interface Resync {
  /** Tells it from an array of changes. */
  readonly resync: true
}

/** A store of a running application, to watch. */
export interface StoreChanges<K, V> {
  /**
   * The rows of each commit as one array, the newest of each key, after the commit is durable. What expires is not
   * told. With `app.store(constant, { initial: true })` the first array is the content of the store.
   *
   * There is no backpressure: each array comes in a tick of its own, and when more than 100,000 rows
   * wait, `{ resync: true }` takes their place. It completes when the application is closed and fails when that fails.
   *
   * @example
   * ```ts
   * app.store(totals).changes$.subscribe((changes) => {
   *   if ('resync' in changes) console.log('read it all again')
   *   else for (const { key, value } of changes) console.log(key, value)
   * })
   * ```
   */
  readonly changes$: Observable<readonly StoreChange<K, V>[] | Resync>
}

/** What `app.store` takes besides the constant. */
export interface WatchOptions {
  /** Whether `changes$` begins with the content of the store. Default false. */
  readonly initial?: boolean | undefined
}
