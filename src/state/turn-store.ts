/**
 * What every store of a partition is: rows in a bounded cache over what is committed, changed under the turn and
 * written once for each key and commit. How rows are laid out and found is for the subclasses to say.
 */
import type { Codec } from '../core/serde.ts'
import type { StreamTime } from '../plan/operator.ts'
import type { KeyOf, Row, Store, StoreSpec } from '../plan/store.ts'
import type { Turn } from '../plan/turn.ts'
import type { StateReader, StateWriter } from '../storage/state-rows.ts'
import type { RowPlace } from './layout.ts'
import type { RowHome, StateRow } from './row.ts'
import { RowCache } from './row-cache.ts'

/** What a store stands on. */
export interface StoreGround {
  readonly spec: StoreSpec
  readonly storeId: number
  readonly partition: number
  readonly reader: StateReader
  readonly turn: Turn
  /** By which rows expire. */
  readonly streamTime: Pick<StreamTime, 'now'> | undefined
  /** How much more the stores may take in memory. Without it there is no bound. */
  readonly roomBytes?: (() => number) | undefined
}

/** A row of a commit; its value is undefined when it was removed. */
export interface ChangedRow {
  readonly key: unknown
  readonly at: number
  readonly number: number
  readonly value: unknown
  readonly timestamp: number
}

/** A store as the engine knows it. */
export interface CommittableStore {
  /** How many rows were asked for by key. */
  readonly lookups: number
  /** How many of them had to be read from the disk. */
  readonly misses: number
  /** How often the cache had a row that an earlier commit had left there, counted once for each commit. */
  readonly found: number
  /** How often it did not have a row, whether or not the disk was asked. */
  readonly notFound: number
  /** What the store holds in memory, roughly. */
  readonly memoryBytes: number
  /** How many rows the next commit changes. */
  readonly changedRows: number
  /** Writes what changed, and removes what has expired. */
  write(writer: StateWriter): void
  /** The rows that the commit which is being made or has just become durable changes. */
  changed(): ChangedRow[]
  /** After the commit is durable. */
  committed(): void
  /** Makes room: drops rows that were not used for a while. Only directly after {@link committed}. */
  age(): void
  /**
   * Makes more room, after {@link age}: gives up a part of what it knows and can read again. False when there is none.
   */
  forget(): boolean
}

/** A commit removes this many times the rows that it changes, or this many: more than come, and not all at once. */
const removedOfChanged = 2
const removedRowsMin = 10_000

export abstract class TurnStore<K, V, R extends StateRow<V>> implements Store<K, V> {
  protected readonly ground: StoreGround
  protected readonly keyCodec: Codec<K>
  protected readonly home: RowHome<V>
  protected readonly cache: RowCache<R> = new RowCache<R>()
  lookups = 0
  misses = 0
  readonly #turn: Turn
  readonly #expiry: { readonly streamTime: Pick<StreamTime, 'now'>; readonly retentionMs: number } | undefined
  #dirty: R[] = []
  /** Rows before this are gone from storage. */
  #removedBefore = -1
  /** Whether the commit that is being made removes all rows that have expired; the next ones remove the rest. */
  #isAllRemoved = true

  constructor(ground: StoreGround) {
    this.ground = ground
    this.#turn = ground.turn
    const { spec, partition, streamTime } = ground
    const { retentionMs } = spec.layout
    this.#expiry = retentionMs === undefined || streamTime === undefined ? undefined : { streamTime, retentionMs }
    this.keyCodec = spec.keyCodec as Codec<K>
    this.home = { store: spec.name, partition, codec: spec.valueCodec as Codec<V> }
  }

  abstract row(key: KeyOf<K>, at?: number): R

  put(row: Row<V>, value: V, timestamp: number): void {
    const changed = this.change(row as R)
    changed.set(value, timestamp)
    this.cache.recount(changed)
  }

  putTrusted(row: Row<V>, value: V, timestamp: number): void {
    const changed = this.change(row as R)
    changed.setTrusted(value, timestamp)
    if (typeof value !== 'number') this.cache.recount(changed)
  }

  remove(row: Row<V>): void {
    const changed = this.change(row as R)
    changed.clear()
    this.cache.recount(changed)
  }

  /** Makes a row ready to be changed in this turn. */
  protected change(row: R): R {
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

  get found(): number {
    return this.cache.found
  }

  get notFound(): number {
    return this.cache.notFound
  }

  get changedRows(): number {
    return this.#dirty.length
  }

  get memoryBytes(): number {
    return this.cache.bytes
  }

  /** Rows with a time before this have expired; 0 where rows are kept until they are removed. */
  get expiredBefore(): number {
    const expiry = this.#expiry
    return expiry === undefined ? 0 : Math.max(0, expiry.streamTime.now - expiry.retentionMs + 1)
  }

  /** The front of the first rows that have not all expired. */
  protected abstract readonly keptFrom: number

  /** The first key of the rows with this front. */
  protected abstract frontKey(front: number): Buffer

  /** @param expiredBefore rows with a time before this are not written */
  protected abstract writeRow(writer: StateWriter, row: R, expiredBefore: number): void

  write(writer: StateWriter): void {
    const { storeId, partition } = this.ground
    const { keptFrom, expiredBefore } = this
    for (const row of this.#dirty) this.writeRow(writer, row, expiredBefore)
    if (keptFrom > this.#removedBefore && keptFrom > 0) {
      const rowsMax = Math.max(removedRowsMin, removedOfChanged * this.#dirty.length)
      const left = writer.removeRange(storeId, partition, this.frontKey(0), this.frontKey(keptFrom), rowsMax)
      this.#isAllRemoved = left === undefined
    }
  }

  /** Where a row is. */
  protected abstract placeOf(row: R): RowPlace

  changed(): ChangedRow[] {
    const { expiredBefore } = this
    const places = this.#dirty.map((row) => ({ row, place: this.placeOf(row) }))
    return places
      .filter(({ place }) => place.at >= expiredBefore)
      .map(({ row, place: { keyBytes, keyEnd, at, number } }) => ({
        key: this.keyCodec.read(keyBytes, 0, keyEnd),
        at,
        number,
        value: row.exists ? row.value : undefined,
        timestamp: row.timestamp,
      }))
  }

  committed(): void {
    for (const row of this.#dirty) {
      if (!row.exists) this.gone(row)
      row.committed()
    }
    this.#dirty = []
    this.cache.committed()
    const { keptFrom } = this
    if (keptFrom <= this.#removedBefore) return
    if (this.#isAllRemoved) this.#removedBefore = keptFrom
    this.cache.dropBefore(keptFrom)
  }

  /** The commit that has just become durable has removed a row, if it was there before. */
  protected gone(row: R): void {
    this.cache.delete(row)
  }

  age(): void {
    this.cache.age()
  }

  forget(): boolean {
    return false
  }
}
