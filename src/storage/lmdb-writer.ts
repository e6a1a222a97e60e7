/**
 * Puts the changes of a write into LMDB, all of them in one durable transaction.
 *
 * A thread that is terminated while it holds LMDB's mutex for writers takes it along: its process hangs, and all others
 * with it. So a worker thread, which anyone may terminate at any moment, never takes it. It hands its changes to a
 * thread of lmdb's own, in one native call, and sleeps until that one has committed. The main thread is never
 * terminated in between, and commits by itself, which is faster (docs/decisions/0012-no-code-under-lmdbs-mutex.md).
 */
import * as lmdb from 'lmdb'
import { isMainThread } from 'node:worker_threads'
import { monotonicMs } from '../core/clock.ts'
import { type DatabaseName, databaseNames } from './databases.ts'
import type { Databases, Root } from './lmdb-databases.ts'
import { noticeTermination } from './lmdb-threads.ts'
import { type Change, type PackedRows, putRow, removeRow } from './packed-rows.ts'
import { isPacked, PendingRows } from './pending-rows.ts'

/** What we use of lmdb beyond its declarations. */
interface NativeEnvironment {
  readonly address: number
  /**
   * Runs the instructions at an address in a transaction of a thread of its own, and keeps `done` until it has called
   * it.
   */
  startWriting(address: number, done: (status: number) => void): void
}
interface NativeDatabase {
  readonly env: NativeEnvironment
  readonly db: { readonly dbi: number }
}
const { nativeAddon } = lmdb as unknown as {
  readonly nativeAddon: {
    getBufferAddress(bytes: Uint8Array): number
    /** Carries out one instruction; throws, or returns what went wrong. */
    write(environment: number, instruction: number): number | undefined
    lmdbError(status: number): Error
  }
}

/** What lmdb's thread knows besides, and what it writes beside its instructions. */
const goOnAt = 3
const hasCommitted = 0x1000_0000
const hasFailed = 0x4000_0000
/** Of a row that is removed. */
const notFound = -30_798

/**
 * Of an instruction: its kind, the database, the length of the key; then come the key, and two words of eight bytes at
 * most.
 */
const instructionBytes = 48

const nothing = new PendingRows()

/** How long the thread may take to begin; it begins at once unless all threads of the pool are busy. */
const beginMs = 60_000

export class LmdbWriter {
  readonly #root: Root
  readonly #databases: Databases
  /** What lmdb's thread works with, until lmdb has told of the end of each transaction. */
  readonly #underWay = new Set<object>()
  #told: (() => void) | undefined

  constructor(root: Root, databases: Databases) {
    this.#root = root
    this.#databases = databases
  }

  /**
   * What a new snapshot shows after this is what the next {@link write} changes. A process that is killed after its
   * commit has reached the file, and before LMDB has told others of it, still holds LMDB's mutex, and only a writer
   * that takes the mutex finds the commit. Without this, work would read the state before that commit, and change the
   * one after it.
   */
  begin(): void {
    if (isMainThread) this.#root.transactionSync(() => lmdb.ABORT)
    else this.#handOver(nothing)
  }

  /** When this returns, all changes are durable and visible; when it throws, nothing is known of them. */
  write(changes: PendingRows): void {
    if (isMainThread) this.#root.transactionSync(() => this.#putAll(changes))
    else this.#handOver(changes)
  }

  #putAll(changes: PendingRows): void {
    for (const name of databaseNames) {
      const database = this.#databases[name]
      for (const change of changes.of(name)) {
        if (isPacked(change)) this.#putPacked(name, change)
        else if (change.stored === undefined) database.removeSync(change.key)
        else database.putSync(change.key, change.stored)
      }
    }
  }

  /** lmdb carries out one instruction a call in its own transaction; its method for a row makes the same call. */
  #putPacked(name: DatabaseName, rows: PackedRows): void {
    const { env, db } = this.#databases[name] as unknown as NativeDatabase
    const { address } = env
    rows.visit(db.dbi, nativeAddon.getBufferAddress(rows.bytes), (instruction) => {
      const status = nativeAddon.write(address, instruction) ?? 0
      if (status !== 0 && status !== notFound) throw nativeAddon.lmdbError(status)
    })
  }

  #handOver(changes: PendingRows): void {
    const { bytes, words, end } = this.#instructions(changes)
    const { env } = this.#databases.meta as unknown as NativeDatabase
    // lmdb keeps the callback while its thread works, and with it the bytes, also when this thread is terminated
    // meanwhile.
    const transaction = { env, bytes }
    this.#underWay.add(transaction)
    const address = nativeAddon.getBufferAddress(bytes) + firstWord * 8
    noticeTermination()
    env.startWriting(address, () => {
      this.#underWay.delete(transaction)
      if (this.#underWay.size === 0) this.#told?.()
    })
    const askedMs = monotonicMs()
    for (;;) {
      const status = Atomics.load(words, end)
      if ((status & hasCommitted) !== 0) break
      const takenMs = monotonicMs() - askedMs
      const hasBegun = Atomics.load(words, firstWord * 2) >>> 24 !== 0
      if ((status & hasFailed) !== 0 || (!hasBegun && takenMs > beginMs)) throw new Error('LMDB could not commit')
      Atomics.wait(words, end, status, Math.min(1, Math.max(0.05, takenMs / 8)))
    }
    this.#root.resetReadTxn()
  }

  #instructions(changes: PendingRows): {
    readonly bytes: Uint8Array
    readonly words: Int32Array
    readonly end: number
  } {
    const bytes = new Uint8Array(new SharedArrayBuffer(bytesFor(changes)))
    const writer = new InstructionWriter(bytes, nativeAddon.getBufferAddress(bytes))
    for (const name of databaseNames) {
      const { db } = this.#databases[name] as unknown as NativeDatabase
      for (const change of eachChange(changes, name)) writer.add(db.dbi, change)
    }
    return { bytes, words: new Int32Array(bytes.buffer), end: writer.at * 2 }
  }

  /** Whether lmdb has yet to tell of a transaction. */
  get isBusy(): boolean {
    return this.#underWay.size > 0
  }

  /** Resolves when lmdb has told of all transactions: the file must not be closed before. */
  settled(): Promise<void> {
    if (!this.isBusy) return Promise.resolve()
    return new Promise((resolve) => {
      this.#told = resolve
    })
  }
}

/** The word before it takes the number of the transaction when there are no instructions. */
const firstWord = 1

function* eachChange(changes: PendingRows, name: DatabaseName): Generator<Change, undefined> {
  for (const change of changes.of(name)) {
    if (isPacked(change)) yield* change.changes()
    else yield change
  }
}

function bytesFor(changes: PendingRows): number {
  let bytes = instructionBytes
  for (const name of databaseNames) {
    for (const { key, stored } of eachChange(changes, name))
      bytes += 2 * instructionBytes + key.length + (stored?.length ?? 0)
  }
  return Math.ceil(bytes / 8) * 8
}

/** Writes instructions one after the other, each value after the one that puts it. Counts in words of eight bytes. */
class InstructionWriter {
  readonly #bytes: Uint8Array
  readonly #uint32: Uint32Array
  readonly #float64: Float64Array
  readonly #address: number
  /** Where the next one goes; a zero there ends the transaction. */
  at = firstWord

  constructor(bytes: Uint8Array, address: number) {
    this.#bytes = bytes
    this.#uint32 = new Uint32Array(bytes.buffer)
    this.#float64 = new Float64Array(bytes.buffer)
    this.#address = address
  }

  add(database: number, { key, stored }: Change): void {
    const begin = this.at * 2
    this.#uint32[begin] = stored === undefined ? removeRow : putRow
    this.#uint32[begin + 1] = database
    this.#uint32[begin + 2] = key.length
    const keyAt = this.at * 8 + 12
    this.#bytes.set(key, keyAt)
    const next = (keyAt + key.length + 16) >>> 3
    if (stored === undefined) {
      this.at = next
      return
    }
    const valueAt = (next + 3) * 8
    this.#uint32[next * 2 - 1] = stored.length
    this.#float64[next] = this.#address + valueAt
    this.#uint32[next * 2 + 2] = goOnAt
    this.#bytes.set(stored, valueAt)
    this.at = (valueAt + stored.length + 7) >>> 3
    this.#float64[next + 2] = this.#address + this.at * 8
  }
}
