/**
 * The Store contract: what operators know of state. `state/` implements it; operators get it from their context.
 */
import { assert } from '../core/assert.ts'
import { ByteWriter } from '../core/bytes.ts'
import { MillraceError, messageOf } from '../core/errors.ts'
import { type Codec, encodeInto } from '../core/serde.ts'
import type { Facts } from '../core/stored-plan.ts'
import type { WindowForm } from '../core/windows/window-form.ts'
import type { StoreLayout } from './store-layout.ts'

/** A store that a topology declares. */
export interface StoreSpec {
  /** A buffer is its operator's own: it cannot be named, nor asked. */
  readonly kind: 'keyValue' | 'window' | 'session' | 'versioned' | 'buffer'
  readonly name: string
  readonly keyCodec: Codec<unknown>
  readonly valueCodec: Codec<unknown>
  readonly layout: StoreLayout
  /** How a row's time and number are a window; undefined of a store without windows. */
  readonly form: WindowForm | undefined
  /** Of an aggregation over windows: the stream time from which a window is closed, by the time of its row. */
  readonly closeOf?: ((at: number) => number) | undefined
  /** What its rows depend on besides kind and serdes. */
  readonly facts: Facts
  /**
   * Whether processors keep what they like in it. Its rows expire by the stream time of the task: no operator alone
   * knows which rows are old.
   */
  readonly isOfProcessors?: boolean | undefined
  /** Whether its keys are the task's own: then records of a key may come by different partitions. */
  readonly isOfTask?: boolean | undefined
  /** Whether it is a {@link MemberStore}: its keys are pairs, and its values empty. */
  readonly isOfMembers?: boolean | undefined
  /**
   * Whether it is the one copy of a global table: it has one partition, nodes of any sub-topology may read it, and its
   * owner alone writes to it.
   */
  readonly isGlobal?: boolean | undefined
}

/** The name of the store in which a versioned store keeps what is no longer the newest. */
export function historyOf(store: string): string {
  return `${store}.history`
}

/** A key as a store takes it: a carrier is one, and {@link keyOf} makes one of a plain key. */
export interface KeyOf<K> {
  readonly key: K
  readonly isKeyNull: boolean
  /** @throws MillraceError `encode_failed` */
  writeKey(codec: Codec<K>, out: ByteWriter): void
}

export function keyOf<K>(key: K): KeyOf<K> {
  return { key, isKeyNull: key === null, writeKey: (codec, out) => encodeInto(codec, key, out, 'key') }
}

const prefixScratch = new ByteWriter(64)

/**
 * What the bytes of all keys begin with that begin with this one.
 *
 * @throws MillraceError `encode_failed`
 */
export function prefixOf<K>(key: K, codec: Codec<K>): Buffer {
  prefixScratch.at = 0
  try {
    codec.writePrefix(key, prefixScratch)
  } catch (cause) {
    const message = `cannot encode the beginning of a key with ${codec.name}: ${messageOf(cause)}`
    throw new MillraceError('encode_failed', message, { cause })
  }
  return prefixScratch.copyFrom(0)
}

/** One row of a store, for the length of a turn. */
export interface Row<V> {
  readonly exists: boolean
  /**
   * The value, when the row exists. Where a value could be changed in place it is a fresh copy, so that an aggregator
   * may change what it is given without changing what is stored.
   *
   * @throws MillraceError `undecodable` with store, key and partition
   */
  readonly value: V
  readonly timestamp: number
  /**
   * The encoded key as it stands in a topic: the key, then in 8 bytes each its time and number, where it has them.
   * Never changed.
   */
  readonly keyBytes: Buffer
  /** Appends {@link keyBytes}, without a buffer of their own. */
  appendKey(out: ByteWriter): void
}

/** The value of a row before it changes; null: there is none, undefined: there is one, and it is not asked for. */
export function oldValueOf<V>(row: Row<V>, isAsked: boolean): V | null | undefined {
  if (!row.exists) return null
  return isAsked ? row.value : undefined
}

/** What has a key that is encoded already. */
export type RowKey = Pick<Row<unknown>, 'keyBytes' | 'appendKey'>

/** A row of an ordered store. */
export interface OrderedRow<V> extends Row<V> {
  /** `keyBytes` up to here are the key alone. */
  readonly keyEnd: number
  /** What `row` was asked with: the time, 0 where rows have none. */
  readonly at: number
  /** As `at`, the number. */
  readonly number: number
  /** When it is due; -1: never. */
  readonly due: number
  /** The encoded value of a row that exists, which need not decode. */
  readonly valueBytes: Buffer
}

/**
 * Which rows to read: those that fit every bound, which are all inclusive, in the order of the layout. Those of one
 * `key` come in the order of their times.
 */
export interface RowRange<K> {
  readonly key?: KeyOf<K> | undefined
  readonly from?: KeyOf<K> | undefined
  readonly to?: KeyOf<K> | undefined
  /** Keys that begin with these bytes. */
  readonly prefix?: Uint8Array | undefined
  readonly fromTime?: number | undefined
  readonly toTime?: number | undefined
  /** From the last row to the first. */
  readonly isReverse?: boolean | undefined
}

/** A store of one task. Everything that is put belongs to the turn: it is undone with it. */
export interface Store<K, V> {
  /**
   * The row of a key, in a layout with times at `at`: the start of a window, the end of a session, the time of a
   * version or of a buffered record.
   *
   * @throws MillraceError `key_too_long`, `encode_failed`
   */
  row(key: KeyOf<K>, at?: number): Row<V>
  /** @throws MillraceError `encode_failed` */
  put(row: Row<V>, value: V, timestamp: number): void
  /** Puts a value that is known to encode. */
  putTrusted(row: Row<V>, value: V, timestamp: number): void
  remove(row: Row<V>): void
  /** Rows with a time before this have expired; 0 where rows are kept until they are removed. */
  readonly expiredBefore: number
}

/**
 * A store whose layout asks for order.
 *
 * A row that has expired, because stream time has passed its time by the retention, does not exist: it is in no range,
 * and what is put there is not kept. This holds from the moment that stream time moves, whenever the bytes go.
 */
export interface OrderedStore<K, V> extends Store<K, V> {
  /** As {@link Store.row}; `number` tells rows of one key and time apart, where the layout is numbered. */
  row(key: KeyOf<K>, at?: number, number?: number): OrderedRow<V>
  /**
   * The rows that exist, with all that this turn has put and removed.
   *
   * Rows may be put and removed on the way: one that is put ahead of the walk is met, one put where the walk has been
   * is not, and one that is removed ahead is not met. (RocksDB's iterators show the store as it was when they were
   * made.) A row shows what it was when it was reached. Rows are read in pages, and the walk ends with the turn.
   */
  rows(range?: RowRange<K>): Iterable<OrderedRow<V>>
  /**
   * As {@link rows} of one key between two times, both inclusive, in one list: it does not change while rows are put
   * and removed. A layout of segments answers from memory for as long as its rows fit there.
   *
   * @param reachTime where it is before `fromTime`: the last row between both is in the list too, if there is one
   */
  rowsOf(key: KeyOf<K>, fromTime: number, toTime: number, reachTime?: number): readonly OrderedRow<V>[]
  /** The first of the rows that {@link rowsOf} gives; the others are not looked at. */
  firstOf(key: KeyOf<K>, fromTime: number, toTime: number): OrderedRow<V> | undefined
  /** The last of them. */
  lastOf(key: KeyOf<K>, fromTime: number, toTime: number): OrderedRow<V> | undefined
  /** As {@link row}, of a row that is known not to be there: it is not looked for. */
  newRow(key: KeyOf<K>, at: number, number: number): OrderedRow<V>
  /** Makes a row due at a time, in ms of the operator's choice; -1: never. A removed row is never due. */
  setDue(row: OrderedRow<V>, due: number): void
  /**
   * The first rows with 0 <= due <= `until`, by due time, then by the bytes of their keys; at most `max`, without one
   * {@link dueRowsMax}.
   */
  dueRows(until: number, max?: number): readonly OrderedRow<V>[]
  /** When the first row is due; undefined: none is. */
  firstDue(): number | undefined
}

/** A member of a group, and the key of the pair. */
export interface Pair {
  readonly member: unknown
  readonly keyBytes: Buffer
}

/**
 * A store of pairs: which members each group has. Everything that is put belongs to the turn: it is undone with it.
 *
 * Pairs are rows without a value, under the tuple of both keys. Members that were asked for are known as long as they
 * fit into memory.
 */
export interface MemberStore {
  /**
   * @param isNew whether it is known not to be there: then the store does not search for it
   * @throws MillraceError `key_too_long`, `encode_failed`
   */
  join(group: unknown, member: unknown, timestamp: number, isNew: boolean): void
  /**
   * The member need not be there.
   *
   * @throws MillraceError as {@link join}
   */
  leave(group: unknown, member: unknown): void
  /** In the order of their bytes, in a list of their own; undefined if there are more than {@link dueRowsMax}. */
  members(group: unknown): readonly Pair[] | undefined
  /**
   * As {@link members}, however many: read in pages, from this key of a pair on. The group must not change on the way.
   */
  pairs(group: unknown, from?: Uint8Array): Iterable<Pair>
}

/** The store as one that is read in order; its layout must say so. */
export function ordered<K, V>(store: Store<K, V>): OrderedStore<K, V> {
  assert('rows' in store, 'a store that is read in order has a layout that is ordered')
  return store as OrderedStore<K, V>
}

/** The most rows that one job releases. */
export const dueRowsMax = 1_000
