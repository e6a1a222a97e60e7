// An ordered store over a real environment, and beside it the model: a plain list of rows that is sorted whenever it is asked.
import fc from 'fast-check'
import { bytes, json } from 'millrace'
import { type Codec, codecOf } from '../../src/core/serde.ts'
import { keyOf, type OrderedRow, type RowRange, type StoreSpec } from '../../src/plan/store.ts'
import { keyLayout, segmentLayout, type StoreLayout, windowLayout } from '../../src/plan/store-layout.ts'
import { TurnScope } from '../../src/runtime/turn.ts'
import { CommittedStore } from '../../src/state/committed-store.ts'
import { OrderedTurnStore } from '../../src/state/ordered-store.ts'
import type { Environment } from '../../src/storage/environment.ts'
import type { StateReader, StateWriter } from '../../src/storage/state-rows.ts'
import { StateStores } from '../../src/storage/state/state-stores.ts'

/** A row as both sides show it. */
export interface Shown {
  readonly key: string
  readonly at: number
  readonly number: number
  readonly value: string
  readonly timestamp: number
  readonly due: number
}

export const specOf = (layout: StoreLayout): StoreSpec => ({
  kind: 'keyValue',
  name: 'rows',
  keyCodec: codecOf(bytes()) as Codec<unknown>,
  valueCodec: codecOf(json<string>()) as Codec<unknown>,
  layout,
  form: undefined,
  facts: {},
})

const keyBytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'))

export function shown(row: OrderedRow<string>): Shown {
  const { at, number, value, timestamp, due } = row
  return { key: row.keyBytes.toString('hex', 0, row.keyEnd), at, number, value, timestamp, due }
}

let nextStoreId = 1

/** So small that rows are folded all the time. */
const journalBytes = 4_096

/** The store as an operator has it: turns, commits, restarts. */
export class World {
  readonly layout: StoreLayout
  readonly #environment: Environment
  readonly #state: StateStores
  readonly storeId: number
  readonly #partition: number
  #turn = new TurnScope()
  readonly time = { now: -1, advance: (timestamp: number) => (this.time.now = Math.max(this.time.now, timestamp)) }
  store: OrderedTurnStore<Uint8Array, string>
  readonly reader: StateReader
  /** How much more the store may take in memory. */
  roomBytes = Infinity
  /** What was read of the environment. */
  readonly reads = { calls: 0, rows: 0 }

  constructor(environment: Environment, layout: StoreLayout, storeId?: number, partition = 0) {
    this.#environment = environment
    this.#state = new StateStores(environment)
    this.storeId = storeId ?? nextStoreId++
    if (storeId === undefined) environment.write((transaction) => this.#state.create(transaction, this.storeId))
    this.#partition = partition
    this.layout = layout
    const reader = this.#state
    this.reader = {
      get: (...question) => {
        this.reads.calls++
        return reader.get(...question)
      },
      range: (...question) => {
        const found = reader.range(...question)
        this.reads.calls++
        this.reads.rows += found.length
        return found
      },
    }
    this.store = this.#open()
  }

  #open(): OrderedTurnStore<Uint8Array, string> {
    return new OrderedTurnStore({
      spec: specOf(this.layout),
      storeId: this.storeId,
      partition: this.#partition,
      reader: this.reader,
      turn: this.#turn,
      streamTime: this.time,
      roomBytes: () => this.roomBytes,
    })
  }

  /** Another partition of the same store. */
  ofPartition(partition: number): World {
    return new World(this.#environment, this.layout, this.storeId, partition)
  }

  begin(): void {
    this.#turn.begin()
  }

  undo(): void {
    this.#turn.undo()
  }

  put(key: string, at: number, number: number, value: string, timestamp: number): OrderedRow<string> {
    this.store.put(this.row(key, at, number), value, timestamp)
    return this.row(key, at, number)
  }

  row(key: string, at: number, number: number): OrderedRow<string> {
    return this.store.row(keyOf(keyBytes(key)), at, number)
  }

  rows(range: HexRange = {}): Shown[] {
    return [...this.store.rows(rowRange(range))].map(shown)
  }

  rowsOf({ key, fromTime, toTime, reachTime }: KeySpan): Shown[] {
    return this.store.rowsOf(keyOf(keyBytes(key)), fromTime, toTime, reachTime).map(shown)
  }

  /** The first row of a span, and the last. */
  edgesOf({ key, fromTime, toTime }: KeySpan): (Shown | undefined)[] {
    const of = keyOf(keyBytes(key))
    return [this.store.firstOf(of, fromTime, toTime), this.store.lastOf(of, fromTime, toTime)].map(
      (row) => row && shown(row),
    )
  }

  commit(): void {
    this.#environment.write((transaction) => {
      const changes = this.#state.begin(transaction)
      this.store.write(checkedWriter(changes))
      this.#state.end(changes, journalBytes)
    })
    this.store.committed()
  }

  /** Drops from memory what a commit has written. */
  age(): void {
    this.store.age()
    this.store.age()
  }

  /** And gives up a part of what it knows besides, or all of it. */
  forget(isAll: boolean): void {
    this.age()
    while (this.store.forget()) if (!isAll) return
  }

  /** What a crash leaves: the last commit. */
  restart(): void {
    this.#environment.refresh()
    this.#turn = new TurnScope()
    this.store = this.#open()
  }

  committedRows(range: HexRange = {}, partitions = 1): Omit<Shown, 'due'>[] {
    const store = new CommittedStore<Uint8Array, string>({
      reader: this.reader,
      refresh: () => this.#environment.refresh(),
      spec: specOf(this.layout),
      storeId: this.storeId,
      partitions,
    })
    return [...store.rows(rowRange(range))].map(({ partition: _partition, ...row }) => ({
      ...row,
      key: Buffer.from(row.key).toString('hex'),
    }))
  }

  /** Rows and entries in the environment. */
  storedCount(): number {
    return this.#state.range(this.storeId, 0, Buffer.alloc(0), undefined, 100_000).length
  }
}

/** A writer that holds a store to its promise: a row is named at most once, and none is put into a range that is removed. */
export function checkedWriter(writer: StateWriter): StateWriter {
  const named = new Set<string>()
  const put: Buffer[] = []
  const name = (key: Buffer): void => {
    const hex = key.toString('hex')
    if (named.has(hex)) throw new Error(`row ${hex} is named twice in a commit`)
    named.add(hex)
  }
  return {
    put(storeId, partition, key, value) {
      name(key)
      put.push(Buffer.from(key))
      writer.put(storeId, partition, key, value)
    },
    remove(storeId, partition, key) {
      name(key)
      writer.remove(storeId, partition, key)
    },
    removeRange(storeId, partition, from, to, rowsMax) {
      if (put.some((key) => from.compare(key) <= 0 && key.compare(to) < 0)) throw new Error('a row is put and removed')
      return writer.removeRange(storeId, partition, from, to, rowsMax)
    },
  }
}

/** The rows of a key between two times. */
interface KeySpan {
  readonly key: string
  readonly fromTime: number
  readonly toTime: number
  readonly reachTime?: number | undefined
}

/** A {@link RowRange} with keys in hexadecimal. */
export interface HexRange {
  readonly key?: string | undefined
  readonly from?: string | undefined
  readonly to?: string | undefined
  readonly prefix?: string | undefined
  readonly fromTime?: number | undefined
  readonly toTime?: number | undefined
  readonly isReverse?: boolean
}

function rowRange({ key, from, to, prefix, fromTime, toTime, isReverse }: HexRange): RowRange<Uint8Array> {
  const keyIn = (hex: string | undefined) => (hex === undefined ? undefined : keyOf(keyBytes(hex)))
  return {
    key: keyIn(key),
    from: keyIn(from),
    to: keyIn(to),
    prefix: prefix === undefined ? undefined : keyBytes(prefix),
    fromTime,
    toTime,
    isReverse,
  }
}

/** What the store must show. */
export class Model {
  readonly #layout: StoreLayout
  rows: Shown[] = []
  streamTime = -1

  constructor(layout: StoreLayout) {
    this.#layout = layout
  }

  hasExpired(at: number): boolean {
    const { retentionMs } = this.#layout
    return retentionMs !== undefined && at <= this.streamTime - retentionMs
  }

  find(key: string, at: number, number: number): Shown | undefined {
    return this.rows.find((row) => row.key === key && row.at === at && row.number === number && !this.hasExpired(at))
  }

  put(row: Shown): void {
    this.remove(row.key, row.at, row.number)
    if (!this.hasExpired(row.at)) this.rows.push(row)
  }

  remove(key: string, at: number, number: number): void {
    this.rows = this.rows.filter((row) => row.key !== key || row.at !== at || row.number !== number)
  }

  compare(left: Shown, right: Shown): number {
    const { order, segmentMs = 1 } = this.#layout
    const front = ({ at }: Shown): number =>
      order === 'segment' ? Math.floor(at / segmentMs) : order === 'time' ? at : 0
    return front(left) - front(right) || byKey(left, right)
  }

  range({ key, from, to, prefix, fromTime = 0, toTime = Infinity, isReverse = false }: HexRange): Shown[] {
    const found = this.rows
      .filter((row) => !this.hasExpired(row.at) && row.at >= fromTime && row.at <= toTime)
      .filter((row) => (key === undefined || row.key === key) && (prefix === undefined || row.key.startsWith(prefix)))
      .filter((row) => (from === undefined || row.key >= from) && (to === undefined || row.key <= to))
      .toSorted((left, right) => this.compare(left, right))
    return isReverse ? found.toReversed() : found
  }

  due(until: number): Shown[] {
    return this.rows
      .filter((row) => row.due >= 0 && row.due <= until && !this.hasExpired(row.at))
      .toSorted((left, right) => left.due - right.due || byKey(left, right))
  }
}

/** Hexadecimal text is ordered as its bytes are. */
function byKey(left: Shown, right: Shown): number {
  if (left.key !== right.key) return left.key < right.key ? -1 : 1
  return left.at - right.at || left.number - right.number
}

export const layouts: readonly (readonly [string, StoreLayout])[] = [
  ['by key', keyLayout({ isOrdered: true })],
  ['by key, with due times', keyLayout({ hasDueTimes: true })],
  ['by time', windowLayout(150_000, { isOrdered: true })],
  ['by time, with due times', windowLayout(150_000, { hasDueTimes: true })],
  ['by segment', segmentLayout(150_000)],
  ['by segment, numbered, with due times', segmentLayout(150_000, { isNumbered: true, hasDueTimes: true })],
]

/** Keys whose bytes are hard to keep apart: beginnings of each other, zeros, and what zeros are written as. */
export const hexKeys: fc.Arbitrary<string> = fc
  .array(fc.constantFrom('00', '01', '61', 'ff'), { maxLength: 3 })
  .map((list) => list.join(''))

/** Around the ends of segments of 75 s. */
export const times: fc.Arbitrary<number> = fc.constantFrom(
  0,
  1,
  74_999,
  75_000,
  75_001,
  149_999,
  150_000,
  300_000,
  2 ** 52,
)
