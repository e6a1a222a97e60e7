/**
 * The join of two streams by hand: the rows of the window in plain Maps, and on disk for the case of a restart.
 *
 * It knows that both inputs have a record for each millisecond, in order, and takes them alternately.
 */
import { joinKey, joinReachMs, type JoinOptions, type JoinResult } from '../workload.ts'
import { Batch, recordsPerBatch } from './batch.ts'
import { Decoder } from './decoder.ts'
import { batchKey, openTables, type Tables } from './tables.ts'

const [leftTopic, rightTopic, pairsTopic] = [1, 2, 10]
const positionKey = Buffer.from('join')

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
  const { environment, log, positions } = tables
  const reachMs = joinReachMs(keys)
  const [left, right] = [new SideByHand(0, reachMs), new SideByHand(1, reachMs)]
  const [leftDecoder, rightDecoder] = [new Decoder(), new Decoder()]
  const output = new Batch()
  const outputValue = Buffer.alloc(8)
  let [pairs, sum, outputOffset] = [0, 0, 0]
  const emit = (name: string, timestamp: number, value: number): void => {
    pairs++
    sum += value
    outputValue.writeUInt32BE(value >>> 0, 4)
    output.addBytes(Buffer.from(name, 'latin1'), timestamp, outputValue)
  }
  const take = (side: SideByHand, other: SideByHand, name: string, timestamp: number, value: number): void => {
    for (const row of other.partners(name, timestamp)) emit(name, Math.max(timestamp, row.timestamp), value + row.value)
    side.keep(name, { timestamp, value })
  }
  const waiting: { readonly name: string; readonly value: number }[] = []
  const startedMs = performance.now()
  for (let position = 0; position < records / 2;) {
    const from = position
    while (position - from < recordsPerCommit / 2 && position < records / 2) {
      leftDecoder.readBytes(log, leftTopic, position, (bytes, keyStart, keyEnd, valueStart) => {
        waiting.push({ name: bytes.toString('latin1', keyStart, keyEnd), value: bytes.readUInt32BE(valueStart + 4) })
      })
      let next = 0
      position += rightDecoder.readBytes(
        log,
        rightTopic,
        position,
        (bytes, keyStart, keyEnd, valueStart, timestamp) => {
          const first = waiting[next++]
          if (first !== undefined) take(left, right, first.name, timestamp, first.value)
          const name = bytes.toString('latin1', keyStart, keyEnd)
          take(right, left, name, timestamp, bytes.readUInt32BE(valueStart + 4))
        },
      )
      waiting.length = 0
    }
    environment.transactionSync(() => {
      if (output.count > 0) {
        const added = output.count
        log.putSync(batchKey(pairsTopic, outputOffset), output.take(outputOffset))
        outputOffset += added
      }
      left.write(tables, position)
      right.write(tables, position)
      positions.putSync(positionKey, batchKey(1, position))
    })
  }
  const seconds = (performance.now() - startedMs) / 1_000
  await environment.close()
  return { recordsPerSecond: records / seconds, fingerprint: `${pairs} pairs, ${sum}` }
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
