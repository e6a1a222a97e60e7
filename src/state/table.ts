/**
 * A store of one partition: rows in a bounded cache over the environment, written back once for each key and commit.
 *
 * A key-value store is a window store with the one window 0. Rows of windows are ordered by the start of the window first,
 * so that the rows of one time lie together and the oldest are a range.
 */
import { ByteWriter, writeUint64 } from '../core/bytes.ts'
import type { Carrier } from '../plan/carrier.ts'
import { MillraceError, messageOf } from '../core/errors.ts'
import type { Codec } from '../core/serde.ts'
import type { Row, State, StoreSpec } from '../plan/store.ts'
import type { StreamTime } from '../plan/operator.ts'
import type { Turn } from '../plan/turn.ts'
import { keyBytesMax } from '../storage/keys.ts'
import type { StateReader, StateWriter } from '../storage/state-rows.ts'
import { StateRow } from './row.ts'
import { RowCache } from './row-cache.ts'

/** Bytes of a row's key on disk beside the user's key: store id, partition, window start. */
const keyOverheadBytes = 16

/** Expired rows are removed in pages of so many. */
const expiredPage = 1_000

const scratch = new ByteWriter(256)

export class StateTable<K, V> implements State<K, V> {
  readonly #spec: StoreSpec
  readonly #storeId: number
  readonly #partition: number
  readonly #reader: StateReader
  readonly #turn: Turn
  readonly #streamTime: StreamTime | undefined
  readonly #keyCodec: Codec<K>
  readonly #valueCodec: Codec<V>
  readonly #cache = new RowCache<V>()
  #dirty: StateRow<V>[] = []

  constructor(
    spec: StoreSpec,
    storeId: number,
    partition: number,
    reader: StateReader,
    turn: Turn,
    streamTime: StreamTime | undefined,
  ) {
    this.#spec = spec
    this.#storeId = storeId
    this.#partition = partition
    this.#reader = reader
    this.#turn = turn
    this.#streamTime = streamTime
    this.#keyCodec = spec.keyCodec as Codec<K>
    this.#valueCodec = spec.valueCodec as Codec<V>
  }

  row(windowStart: number, carrier: Carrier<K>): StateRow<V> {
    const identity = this.#identity(carrier)
    return this.#cache.get(windowStart, identity) ?? this.#load(windowStart, identity, carrier)
  }

  #identity(carrier: Carrier<K>): string | number {
    const { key } = carrier
    try {
      return this.#keyCodec.identity(key)
    } catch (cause) {
      throw new MillraceError(
        'encode_failed',
        `cannot encode the key with ${this.#keyCodec.name}: ${messageOf(cause)}`,
        {
          cause,
        },
      )
    }
  }

  #load(windowStart: number, identity: string | number, carrier: Carrier<K>): StateRow<V> {
    scratch.at = 0
    carrier.writeKey(this.#keyCodec, scratch)
    if (scratch.at + keyOverheadBytes > keyBytesMax) {
      throw new MillraceError(
        'key_too_long',
        `the key has ${scratch.at} bytes; store "${this.#spec.name}" takes keys of up to ${keyBytesMax - keyOverheadBytes}`,
        { store: this.#spec.name },
      )
    }
    if (this.#spec.window !== undefined) {
      scratch.ensure(8)
      writeUint64(scratch.bytes, scratch.at, windowStart)
      scratch.at += 8
    }
    const row = new StateRow(windowStart, identity, scratch.copyFrom(0), this.#valueCodec)
    const stored = this.#reader.get(this.#storeId, this.#partition, this.#storedKey(row))
    if (stored !== undefined) row.load(stored)
    this.#cache.add(row)
    return row
  }

  /** In a topic the start stands behind the key, in a store before it. */
  #storedKey({ keyBytes, windowStart }: StateRow<V>): Buffer {
    return this.#spec.window === undefined ? keyBytes : windowRowKey(windowStart, keyBytes, keyBytes.length - 8)
  }

  put(row: Row<V>, value: V, timestamp: number): void {
    const changed = this.#change(row as StateRow<V>)
    changed.set(value, timestamp)
    this.#cache.recount(changed)
  }

  putTrusted(row: Row<V>, value: V, timestamp: number): void {
    this.#change(row as StateRow<V>).setTrusted(value, timestamp)
  }

  remove(row: Row<V>): void {
    const changed = this.#change(row as StateRow<V>)
    changed.clear()
    this.#cache.recount(changed)
  }

  #change(row: StateRow<V>): StateRow<V> {
    if (row.turn !== this.#turn.number) {
      row.save(this.#turn.number)
      this.#turn.touch(row)
    }
    if (!row.isDirty) {
      row.isDirty = true
      this.#dirty.push(row)
    }
    return row
  }

  /** What the store holds in memory, roughly. */
  get memoryBytes(): number {
    return this.#cache.bytes
  }

  /** Writes what changed, and removes windows that stream time has left behind. */
  write(writer: StateWriter): void {
    for (const row of this.#dirty) {
      if (row.exists) writer.put(this.#storeId, this.#partition, this.#storedKey(row), row.encode())
      else writer.remove(this.#storeId, this.#partition, this.#storedKey(row))
    }
    const expiredBefore = this.#expiredBefore()
    if (expiredBefore <= 0) return
    const end = windowRowKey(expiredBefore, scratch.bytes, 0)
    for (;;) {
      const expired = this.#reader.range(this.#storeId, this.#partition, firstKey, end, expiredPage)
      for (const { key } of expired) writer.remove(this.#storeId, this.#partition, key)
      if (expired.length < expiredPage) return
    }
  }

  /** Windows that start before this time are kept no longer. */
  #expiredBefore(): number {
    const { window } = this.#spec
    return window === undefined || this.#streamTime === undefined ? 0 : this.#streamTime.now - window.retentionMs + 1
  }

  /** After the commit is durable. */
  committed(): void {
    for (const row of this.#dirty) row.isDirty = false
    this.#dirty = []
    const expiredBefore = this.#expiredBefore()
    if (expiredBefore > 0) this.#cache.dropBefore(expiredBefore)
  }

  /** Makes room: drops rows that were not used for a while. Only directly after {@link committed}. */
  age(): void {
    this.#cache.age()
  }
}

const firstKey = Buffer.alloc(0)

/** The key of a window's row in its store: the start of the window, then the key. */
export function windowRowKey(windowStart: number, key: Uint8Array, keyLength: number): Buffer {
  const stored = Buffer.allocUnsafe(8 + keyLength)
  writeUint64(stored, 0, windowStart)
  stored.set(key.subarray(0, keyLength), 8)
  return stored
}
