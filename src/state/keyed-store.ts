/**
 * A store whose rows are only ever asked for by key, in layouts `key` and `time`: count, reduce and aggregate, with and
 * without windows. It knows no ranges, so a row costs one lookup in a Map and no bytes of its key.
 */
import { ByteWriter, writeUint64 } from '../core/bytes.ts'
import { MillraceError, messageOf } from '../core/errors.ts'
import { bytesAsText, isTextOf } from '../core/text.ts'
import type { KeyOf } from '../plan/store.ts'
import type { StateWriter } from '../storage/state-rows.ts'
import { type KeyLayout, keyLayoutOf, type RowPlace } from './layout.ts'
import { KeyedStateRow } from './row.ts'
import { type StoreGround, TurnStore } from './turn-store.ts'

const scratch = new ByteWriter(256)

export class KeyedTurnStore<K, V> extends TurnStore<K, V, KeyedStateRow<V>> {
  readonly #layout: KeyLayout
  readonly #hasTimes: boolean
  /** Whether a row is stored under the bytes of its key, with nothing else. */
  readonly #isKeyAlone: boolean

  constructor(ground: StoreGround) {
    super(ground)
    this.#layout = keyLayoutOf(ground.spec.layout)
    this.#hasTimes = this.#layout.hasTimes
    this.#isKeyAlone = this.#layout.order === 'key' && !this.#layout.hasDueTimes
  }

  row(key: KeyOf<K>, at: number = 0): KeyedStateRow<V> {
    const identity = this.#identity(key)
    this.lookups++
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
    this.misses++
    scratch.at = 0
    key.writeKey(this.keyCodec, scratch)
    const keyEnd = scratch.at
    this.#layout.checkLength(spec.name, scratch.bytes, keyEnd)
    const row = new KeyedStateRow<V>(at, identity, this.#keyOf(identity, at), this.home)
    const stored = reader.get(storeId, partition, this.#isKeyAlone ? scratch.written : this.#storedKey(row))
    if (stored !== undefined) row.load(stored)
    this.cache.add(row)
    return row
  }

  /** The key in the scratch, as its row keeps it. */
  #keyOf(identity: string | number, at: number): Buffer | string {
    if (this.#isKeyAlone) {
      return isTextOf(identity, scratch.bytes, scratch.at) ? identity : bytesAsText(scratch.bytes, 0, scratch.at)
    }
    if (this.#hasTimes) {
      scratch.ensure(8)
      writeUint64(scratch.bytes, scratch.at, at)
      scratch.at += 8
    }
    return scratch.copyFrom(0)
  }

  /** Valid until the next call. */
  #storedKey(row: KeyedStateRow<V>): Buffer {
    if (this.#isKeyAlone) {
      scratch.at = 0
      row.writeKey(scratch)
      return scratch.written
    }
    const { keyBytes } = row
    return this.#layout.storedKey(keyBytes, this.#keyEnd(keyBytes), row.front, 0)
  }

  /** Where the key ends, and the time begins. */
  #keyEnd({ length }: Buffer): number {
    return this.#hasTimes ? length - 8 : length
  }

  protected writeRow(writer: StateWriter, row: KeyedStateRow<V>, hasExpired: boolean): void {
    if (hasExpired) return
    const { storeId, partition } = this.ground
    const storedKey = this.#storedKey(row)
    if (row.exists) writer.put(storeId, partition, storedKey, row.encode())
    else if (row.isStored) writer.remove(storeId, partition, storedKey)
  }

  protected placeOf({ keyBytes, front }: KeyedStateRow<V>): RowPlace {
    return { keyBytes, keyEnd: this.#keyEnd(keyBytes), at: front, number: 0 }
  }

  /** The front of a row is its time. */
  protected get keptFrom(): number {
    return this.expiredBefore
  }

  protected frontKey(front: number): Buffer {
    return this.#layout.frontKey(front)
  }
}
