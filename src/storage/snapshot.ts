/**
 * Which snapshot LMDB reads: it keeps one until it is told otherwise or the event loop has gone round, and says nothing
 * but that a new one begins.
 */
import type { EventEmitter } from 'node:events'
import type { Databases, Root } from './lmdb-databases.ts'

export class Snapshot {
  /** Another number for each snapshot that is read. */
  number = 0
  readonly #root: Root

  constructor(root: Root, databases: Databases) {
    this.#root = root
    for (const database of Object.values(databases) as unknown as EventEmitter[]) {
      database.addListener('begin-transaction', () => this.next())
    }
  }

  /** What is read next is of another one, or has changed. */
  next(): void {
    this.number++
  }

  /** What is read next is of the newest commit. */
  renew(): void {
    this.#root.resetReadTxn()
    this.next()
  }
}
