/**
 * The stores of an application: one object for each store and partition, whatever the number of nodes that use it, so
 * that they see each other's writes within a turn.
 */
import { assert, present } from '../core/assert.ts'
import { isInstance } from '../core/checks.ts'
import { MillraceError } from '../core/errors.ts'
import type { CacheFigures } from '../core/figures.ts'
import type { Session, StateWriter, StoreSize } from '../log/contract.ts'
import { type KeptLayouts, laidOut } from '../plan/kept-layouts.ts'
import type { PlanNode, PlanStore } from '../plan/node.ts'
import type { StoreSpec } from '../plan/store.ts'
import type { Turn } from '../plan/turn.ts'
import { Keeping } from '../state/keeping.ts'
import { MemberTurnStore } from '../state/member-store.ts'
import { openStore, type RowStore } from '../state/open-store.ts'
import type { Changes } from './change-feed.ts'
import { expiryOf } from './expiry.ts'
import type { Ledger } from './ledger.ts'
import { shownChange } from './shown-change.ts'

/** The most memory for rows that are not yet in their place. */
const journalBytesMax = 32 * 1_048_576

/** How much of the memory for rows is for those that are not yet in their place. */
export function journalBytesOf(stateCacheBytes: number): number {
  return Math.min(journalBytesMax, stateCacheBytes / 2)
}

type Table = RowStore | MemberTurnStore

/** One store, in all partitions. */
interface Store {
  readonly id: number
  /** Its stream time is the one by which rows expire. */
  readonly owner: PlanNode
  readonly isOrdered: boolean
  /** By partition; there are holes. */
  readonly tables: (Table | undefined)[]
  /** Only of rows that are asked for by key alone: of others more is known than rows. */
  readonly keeping: Keeping | undefined
}

export class Stores {
  readonly #session: Session
  readonly #turn: Turn
  readonly #layouts: KeptLayouts
  readonly #stores = new Map<StoreSpec, Store>()
  readonly #tables: Table[] = []
  readonly #sizes = new Map<string, StoreSize>()
  readonly #bytesMax: number

  /** @param bytesMax how much all of it may take in memory, after a commit */
  constructor(session: Session, stores: readonly PlanStore[], layouts: KeptLayouts, turn: Turn, bytesMax: number) {
    this.#bytesMax = bytesMax
    this.#layouts = layouts
    this.#session = session
    this.#turn = turn
    for (const { spec, owner, isOrdered } of stores) {
      const id = present(session.storeId(spec.name), 'a session has an id for each store')
      const keeping = isOrdered || spec.isOfMembers === true ? undefined : new Keeping()
      this.#stores.set(spec, { id, owner, isOrdered, tables: [], keeping })
    }
  }

  /** @param ledger of the task: its stream times are those by which rows expire */
  of(spec: StoreSpec, ledger: Ledger): RowStore {
    const table = this.#table(spec, ledger)
    assert(!(table instanceof MemberTurnStore), 'a store of members is asked for as one')
    return table
  }

  /** As {@link of}, a store of members. */
  membersOf(spec: StoreSpec, ledger: Ledger): MemberTurnStore {
    const table = this.#table(spec, ledger)
    assert(table instanceof MemberTurnStore, 'a store of members is one')
    return table
  }

  #table(spec: StoreSpec, ledger: Ledger): Table {
    const partition = spec.isGlobal === true ? 0 : ledger.task.partition
    const { id, owner, isOrdered, tables } = present(this.#stores.get(spec), 'a node uses stores of its topology')
    const known = tables[partition]
    if (known !== undefined) return known
    const onDisk = laidOut(spec, this.#layouts)
    const streamTime = expiryOf(onDisk, owner.id, ledger)
    const ground = {
      spec: onDisk,
      storeId: id,
      partition,
      reader: this.#session.state,
      turn: this.#turn,
      streamTime,
      roomBytes: () => this.#bytesMax - this.bytes,
    }
    const table = spec.isOfMembers === true ? new MemberTurnStore(ground) : openStore(ground, isOrdered)
    tables[partition] = table
    this.#tables.push(table)
    return table
  }

  /** Memory of all stores, roughly. */
  get bytes(): number {
    return this.cacheBytes + this.#session.stateBytes
  }

  /** Memory of the rows that tasks work on. */
  get cacheBytes(): number {
    return this.#tables.reduce((total, table) => total + table.memoryBytes, 0)
  }

  /** How much a store holds, or held when it could be read last: figures never fail. */
  size(name: string): StoreSize | undefined {
    try {
      const size = this.#session.storeSize(name)
      if (size !== undefined) this.#sizes.set(name, size)
    } catch (error) {
      if (!isInstance(error, MillraceError)) throw error // what reads rows of the store tells what is wrong with them
    }
    return this.#sizes.get(name)
  }

  /** What is in memory of each store, by name. */
  get figures(): Record<string, CacheFigures> {
    const byName = [...this.#stores].map(([{ name }, { tables }]) => {
      const held = tables.filter((table) => table !== undefined)
      const sumOf = (amount: (table: Table) => number): number =>
        held.reduce((total, table) => total + amount(table), 0)
      const cacheMisses = sumOf(({ misses }) => misses)
      const cacheHits = sumOf(({ lookups }) => lookups) - cacheMisses
      return [name, { cacheHits, cacheMisses, cachedBytes: sumOf(({ memoryBytes }) => memoryBytes) }] as const
    })
    return Object.fromEntries(byName)
  }

  /** Rows that the next commit changes. */
  get changedRows(): number {
    return this.#tables.reduce((total, table) => total + table.changedRows, 0)
  }

  /** Writes what changed since the last commit, as part of the next one. */
  write(writer: StateWriter): void {
    for (const table of this.#tables) table.write(writer)
  }

  /** The rows of a store that the commit has changed which has just become durable. */
  changed(spec: StoreSpec): Changes {
    const rows = (this.#stores.get(spec)?.tables ?? []).flatMap((table) => table?.changed() ?? [])
    return rows.map((row) => shownChange(spec, row))
  }

  /** Drops the rows of stores in which few are asked for again. */
  #dropUseless(): void {
    for (const { tables, keeping } of this.#stores.values()) {
      if (keeping === undefined) continue
      let [found, missed] = [0, 0]
      for (const table of tables) {
        found += table?.found ?? 0
        missed += table?.notFound ?? 0
      }
      if (!keeping.pays(found, missed)) for (const table of tables) dropAll(table)
    }
  }

  /** Notes what is kept of the room that there is for rows. */
  #noteKept(): void {
    const others = this.bytes - this.#bytesMax
    for (const { tables, keeping } of this.#stores.values()) {
      if (keeping === undefined) continue
      let bytes = 0
      for (const table of tables) bytes += table?.memoryBytes ?? 0
      keeping.kept(bytes / Math.max(1, bytes - others))
    }
  }

  /** After the commit is durable: makes room until the stores take no more than they may. */
  committed(): void {
    for (const table of this.#tables) table.committed()
    this.#dropUseless()
    // Once drops what was not used for a while, twice drops everything.
    for (let i = 0; i < 2 && this.bytes > this.#bytesMax; i++) {
      for (const table of this.#tables) table.age()
    }
    while (this.bytes > this.#bytesMax && this.#tables.map((table) => table.forget()).includes(true));
    this.#noteKept()
  }
}

function dropAll(table: Table | undefined): void {
  // Once drops what was not used for a while, twice drops everything.
  table?.age()
  table?.age()
}
