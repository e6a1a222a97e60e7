/**
 * A store whose rows are only ever asked for by key, in layouts `key` and `time`: count, reduce and aggregate, with and
 * without windows. It knows no ranges, so a row costs one lookup in a Map and no bytes of its key.
 *
 * Windows that begin after all those that are stored are complete in memory, until rows of theirs are dropped from it:
 * a row of such a window that is not in memory is not anywhere, and nothing is read for it.
 */
import { ByteWriter } from '../core/bytes.ts'
import { MillraceError, messageOf } from '../core/errors.ts'
import { bytesAsText, isTextOf } from '../core/text.ts'
import type { KeyOf } from '../plan/store.ts'
import type { StateWriter } from '../storage/state-rows.ts'
import { type KeyLayout, keyLayoutOf, type RowPlace } from './layout.ts'
import { type KeyedHome, KeyedStateRow } from './row.ts'
import { type StoreGround, TurnStore } from './turn-store.ts'

const scratch = new ByteWriter(256)

export class KeyedTurnStore<K, V> extends TurnStore<K, V, KeyedStateRow<V>> {
  readonly #layout: KeyLayout
  readonly #keyedHome: KeyedHome<V>
  /** Whether a row is stored under the bytes of its key, with nothing else. */
  readonly #isKeyAlone: boolean
  /** All rows with this front or a later one are in memory. Not known before the first commit. */
  #completeFrom = Number.POSITIVE_INFINITY

  constructor(ground: StoreGround) {
    super(ground)
    this.#layout = keyLayoutOf(ground.spec.layout)
    this.#keyedHome = { ...this.home, hasTimes: this.#layout.hasTimes }
    this.#isKeyAlone = !this.#layout.hasTimes && !this.#layout.hasDueTimes
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
    scratch.at = 0
    key.writeKey(this.keyCodec, scratch)
    const { bytes, at: end } = scratch
    this.#layout.checkLength(spec.name, bytes, end)
    const text = isTextOf(identity, bytes, end) ? identity : bytesAsText(bytes, 0, end)
    const row = new KeyedStateRow<V>(at, identity, text, this.#keyedHome)
    if (at < this.#completeFrom) {
      this.misses++
      const stored = reader.get(storeId, partition, this.#isKeyAlone ? scratch.written : this.#storedKey(row))
      if (stored !== undefined) row.load(stored)
    }
    this.cache.add(row)
    return row
  }

  /** Valid until the next call. */
  #storedKey(row: KeyedStateRow<V>): Buffer {
    scratch.at = 0
    this.#layout.writeFront(scratch, row.front)
    row.appendKeyAlone(scratch)
    return scratch.written
  }

  protected writeRow(writer: StateWriter, row: KeyedStateRow<V>, expiredBefore: number): void {
    if (row.front < expiredBefore) return
    const { storeId, partition } = this.ground
    const storedKey = this.#storedKey(row)
    if (row.exists) writer.put(storeId, partition, storedKey, row.encode())
    else if (row.isStored) writer.remove(storeId, partition, storedKey)
  }

  override committed(): void {
    super.committed()
    if (this.#layout.hasTimes && this.#completeFrom === Number.POSITIVE_INFINITY) this.#findComplete()
  }

  #findComplete(): void {
    const { storeId, partition, reader } = this.ground
    const [last] = reader.range(storeId, partition, this.#layout.firstKey, this.#layout.endKey, 1, true)
    this.#completeFrom = last === undefined ? 0 : this.#layout.frontOf(last.key) + 1
  }

  override age(): void {
    this.#completeFrom = Math.max(this.#completeFrom, this.cache.age() + 1)
  }

  protected placeOf({ keyBytes, front }: KeyedStateRow<V>): RowPlace {
    return { keyBytes, keyEnd: this.#layout.hasTimes ? keyBytes.length - 8 : keyBytes.length, at: front, number: 0 }
  }

  /** The front of a row is its time. */
  protected get keptFrom(): number {
    return this.expiredBefore
  }

  protected frontKey(front: number): Buffer {
    return this.#layout.frontKey(front)
  }
}
