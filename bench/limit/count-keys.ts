/**
 * Counting by key without a look at the values, by hand: keys are compared as bytes, and no record becomes an object.
 *
 * Every update is emitted with the key of its window and a count of 8 bytes, as millrace emits them.
 */
import { fingerprintOf, type JobOptions, type JobResult, windowMs } from '../workload.ts'
import { Batch } from './batch.ts'
import { Decoder } from './decoder.ts'
import { batchKey, openTables } from './tables.ts'

/** A key in one window. */
class Row {
  readonly start: number
  /** The key, then the start of its window in 8 bytes. */
  readonly key: Buffer
  /** The count in 8 bytes. */
  readonly encodedCount = Buffer.alloc(8)
  count = 0
  timestamp = 0
  isDirty = false

  constructor(start: number, bytes: Buffer, keyStart: number, keyEnd: number) {
    this.start = start
    this.key = Buffer.allocUnsafe(keyEnd - keyStart + 8)
    bytes.copy(this.key, 0, keyStart, keyEnd)
    this.key.writeBigInt64BE(BigInt(start), keyEnd - keyStart)
  }

  add(timestamp: number): void {
    this.count++
    if (timestamp > this.timestamp) this.timestamp = timestamp
    this.encodedCount.writeUInt32BE(this.count, 4)
  }

  isOf(bytes: Buffer, keyStart: number, keyEnd: number): boolean {
    const { key } = this
    const length = keyEnd - keyStart
    if (key.length !== length + 8) return false
    for (let i = 0; i < length; i++) if (key[i] !== bytes[keyStart + i]) return false
    return true
  }
}

/** The rows of one window, by a hash of their keys. */
class WindowRows {
  readonly #start: number
  readonly #rows = new Map<number, Row[]>()

  constructor(start: number) {
    this.#start = start
  }

  row(bytes: Buffer, keyStart: number, keyEnd: number): Row {
    let hash = 0
    for (let i = keyStart; i < keyEnd; i++) hash = (Math.imul(hash, 31) + (bytes[i] as number)) | 0
    let rows = this.#rows.get(hash)
    if (rows === undefined) this.#rows.set(hash, (rows = []))
    for (const row of rows) if (row.isOf(bytes, keyStart, keyEnd)) return row
    const row = new Row(this.#start, bytes, keyStart, keyEnd)
    rows.push(row)
    return row
  }

  all(): Row[] {
    return [...this.#rows.values()].flat()
  }
}

export async function countKeys({ dir, records, recordsPerCommit }: JobOptions): Promise<JobResult> {
  const { environment, log, positions, state } = openTables(dir)
  const windows = new Map<number, WindowRows>()
  let newest = new WindowRows(-1)
  let newestStart = -1
  const dirty: Row[] = []
  const output = new Batch()
  let outputOffset = 0
  const windowOf = (start: number): WindowRows => {
    if (start === newestStart) return newest
    let window = windows.get(start)
    if (window === undefined) windows.set(start, (window = new WindowRows(start)))
    newest = window
    newestStart = start
    return window
  }
  const each = (bytes: Buffer, keyStart: number, keyEnd: number, timestamp: number): void => {
    const row = windowOf(timestamp - (timestamp % windowMs)).row(bytes, keyStart, keyEnd)
    row.add(timestamp)
    if (!row.isDirty) {
      row.isDirty = true
      dirty.push(row)
    }
    output.addBytes(row.key, row.timestamp, row.encodedCount)
  }
  const decoder = new Decoder()
  const startedMs = performance.now()
  for (let position = 0; position < records;) {
    const from = position
    while (position - from < recordsPerCommit && position < records) position += decoder.readKeys(log, position, each)
    environment.transactionSync(() => {
      const added = output.count
      log.putSync(batchKey(10, outputOffset), output.take(outputOffset))
      outputOffset += added
      for (const row of dirty) {
        const value = Buffer.allocUnsafe(16)
        value.writeDoubleBE(row.timestamp, 0)
        value.set(row.encodedCount, 8)
        state.putSync(row.key, value)
        row.isDirty = false
      }
      positions.putSync(Buffer.from('count'), batchKey(1, position))
    })
    dirty.length = 0
  }
  const recordsPerSecond = records / ((performance.now() - startedMs) / 1_000)
  await environment.close()
  const rows = [...windows.values()].flatMap((window) => window.all())
  const counts = rows.map((row) => [row.start, row.key.toString('latin1', 0, row.key.length - 8), row.count] as const)
  return { recordsPerSecond, fingerprint: fingerprintOf(counts) }
}
