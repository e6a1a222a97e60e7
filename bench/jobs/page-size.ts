/**
 * Durable load on the real layout in the steady state: batches come, the oldest go, rows of state change at random.
 */
import { randomFillSync } from 'node:crypto'
import { statSync } from 'node:fs'
import { writeUint64 } from '../../src/core/bytes.ts'
import { writtenBytes } from '../commits.ts'
import { dataFileOf } from '../../src/storage/directory.ts'
import { Environment, type WriteTransaction } from '../../src/storage/environment.ts'
import { partitionKey, partitionNumberKey, stateKey } from '../../src/storage/keys.ts'

export interface PageSizeOptions {
  readonly dir: string
  readonly pageSizeBytes: number
  /** Batches that a commit appends; the oldest are deleted. */
  readonly batchesPerCommit: number
  /** Rows of state that a commit changes, at random. */
  readonly rowsPerCommit: number
  readonly commits: number
  /** Batches that are not deleted yet. */
  readonly liveBytes: number
  /** Rows of state, if rows are changed. */
  readonly keys: number
}

export interface PageSizeResult {
  readonly megabytesPerSecond: number
  readonly rowsPerSecond: number
  /** What LMDB wrote for a commit; no neighbour on the machine changes it. */
  readonly writtenBytesPerCommit: number
  /** The size of the file, as a multiple of the batches and rows in it. */
  readonly fileRatio: number
}

const partitions = 64
const batchBytesMin = 200
/** The size that producers and applications close a batch at. */
const batchBytesMax = 131_072
const topicId = 1
const storeId = 2
const rowKeyBytes = 16
const rowValueBytes = 16

/** A sequence of numbers below 1 that looks like chance and is the same in every run. */
function chance(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

class Batches {
  readonly #data = randomFillSync(Buffer.allocUnsafe(2 * batchBytesMax))
  readonly #random = chance(1)
  readonly #ends = new Float64Array(partitions)
  readonly #live: { readonly key: Buffer; readonly bytes: number }[] = []
  #oldest = 0
  liveBytes = 0
  appendedBytes = 0

  append(transaction: WriteTransaction, count: number): void {
    for (let i = 0; i < count; i++) {
      const partition = Math.floor(this.#random() * partitions)
      const offset = this.#ends[partition] as number
      const bytes = Math.round(batchBytesMin * (batchBytesMax / batchBytesMin) ** this.#random())
      const at = Math.floor(this.#random() * batchBytesMax)
      const key = partitionNumberKey(topicId, partition, offset)
      transaction.put('batches', key, this.#data.subarray(at, at + bytes))
      this.#ends[partition] = offset + Math.ceil(bytes / 100)
      const end = Buffer.alloc(20)
      writeUint64(end, 0, this.#ends[partition])
      transaction.put('times', key, end.subarray(0, 8))
      transaction.put('partitions', partitionKey(topicId, partition), end)
      this.#live.push({ key, bytes })
      this.liveBytes += bytes
      this.appendedBytes += bytes
    }
  }

  /** Deletes the oldest until what stays is no more than this. */
  retain(transaction: WriteTransaction, liveBytes: number): void {
    for (let next = this.#live[this.#oldest]; next !== undefined && this.liveBytes > liveBytes;) {
      transaction.remove('batches', next.key)
      transaction.remove('times', next.key)
      this.liveBytes -= next.bytes
      next = this.#live[++this.#oldest]
    }
  }
}

class Rows {
  readonly #random = chance(2)
  readonly #count: number

  constructor(count: number) {
    this.#count = count
  }

  create(environment: Environment): void {
    for (let index = 0; index < this.#count;) {
      environment.write((transaction) => {
        for (const end = Math.min(this.#count, index + 50_000); index < end; index++) this.#put(transaction, index)
      })
    }
  }

  change(transaction: WriteTransaction, count: number): void {
    for (let i = 0; i < count; i++) this.#put(transaction, Math.floor(this.#random() * this.#count))
  }

  #put(transaction: WriteTransaction, index: number): void {
    const key = Buffer.alloc(rowKeyBytes)
    writeUint64(key, 0, index)
    const value = Buffer.allocUnsafe(rowValueBytes)
    writeUint64(value, 0, index)
    writeUint64(value, 8, Math.floor(this.#random() * 2 ** 32))
    transaction.put('state', stateKey(storeId, 0, key, 0, key.length), value)
  }
}

export async function pageSize(options: PageSizeOptions): Promise<PageSizeResult> {
  const { dir, pageSizeBytes, batchesPerCommit, rowsPerCommit, commits, liveBytes } = options
  const keys = rowsPerCommit === 0 ? 0 : options.keys
  const environment = Environment.openNow(dir, { pageSizeBytes })
  const batches = new Batches()
  const rows = new Rows(keys)
  const commit = (): void =>
    environment.write((transaction) => {
      batches.append(transaction, batchesPerCommit)
      batches.retain(transaction, liveBytes)
      rows.change(transaction, rowsPerCommit)
    })
  rows.create(environment)
  // The steady state: as much was deleted as stays, so that the free pages are as scattered as they will be.
  if (batchesPerCommit > 0) while (batches.appendedBytes < 2 * liveBytes) commit()
  const appendedBefore = batches.appendedBytes
  const writtenBefore = writtenBytes()
  const startedMs = performance.now()
  for (let i = 0; i < commits; i++) commit()
  const seconds = (performance.now() - startedMs) / 1_000
  const written = writtenBytes() - writtenBefore
  await environment.close()
  return {
    megabytesPerSecond: (batches.appendedBytes - appendedBefore) / 1e6 / seconds,
    rowsPerSecond: (commits * rowsPerCommit) / seconds,
    writtenBytesPerCommit: written / commits,
    fileRatio: statSync(dataFileOf(dir)).size / (batches.liveBytes + keys * (8 + rowKeyBytes + rowValueBytes)),
  }
}
