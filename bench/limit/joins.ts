/**
 * The join of two streams by hand: the rows of the window in plain Maps, and on disk for the case of a restart.
 */
import { joinKey, joinReachMs, type JoinOptions, type JoinResult } from '../workload.ts'
import { Batch, recordsPerBatch } from './batch.ts'
import { leftTopic, rightTopic, type WorkByHand, workOnSides } from './sides.ts'
import { batchKey, openTables, type Tables } from './tables.ts'

const pairsTopic = 10

interface Row {
  readonly timestamp: number
  readonly value: number
}

/** Appends both inputs. */
export async function produceSidesByHand({ dir, keys, records }: JoinOptions): Promise<void> {
  const { environment, log } = openTables(dir)
  const batch = new Batch()
  const value = Buffer.alloc(8)
  for (const [side, topic] of [leftTopic, rightTopic].entries()) {
    for (let base = 0; base < records / 2; base += recordsPerBatch) {
      const end = Math.min(records / 2, base + recordsPerBatch)
      for (let index = base; index < end; index++) {
        value.writeUInt32BE(index, 4)
        batch.addBytes(Buffer.from(joinKey(index, side, keys)), index, value)
      }
      environment.transactionSync(() => log.putSync(batchKey(topic, base), batch.take(base)))
    }
  }
  await environment.close()
}

/** Joins them. */
export async function joinByHand({ dir, keys, records, recordsPerCommit }: JoinOptions): Promise<JoinResult> {
  const tables = openTables(dir)
  const output = new Batch()
  const outputValue = Buffer.alloc(8)
  let [pairs, sum, outputOffset] = [0, 0, 0]
  const join = new JoinByHand(joinReachMs(keys), (name, timestamp, value) => {
    pairs++
    sum += value
    outputValue.writeUInt32BE(value >>> 0, 4)
    output.addBytes(Buffer.from(name, 'latin1'), timestamp, outputValue)
  })
  const startedMs = performance.now()
  workOnSides(tables, records, recordsPerCommit, {
    take: (...record) => join.take(...record),
    write(to, until) {
      if (output.count > 0) {
        const added = output.count
        to.log.putSync(batchKey(pairsTopic, outputOffset), output.take(outputOffset))
        outputOffset += added
      }
      join.write(to, until)
    },
  })
  const seconds = (performance.now() - startedMs) / 1_000
  await tables.environment.close()
  return { recordsPerSecond: records / seconds, fingerprint: `${pairs} pairs, ${sum}` }
}

/** The join, whatever becomes of the pairs. */
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

  /** By time, so that new rows go to the end, and expired ones from the front. */
  write({ state }: Tables, until: number): void {
    for (const { name, row } of this.#fresh) {
      const key = Buffer.allocUnsafe(9 + name.length)
      this.#writeTime(key, row.timestamp)
      key.write(name, 9, 'latin1')
      const value = Buffer.alloc(16)
      value.writeDoubleBE(row.timestamp, 0)
      value.writeUInt32BE(row.value, 12)
      state.putSync(key, value)
    }
    this.#fresh.length = 0
    const keptFrom = until - 2 * this.#reachMs
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
