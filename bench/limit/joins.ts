/**
 * The join of two streams by hand: the rows of the window in plain Maps, and on disk for the case of a restart.
 */
import type { WorkByHand } from './sides.ts'
import type { Tables } from './tables.ts'

interface Row {
  readonly timestamp: number
  readonly value: number
}

export class JoinByHand implements WorkByHand {
  readonly #sides: readonly SideByHand[]
  readonly #emit: (name: string, timestamp: number, value: number) => void

  constructor(reachMs: number, emit: (name: string, timestamp: number, value: number) => void) {
    this.#sides = [new SideByHand(0, reachMs), new SideByHand(1, reachMs)]
    this.#emit = emit
  }

  take(side: number, name: string, timestamp: number, value: number): void {
    const [own, other] = [this.#sides[side], this.#sides[1 - side]] as [SideByHand, SideByHand]
    for (const row of other.partners(name, timestamp)) {
      this.#emit(name, Math.max(timestamp, row.timestamp), value + row.value)
    }
    own.keep(name, { timestamp, value })
  }

  write(tables: Tables, until: number): void {
    for (const side of this.#sides) side.write(tables, until)
  }
}

class SideByHand {
  readonly #side: number
  readonly #reachMs: number
  readonly #rows = new Map<string, Row[]>()
  readonly #fresh: { readonly name: string; readonly row: Row }[] = []
  #writtenFrom = 0

  constructor(side: number, reachMs: number) {
    this.#side = side
    this.#reachMs = reachMs
  }

  /** All rows of a key within reach: none is newer than the record, and those that are too old are forgotten. */
  partners(name: string, timestamp: number): readonly Row[] {
    const rows = this.#rows.get(name)
    if (rows === undefined) return []
    let expired = 0
    while (expired < rows.length && (rows[expired] as Row).timestamp < timestamp - this.#reachMs) expired++
    if (expired > 0) rows.splice(0, expired)
    return rows
  }

  keep(name: string, row: Row): void {
    const rows = this.#rows.get(name)
    if (rows === undefined) this.#rows.set(name, [row])
    else rows.push(row)
    this.#fresh.push({ name, row })
  }

  /** By time, so that new rows go to the end, and expired ones from the front; what has expired is not written. */
  write({ state }: Tables, until: number): void {
    const keptFrom = until - 2 * this.#reachMs
    for (const { name, row } of this.#fresh) {
      if (row.timestamp < keptFrom) continue
      const key = Buffer.allocUnsafe(9 + name.length)
      this.#writeTime(key, row.timestamp)
      key.write(name, 9, 'latin1')
      const value = Buffer.alloc(16)
      value.writeDoubleBE(row.timestamp, 0)
      value.writeUInt32BE(row.value, 12)
      state.putSync(key, value)
    }
    this.#fresh.length = 0
    if (keptFrom <= this.#writtenFrom) return
    const [start, end] = [Buffer.alloc(9), Buffer.alloc(9)]
    this.#writeTime(start, this.#writtenFrom)
    this.#writeTime(end, keptFrom)
    const expired = Array.from(state.getKeys({ start, end }))
    for (const key of expired) state.removeSync(key)
    this.#writtenFrom = keptFrom
  }

  #writeTime(key: Buffer, timestamp: number): void {
    key[0] = this.#side
    key.writeBigUInt64BE(BigInt(timestamp), 1)
  }
}
