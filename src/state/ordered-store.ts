/**
 * A store that is read in order: by key, by time, and by due time where its layout asks for that. Rows are known by the
 * bytes of their stored keys, in memory as one character for each byte, whose order is that of the bytes.
 */
import { assert } from '../core/assert.ts'
import { ByteWriter } from '../core/bytes.ts'
import { RecentTexts } from '../core/recent-texts.ts'
import { bytesAsText } from '../core/text.ts'
import { dueRowsMax, type KeyOf, type OrderedRow, type OrderedStore, type Row, type RowRange } from '../plan/store.ts'
import type { StateWriter } from '../storage/state-rows.ts'
import type { OrderedStoredRow } from './front-rows.ts'
import { KeySpans } from './key-spans.ts'
import { type KeyLayout, keyLayoutOf, type RowPlace } from './layout.ts'
import { DueEntry, OrderedStateRow, type OrderedHome } from './ordered-row.ts'
import { type RecentHome, RecentRows } from './recent-rows.ts'
import { storedRows } from './paged-rows.ts'
import { boundsOf, type Fronts, spansOf } from './ranges.ts'
import { valueBegin } from './row.ts'
import { TurnOrder } from './turn-order.ts'
import { type StoreGround, TurnStore } from './turn-store.ts'

const scratch = new ByteWriter(256)
const storedScratch = new ByteWriter(256)
const noBytes = Buffer.alloc(0)
/** What stored keys of one key have in common. */
const commonTexts = new RecentTexts(bytesAsText)
/** The key that was asked for last: a record asks several times, and so do both buffers of a join. */
const last: { key: unknown; codec: unknown; common: string } = { key: undefined, codec: undefined, common: '' }
/** After every segment that a time can be in. */
const newestFront = Number.MAX_SAFE_INTEGER

export class OrderedTurnStore<K, V> extends TurnStore<K, V, OrderedStateRow<V>> implements OrderedStore<K, V> {
  readonly #layout: KeyLayout
  readonly #orderedHome: OrderedHome<V>
  readonly #byKey: TurnOrder<OrderedStateRow<V>>
  readonly #byDue: TurnOrder<DueEntry<V>>
  readonly #spans: KeySpans<K, V>

  constructor(ground: StoreGround) {
    super(ground)
    const layout = keyLayoutOf(ground.spec.layout)
    this.#layout = layout
    const { hasDueTimes } = layout
    this.#orderedHome = {
      ...this.home,
      layout,
      hasDueTimes,
      valueAt: valueBegin(ground.spec.layout),
      relist: (row) => {
        if (row.isKept) this.#list(row)
      },
    }
    this.#byKey = new TurnOrder(
      ground,
      { from: layout.firstKey, to: layout.endKey },
      {
        hasChanged: ({ key, text }) => this.#known(layout.frontOf(key), text)?.isDirty === true,
        entryOf: (stored) => this.#rowOf(stored),
      },
    )
    this.#byDue = new TurnOrder(
      ground,
      { from: layout.dueKeyFrom(0), to: undefined },
      {
        hasChanged: (stored) => this.#cachedOfDue(stored)?.isDirty === true,
        entryOf: (stored) => this.#dueEntryOf(stored),
      },
    )
    this.#spans = new KeySpans({
      layout,
      turn: ground.turn,
      newRecent: () => this.#newRecent(),
      commonKey: (key) => this.#commonKey(key),
      rows: (range) => this.rows(range),
    })
  }

  row(key: KeyOf<K>, at: number = 0, number: number = 0): OrderedStateRow<V> {
    return this.#rowAt(key, at, number, false)
  }

  newRow(key: KeyOf<K>, at: number, number: number): OrderedStateRow<V> {
    return this.#rowAt(key, at, number, true)
  }

  #rowAt(key: KeyOf<K>, at: number, number: number, isNew: boolean): OrderedStateRow<V> {
    if (!isNew) this.lookups++
    const front = this.#layout.front(at)
    const recent = this.#spans.recentAt(at)
    if (recent !== undefined) {
      const common = this.#commonKey(key)
      this.#layout.checkCommonKey(this.ground.spec.name, common)
      const hasExpired = at < this.expiredBefore
      if (!isNew && !hasExpired) return this.#recentRow(recent, front, common, at, number)
      const row = this.#newRow(front, common, undefined, at, number)
      return hasExpired ? row : this.#keep(row)
    }
    scratch.at = 0
    key.writeKey(this.keyCodec, scratch)
    this.#layout.checkLength(this.ground.spec.name, scratch.bytes, scratch.at)
    storedScratch.at = 0
    this.#layout.writeStoredKey(storedScratch, scratch.bytes, scratch.at, at, number)
    const text = bytesAsText(storedScratch.bytes, 0, storedScratch.at)
    const hasExpired = at < this.expiredBefore
    const cached = hasExpired ? undefined : this.cache.get(front, text)
    if (cached !== undefined) return cached
    const row = this.#newRow(front, undefined, text, at, number)
    if (hasExpired) return row
    return this.#keep(isNew ? row : this.#read(row))
  }

  /** One of both is given: the stored key, or what stored keys of its key have in common. */
  #newRow(front: number, common: string | undefined, text: string | undefined, at: number, number: number) {
    return new OrderedStateRow(front, common, text, at, number, this.#orderedHome)
  }

  #recentRow(recent: RecentRows<V>, front: number, common: string, at: number, number: number): OrderedStateRow<V> {
    const row = recent.find(front, common, at, number) ?? this.#newRow(front, common, undefined, at, number)
    return row.isKept ? row : this.#keep(row)
  }

  /** A key as the stored keys of its rows have it, in order `segment`. */
  #commonKey(key: KeyOf<K>): string {
    if (last.key === key && last.codec === this.keyCodec) return last.common
    scratch.at = 0
    key.writeKey(this.keyCodec, scratch)
    storedScratch.at = 0
    this.#layout.writeCommonKey(storedScratch, scratch.bytes, scratch.at)
    last.common = commonTexts.read(storedScratch.bytes, 0, storedScratch.at)
    last.key = key
    last.codec = this.keyCodec
    return last.common
  }

  /** The row of a stored key, if it is in memory as an object. */
  #known(front: number, text: string): OrderedStateRow<V> | undefined {
    if (this.#spans.recent === undefined) return this.cache.get(front, text)
    const layout = this.#layout
    const at = layout.timeOfText(text)
    const recent = this.#spans.recentAt(at)
    if (recent === undefined) return this.cache.get(front, text)
    return recent.known(front, layout.commonKeyOf(text), at, layout.numberOfText(text))
  }

  #hasExpired({ at }: OrderedStateRow<V>): boolean {
    return at < this.expiredBefore
  }

  /** Takes over what is committed of a row. */
  #read(row: OrderedStateRow<V>): OrderedStateRow<V> {
    const { reader, storeId, partition } = this.ground
    this.misses++
    const stored = reader.get(storeId, partition, row.storedKey)
    if (stored !== undefined) row.load(stored)
    return row
  }

  #keep(row: OrderedStateRow<V>): OrderedStateRow<V> {
    row.isKept = true
    const recent = this.#spans.recentAt(row.at)
    if (recent === undefined) this.cache.add(row)
    else recent.add(row)
    return row
  }

  override put(row: Row<V>, value: V, timestamp: number): void {
    const own = this.#own(row)
    super.put(own, value, timestamp)
    this.#list(own)
  }

  override putTrusted(row: Row<V>, value: V, timestamp: number): void {
    const own = this.#own(row)
    super.putTrusted(own, value, timestamp)
    this.#list(own)
  }

  override remove(row: Row<V>): void {
    super.remove(this.#own(row))
  }

  setDue(row: OrderedRow<V>, due: number): void {
    const own = this.#own(row)
    assert(this.#layout.hasDueTimes, 'rows with due times are in a store whose layout has them')
    assert(own.exists && Number.isSafeInteger(due) && due >= -1, 'a row that is there is due at a time, or never')
    this.change(own).due = due
    this.#list(own)
  }

  /** A row that a range found may meanwhile be known by its key: there is one row for each. */
  #own(row: Row<V>): OrderedStateRow<V> {
    const given = row as OrderedStateRow<V>
    if (given.isKept || this.#hasExpired(given)) return given
    const recent = this.#spans.recentAt(given.at)
    const known =
      recent === undefined
        ? this.cache.get(given.front, given.text)
        : recent.known(given.front, given.key, given.at, given.number)
    return known ?? this.#keep(given)
  }

  /** What is put in an expired row is not stored: only the caller that put it sees it. */
  protected override change(row: OrderedStateRow<V>): OrderedStateRow<V> {
    return row.isKept ? super.change(row) : row
  }

  /** Lists a changed row where it stands now. */
  #list(row: OrderedStateRow<V>): void {
    if (!row.isKept) return
    if (row.exists) {
      this.#byKey.add(row)
      if (!row.isGathered) this.#spans.recentAt(row.at)?.add(row)
    }
    if (row.due < 0) return
    if (row.entry?.due !== row.due) row.entry = new DueEntry(row, row.due, row.dueText(row.due))
    this.#byDue.add(row.entry)
  }

  *rows(range: RowRange<K> = {}): Generator<OrderedStateRow<V>, undefined> {
    const { turn } = this.ground
    const { number } = turn
    const bounds = boundsOf(range, this.keyCodec, this.expiredBefore)
    const { fromTime, toTime, isReverse } = bounds
    for (const span of spansOf(this.#layout, bounds, this.#fronts)) {
      for (const row of this.#byKey.walk(span, isReverse)) {
        assert(number === turn.number, 'a range is read in the turn that asked for it')
        if (row.at >= fromTime && row.at <= toTime) yield row
      }
    }
  }

  rowsOf(key: KeyOf<K>, fromTime: number, toTime: number, reachTime: number = fromTime): readonly OrderedStateRow<V>[] {
    const { expiredBefore } = this
    return this.#spans.rowsOf(key, Math.max(fromTime, expiredBefore), toTime, Math.max(reachTime, expiredBefore))
  }

  firstOf(key: KeyOf<K>, fromTime: number, toTime: number): OrderedStateRow<V> | undefined {
    return this.#spans.firstOf(key, Math.max(fromTime, this.expiredBefore), toTime)
  }

  lastOf(key: KeyOf<K>, fromTime: number, toTime: number): OrderedStateRow<V> | undefined {
    return this.#spans.lastOf(key, Math.max(fromTime, this.expiredBefore), toTime)
  }

  #newRecent(): RecentRows<V> {
    const layout = this.#layout
    const newest = this.#committedFront(layout.firstKey, layout.frontKey(newestFront), true) ?? -1
    const home: RecentHome<V> = {
      layout,
      cache: this.cache,
      rowOf: (front, common, at, number, packed) => {
        const row = this.#newRow(front, common, undefined, at, number)
        row.load(this.home.codec.immutable ? packed : Buffer.from(packed))
        return row
      },
      storedRows: (front) => storedRows(this.ground, { from: layout.frontKey(front), to: layout.frontKey(front + 1) }),
      roomBytes: () => this.ground.roomBytes?.() ?? Infinity,
    }
    return new RecentRows(home, newest)
  }

  readonly #fronts: Fronts = {
    next: (front) => {
      const from = this.#layout.frontKey(front)
      const changed = this.#byKey.changedFrom(from)?.front
      const committed = this.#committedFront(from, this.#layout.endKey, false)
      return changed === undefined || committed === undefined ? (changed ?? committed) : Math.min(changed, committed)
    },
    previous: (front) => {
      const to = this.#layout.frontKey(front + 1)
      const changed = this.#byKey.changedBefore(to)?.front
      const committed = this.#committedFront(this.#layout.firstKey, to, true)
      return changed === undefined || committed === undefined ? (changed ?? committed) : Math.max(changed, committed)
    },
  }

  #committedFront(from: Buffer, to: Buffer | undefined, isReverse: boolean): number | undefined {
    const { reader, storeId, partition } = this.ground
    const [stored] = reader.range(storeId, partition, from, to, 1, isReverse)
    return stored === undefined ? undefined : this.#layout.frontOf(stored.key)
  }

  /** A row as it is stored, which is only kept when it changes: a range may be larger than memory. */
  #rowOf({ key, value, text }: OrderedStoredRow): OrderedStateRow<V> {
    const front = this.#layout.frontOf(key)
    const known = this.#known(front, text)
    if (known !== undefined) return known
    const { at, number } = this.#layout.placeOf(key)
    const row = this.#newRow(front, undefined, text, at, number)
    row.load(value)
    return row
  }

  dueRows(until: number, max: number = dueRowsMax): readonly OrderedStateRow<V>[] {
    const rows: OrderedStateRow<V>[] = []
    if (until < 0) return rows
    const span = { from: this.#layout.dueKeyFrom(0), to: this.#layout.dueKeyFrom(until + 1) }
    for (const { row } of this.#byDue.walk(span, false)) {
      if (!this.#hasExpired(row)) rows.push(row)
      if (rows.length === max) break
    }
    return rows
  }

  firstDue(): number | undefined {
    const first = this.#byDue.first()
    if (first === undefined) return undefined
    const hasExpired = this.#layout.timeOfText(first) < this.expiredBefore
    return hasExpired ? this.dueRows(Number.MAX_SAFE_INTEGER, 1)[0]?.due : this.#layout.dueOf(first)
  }

  #cachedOfDue({ text }: OrderedStoredRow): OrderedStateRow<V> | undefined {
    const layout = this.#layout
    const [common, at, number] = [layout.commonKeyOfDue(text), layout.timeOfText(text), layout.numberOfText(text)]
    const front = layout.front(at)
    const recent = this.#spans.recentAt(at)
    if (recent !== undefined) return recent.known(front, common, at, number)
    return this.cache.get(front, layout.textOf(front, common, at, number))
  }

  #dueEntryOf({ text }: OrderedStoredRow): DueEntry<V> | undefined {
    const row = this.#rowOfDue(text)
    const due = this.#layout.dueOf(text)
    if (row.exists && !this.#hasExpired(row)) {
      assert(row.due === due, 'a row that has not changed is due when its entry says')
      return new DueEntry(row, due, text)
    }
    // It expired before anyone asked for what is due: the entry goes with the next commit.
    row.committedDue = due
    this.change(row).clear()
    return undefined
  }

  #rowOfDue(entry: string): OrderedStateRow<V> {
    this.lookups++
    const layout = this.#layout
    const [common, at, number] = [layout.commonKeyOfDue(entry), layout.timeOfText(entry), layout.numberOfText(entry)]
    const front = layout.front(at)
    const recent = this.#spans.recentAt(at)
    if (recent !== undefined) return this.#recentRow(recent, front, common, at, number)
    const text = layout.textOf(front, common, at, number)
    return this.cache.get(front, text) ?? this.#keep(this.#read(this.#newRow(front, undefined, text, at, number)))
  }

  protected writeRow(writer: StateWriter, row: OrderedStateRow<V>, expiredBefore: number): void {
    const { storeId, partition } = this.ground
    const hasExpired = row.at < expiredBefore
    const due = hasExpired ? -1 : row.due
    if (row.committedDue !== due) {
      if (row.committedDue >= 0) writer.remove(storeId, partition, row.dueKey(row.committedDue))
      if (due >= 0) writer.put(storeId, partition, row.dueKey(due), noBytes)
    }
    if (hasExpired) return
    if (row.exists) writer.put(storeId, partition, row.storedKey, row.encode())
    else if (row.isStored) writer.remove(storeId, partition, row.storedKey)
  }

  override committed(): void {
    super.committed()
    this.#spans.recent?.committed(this.keptFrom)
    last.key = undefined
    this.#byKey.committed()
    this.#byDue.committed()
  }

  override age(): void {
    this.#spans.recent?.pack()
    super.age()
  }

  override forget(): boolean {
    return this.#spans.recent?.forget() === true
  }

  protected override gone(row: OrderedStateRow<V>): void {
    const recent = this.#spans.recentAt(row.at)
    if (recent === undefined) super.gone(row)
    else recent.removed(row)
  }

  override get memoryBytes(): number {
    return super.memoryBytes + (this.#spans.recent?.bytes ?? 0)
  }

  protected get keptFrom(): number {
    return this.#layout.front(this.expiredBefore)
  }

  protected placeOf(row: OrderedStateRow<V>): RowPlace {
    return row
  }

  protected frontKey(front: number): Buffer {
    return this.#layout.frontKey(front)
  }
}
