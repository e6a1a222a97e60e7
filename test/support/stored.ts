// The databases of a log as LMDB holds them, for tests that look at stored bytes and damage them behind the log's back.
import { open, type Database } from 'lmdb'
import { onTestFinished } from 'vitest'

export interface StoredRow {
  readonly key: Buffer
  readonly value: Buffer
}

export interface Stored {
  /** Every row of a database, in order. */
  rows(database: string): readonly StoredRow[]
  put(database: string, key: Uint8Array, value: Uint8Array): void
  remove(database: string, key: Uint8Array): void
  /** Removes a database with its name. */
  drop(database: string): void
}

/** Opens the databases of a directory that holds a log. */
export function openStored(dir: string): Stored {
  const encodings = { encoding: 'binary', keyEncoding: 'binary' } as const
  const root = open<Buffer, Buffer>({ path: dir, noSubdir: false, maxDbs: 32, overlappingSync: false, ...encodings })
  onTestFinished(() => root.close())
  const databaseOf = (name: string): Database<Buffer, Buffer> => root.openDB<Buffer, Buffer>({ name, ...encodings })
  return {
    rows(database) {
      root.resetReadTxn()
      return [...databaseOf(database).getRange({})]
    },
    put: (database, key, value) => databaseOf(database).putSync(key as Buffer, value as Buffer),
    remove: (database, key) => void databaseOf(database).removeSync(key as Buffer),
    drop: (database) => databaseOf(database).dropSync(),
  }
}

/** A copy with one bit flipped. */
export function withBitFlipped(bytes: Buffer, bit: number): Buffer {
  const flipped = Buffer.from(bytes)
  flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
  return flipped
}
