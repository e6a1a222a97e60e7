/**
 * The stores of an application: one object for each store and partition, whatever the number of nodes that use it, so that
 * they see each other's writes within a turn.
 */
import { present } from '../core/assert.ts'
import type { LogContract } from '../log/contract.ts'
import type { PlanNode, PlanStore } from '../plan/node.ts'
import type { StoreSpec } from '../plan/store.ts'
import type { Turn } from '../plan/turn.ts'
import { StateTable } from '../state/table.ts'
import type { StateReader, StateWriter } from '../storage/state-rows.ts'
import type { Progress } from './progress.ts'

/** One store, in all partitions. */
interface Store {
  readonly id: number
  /** Its stream time is the one by which rows expire. */
  readonly owner: PlanNode
  /** By partition. */
  readonly tables: StateTable<unknown, unknown>[]
}

export class Stores {
  readonly #reader: StateReader
  readonly #turn: Turn
  readonly #progress: Progress
  readonly #stores = new Map<StoreSpec, Store>()
  readonly #ids = new Map<string, number>()
  readonly #tables: StateTable<unknown, unknown>[] = []

  constructor(log: LogContract, applicationId: string, stores: readonly PlanStore[], turn: Turn, progress: Progress) {
    this.#reader = log.state
    this.#turn = turn
    this.#progress = progress
    const names = stores.map(({ spec }) => spec.name)
    const ids = log.storeIds(applicationId, names)
    for (const [index, { spec, owner }] of stores.entries()) {
      const id = present(ids[index], 'a log gives an id to each store')
      this.#stores.set(spec, { id, owner, tables: [] })
      this.#ids.set(spec.name, id)
    }
  }

  of(spec: StoreSpec, partition: number): StateTable<unknown, unknown> {
    const { id, owner, tables } = present(this.#stores.get(spec), 'a node uses stores of its topology')
    const known = tables[partition]
    if (known !== undefined) return known
    const streamTime = spec.window === undefined ? undefined : this.#progress.streamTime(owner.id, partition)
    const table = new StateTable(spec, id, partition, this.#reader, this.#turn, streamTime)
    tables[partition] = table
    this.#tables.push(table)
    return table
  }

  /** What a store is called in the rows of the log. */
  idOf(name: string): number | undefined {
    return this.#ids.get(name)
  }

  /** Memory of all stores, roughly. */
  get bytes(): number {
    return this.#tables.reduce((total, table) => total + table.memoryBytes, 0)
  }

  /** Writes what changed since the last commit, as part of the next one. */
  write(writer: StateWriter): void {
    for (const table of this.#tables) table.write(writer)
  }

  /** After the commit is durable: makes room until the stores take no more than this. */
  committed(cacheBytes: number): void {
    for (const table of this.#tables) table.committed()
    // Once drops what was not used for a while, twice drops everything.
    for (let i = 0; i < 2 && this.bytes > cacheBytes; i++) {
      for (const table of this.#tables) table.age()
    }
  }
}
