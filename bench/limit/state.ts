/**
 * Counting by key by hand, with more keys than are kept in memory: rows are read from LMDB and written to it directly.
 */
import { WatchedCommits } from '../commits.ts'
import { type StateOptions, type StateResult, stateKey } from '../workload.ts'
import { Batch, recordsPerBatch } from './batch.ts'
import { Decoder } from './decoder.ts'
import { batchKey, openTables } from './tables.ts'

/** About what millrace keeps in 64 MiB. */
const rowsMax = 120_000
const rowBytes = 16

/** Appends the backlog from the end of the log on. */
export async function produceEventsByHand({ dir, keys, records, order }: StateOptions): Promise<void> {
  const { environment, log, positions } = openTables(dir)
  const from = Number(positions.getBinary(endKey)?.readBigUInt64BE(8) ?? 0)
  const batch = new Batch()
  for (let base = 0; base < records; base += recordsPerBatch) {
    const end = Math.min(records, base + recordsPerBatch)
    for (let index = base; index < end; index++) {
      const value = Buffer.alloc(8)
      value.writeUInt32BE(index, 4)
      batch.addBytes(Buffer.from(stateKey(index, keys, order)), index, value)
    }
    environment.transactionSync(() => {
      log.putSync(batchKey(1, from + base), batch.take(from + base))
      positions.putSync(endKey, batchKey(1, from + end))
    })
  }
  await environment.close()
}

const endKey = Buffer.from('end')
const positionKey = Buffer.from('count')

interface Row {
  readonly key: Buffer
  /** The timestamp and the count, in 8 bytes each. */
  readonly value: Buffer
  isDirty: boolean
}

/** Counts the backlog. */
export async function countEventsByHand({ dir, records, recordsPerCommit }: StateOptions): Promise<StateResult> {
  const { environment, log, positions, state } = openTables(dir)
  const from = Number(positions.getBinary(positionKey)?.readBigUInt64BE(8) ?? 0)
  const decoder = new Decoder()
  let rows = new Map<string, Row>()
  let dirty: Row[] = []
  const each = (bytes: Buffer, keyStart: number, keyEnd: number, timestamp: number): void => {
    const name = bytes.toString('latin1', keyStart, keyEnd)
    let row = rows.get(name)
    if (row === undefined) {
      const key = Buffer.from(bytes.subarray(keyStart, keyEnd))
      const stored = state.getBinary(key)
      row = { key, value: stored ?? Buffer.alloc(rowBytes), isDirty: false }
      rows.set(name, row)
    }
    const { value } = row
    value.writeDoubleBE(Math.max(timestamp, value.readDoubleBE(0)), 0)
    value.writeUInt32BE(value.readUInt32BE(12) + 1, 12)
    if (row.isDirty) return
    row.isDirty = true
    dirty.push(row)
  }
  using commits = new WatchedCommits()
  const startedMs = performance.now()
  for (let position = from; position < from + records;) {
    const start = position
    while (position - start < recordsPerCommit && position < from + records)
      position += decoder.readKeys(log, position, each)
    commits.watch(() =>
      environment.transactionSync(() => {
        for (const row of dirty) {
          state.putSync(row.key, row.value)
          row.isDirty = false
        }
        positions.putSync(positionKey, batchKey(1, position))
      }),
    )
    dirty = []
    if (rows.size > rowsMax) rows = new Map()
  }
  const seconds = (performance.now() - startedMs) / 1_000
  await environment.close()
  return { records, recordsPerSecond: records / seconds, ...commits.result() }
}
