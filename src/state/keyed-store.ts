/**
 * A store whose rows are only ever asked for by key, in layouts `key` and `time`: count, reduce and aggregate, with and
 * without windows. It knows no ranges, so a row costs one lookup in a Map and no bytes of its key.
 */
import { ByteWriter, writeUint64 } from '../core/bytes.ts'
import { MillraceError, messageOf } from '../core/errors.ts'
import type { KeyOf } from '../plan/store.ts'
import type { StateWriter } from '../storage/state-rows.ts'
import { type KeyLayout, keyLayoutOf, type RowPlace } from './layout.ts'
import { KeyedStateRow } from './row.ts'
import { type StoreGround, TurnStore } from './turn-store.ts'

const scratch = new ByteWriter(256)

export class KeyedTurnStore<K, V> extends TurnStore<K, V, KeyedStateRow<V>> {
  readonly #layout: KeyLayout
  readonly #hasTimes: boolean

  constructor(ground: StoreGround) {
    super(ground)
    this.#layout = keyLayoutOf(ground.spec.layout)
    this.#hasTimes = this.#layout.hasTimes
  }

  row(key: KeyOf<K>, at: number = 0): KeyedStateRow<V> {
    const identity = this.#identity(key)
    return this.cache.get(at, identity) ?? this.#load(at, identity, key)
  }

  #identity({ key }: KeyOf<K>): string | number {
    try {
      return this.keyCodec.identity(key)
    } catch (cause) {
      throw new MillraceError(
        'encode_failed',
        `cannot encode the key with ${this.keyCodec.name}: ${messageOf(cause)}`,
        {
          cause,
        },
      )
    }
  }

  #load(at: number, identity: string | number, key: KeyOf<K>): KeyedStateRow<V> {
    const { storeId, partition, reader, spec } = this.ground
    scratch.at = 0
    key.writeKey(this.keyCodec, scratch)
    const keyEnd = scratch.at
    this.#layout.checkLength(spec.name, scratch.bytes, keyEnd)
    if (this.#hasTimes) {
      scratch.ensure(8)
      writeUint64(scratch.bytes, scratch.at, at)
      scratch.at += 8
    }
    const row = new KeyedStateRow<V>(at, identity, scratch.copyFrom(0), this.home)
    const storedKey = this.#layout.storedKey(row.keyBytes, keyEnd, at, 0)
    const stored = reader.get(storeId, partition, storedKey)
    if (stored !== undefined) row.load(stored)
    this.cache.add(row)
    return row
  }

  protected writeRow(writer: StateWriter, row: KeyedStateRow<V>, hasExpired: boolean): void {
    if (hasExpired) return
    const { storeId, partition } = this.ground
    const { keyBytes } = row
    const keyEnd = this.#hasTimes ? keyBytes.length - 8 : keyBytes.length
    const storedKey = this.#layout.storedKey(keyBytes, keyEnd, row.front, 0)
    if (row.exists) writer.put(storeId, partition, storedKey, row.encode())
    else if (row.isStored) writer.remove(storeId, partition, storedKey)
  }

  protected placeOf({ keyBytes, front }: KeyedStateRow<V>): RowPlace {
    return { keyBytes, keyEnd: this.#hasTimes ? keyBytes.length - 8 : keyBytes.length, at: front, number: 0 }
  }

  /** The front of a row is its time. */
  protected get keptFrom(): number {
    return this.expiredBefore
  }

  protected frontKey(front: number): Buffer {
    return this.#layout.frontKey(front)
  }
}
