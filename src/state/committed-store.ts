/**
 * A store as of the last commit, over all its partitions: what queries read, through the same layouts as the running
 * store.
 */
import { MillraceError, messageOf } from '../core/errors.ts'
import type { Codec } from '../core/serde.ts'
import { shownBytes } from '../core/shown.ts'
import type { KeyOf, RowRange, StoreSpec } from '../plan/store.ts'
import type { StateReader, StoredRow } from '../storage/state-rows.ts'
import { type KeyLayout, keyLayoutOf, type RowPlace } from './layout.ts'
import { PagedRows, type RowSource } from './paged-rows.ts'
import { boundsOf, encodedKey, type Fronts, type KeyBounds, spansOf } from './ranges.ts'
import { decoded, storedTimestamp, valueBegin } from './row.ts'

/** A row, decoded for each query. */
export interface CommittedRow<K, V> {
  readonly key: K
  readonly value: V
  readonly timestamp: number
  readonly partition: number
  /** As of an `OrderedRow`. */
  readonly at: number
  readonly number: number
}

/** Where the rows are. */
export interface CommittedGround {
  readonly reader: StateReader
  /** Makes the newest commits visible to the reader. */
  refresh(): void
  readonly spec: StoreSpec
  readonly storeId: number
  readonly partitions: number
  /** By which rows expire, as of the last commit; undefined where they are kept until they are removed. */
  readonly expiryTime?: ((partition: number) => number) | undefined
}

/** A row that is not decoded yet, and the partition that it is in. */
interface FoundRow {
  readonly partition: number
  readonly stored: StoredRow
}

export class CommittedStore<K, V> {
  readonly #ground: CommittedGround
  readonly #layout: KeyLayout
  readonly #keyCodec: Codec<K>

  constructor(ground: CommittedGround) {
    this.#ground = ground
    this.#layout = keyLayoutOf(ground.spec.layout)
    this.#keyCodec = ground.spec.keyCodec as Codec<K>
  }

  /**
   * The row of a key, as of one commit.
   *
   * @throws MillraceError `encode_failed`, `undecodable`
   */
  get(key: KeyOf<K>, at: number = 0, number: number = 0): CommittedRow<K, V> | undefined {
    const { reader, storeId, partitions } = this.#ground
    const bytes = encodedKey(key, this.#keyCodec)
    const storedKey = this.#layout.storedKey(bytes, bytes.length, at, number)
    this.#ground.refresh()
    for (let partition = 0; partition < partitions; partition++) {
      const value = reader.get(storeId, partition, storedKey)
      if (value === undefined || at < this.#expiredBefore(partition)) continue
      return this.#decoded({ partition, stored: { key: storedKey, value } })
    }
    return undefined
  }

  /**
   * The rows of a range from all partitions, in the order of the layout. They are read in pages, each as of the commit
   * that is the newest by then.
   *
   * @throws MillraceError `encode_failed`; on the way `undecodable`
   */
  rows(range: RowRange<K> = {}): Iterable<CommittedRow<K, V>> {
    const { reader } = this.#ground
    const fresh: StateReader = {
      get: (...question) => reader.get(...question),
      range: (...question) => {
        this.#ground.refresh()
        return reader.range(...question)
      },
    }
    return this.#rowsIn(boundsOf(range, this.#keyCodec, 0), fresh)
  }

  /** As {@link rows}, all of them as of one commit. */
  rowsAtOnce(range: RowRange<K>): CommittedRow<K, V>[] {
    const bounds = boundsOf(range, this.#keyCodec, 0)
    this.#ground.refresh()
    return [...this.#rowsIn(bounds, this.#ground.reader)]
  }

  *#rowsIn(bounds: KeyBounds, reader: StateReader): Generator<CommittedRow<K, V>, undefined> {
    const partitions = Array.from({ length: this.#ground.partitions }, (_, partition) =>
      this.#found(partition, bounds, reader),
    )
    for (const found of merged(partitions, bounds.isReverse)) {
      const row = this.#decoded(found)
      if (row.at > bounds.toTime || row.at < bounds.fromTime) continue
      if (row.at >= this.#expiredBefore(row.partition)) yield row
    }
  }

  /** Rows of a partition with a time before this have expired, though their bytes may still be there. */
  #expiredBefore(partition: number): number {
    const { spec, expiryTime } = this.#ground
    const { retentionMs } = spec.layout
    if (retentionMs === undefined || expiryTime === undefined) return 0
    return Math.max(0, expiryTime(partition) - retentionMs + 1)
  }

  *#found(partition: number, bounds: KeyBounds, reader: StateReader): Generator<FoundRow, undefined> {
    const source: RowSource = { reader, storeId: this.#ground.storeId, partition }
    for (const span of spansOf(this.#layout, bounds, committedFronts(this.#layout, source))) {
      const rows = new PagedRows(source, span, bounds.isReverse)
      for (let stored = rows.head; stored !== undefined; stored = rows.head) {
        yield { partition, stored }
        rows.advance()
      }
    }
  }

  /** @throws MillraceError `undecodable` */
  #decoded({ partition, stored }: FoundRow): CommittedRow<K, V> {
    const { spec } = this.#ground
    const place = this.#placeOf(partition, stored.key)
    const { keyBytes, keyEnd, at, number } = place
    const home = { store: spec.name, partition, codec: spec.valueCodec as Codec<V> }
    const value = decoded(home, place, stored.value, valueBegin(spec.layout))
    return {
      key: this.#keyOf(partition, keyBytes, keyEnd),
      value,
      timestamp: storedTimestamp(stored.value),
      partition,
      at,
      number,
    }
  }

  #placeOf(partition: number, stored: Buffer): RowPlace {
    try {
      return this.#layout.placeOf(stored)
    } catch (cause) {
      throw this.#undecodableKey(partition, stored, cause)
    }
  }

  #keyOf(partition: number, keyBytes: Buffer, keyEnd: number): K {
    try {
      return this.#keyCodec.read(keyBytes, 0, keyEnd)
    } catch (cause) {
      throw this.#undecodableKey(partition, keyBytes, cause)
    }
  }

  #undecodableKey(partition: number, bytes: Buffer, cause: unknown): MillraceError {
    const { name } = this.#ground.spec
    return new MillraceError(
      'undecodable',
      `the key ${shownBytes(bytes)} of store "${name}", partition ${partition}, cannot be decoded as ${this.#keyCodec.name}: ` +
        `${messageOf(cause)}. If the serde has changed, give it a new name`,
      { store: name, partition, cause },
    )
  }
}

function committedFronts(layout: KeyLayout, { reader, storeId, partition }: RowSource): Fronts {
  const frontAt = (from: Buffer, to: Buffer | undefined, isReverse: boolean): number | undefined => {
    const [found] = reader.range(storeId, partition, from, to, 1, isReverse)
    return found === undefined ? undefined : layout.frontOf(found.key)
  }
  return {
    next: (front) => frontAt(layout.frontKey(front), layout.endKey, false),
    previous: (front) => frontAt(layout.firstKey, layout.frontKey(front + 1), true),
  }
}

/** The rows of all partitions, merged in the order of their keys. */
function* merged(
  partitions: readonly Iterator<FoundRow, undefined>[],
  isReverse: boolean,
): Generator<FoundRow, undefined> {
  const heads = partitions.map((rows) => rows.next())
  for (;;) {
    let best: FoundRow | undefined
    let bestIndex = -1
    for (const [index, { value }] of heads.entries()) {
      if (value === undefined) continue
      if (best !== undefined && value.stored.key.compare(best.stored.key) < 0 === isReverse) continue
      best = value
      bestIndex = index
    }
    const from = partitions[bestIndex]
    if (best === undefined || from === undefined) return
    yield best
    heads[bestIndex] = from.next()
  }
}
