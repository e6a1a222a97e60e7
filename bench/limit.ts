/**
 * The same work by hand: the ceiling that millrace measures itself against.
 *
 * Same libraries and the same promises (record batches with a checksum that is checked on read, MessagePack values, RxJS
 * operators, one durable transaction for state, outputs and position), but one partition, state in plain Maps, and every
 * shortcut that a single program may take.
 */
import { crc32c } from '@node-rs/crc32'
import { type Database, open, type RootDatabase } from 'lmdb'
import { Packr } from 'msgpackr'
import { filter, map, Subject } from 'rxjs'
import {
  type Click,
  clickKey,
  clickTimestamp,
  clickValue,
  fingerprintOf,
  type JobOptions,
  type JobResult,
  windowMs,
} from './workload.ts'

const recordsPerBatch = 1_000
const headerBytes = 61
const attributesAt = 21
const packr = new Packr({ useRecords: false, variableMapSize: true })

interface Tables {
  readonly environment: RootDatabase<Buffer, Buffer>
  readonly log: Database<Buffer, Buffer>
  readonly positions: Database<Buffer, Buffer>
  readonly state: Database<Buffer, Buffer>
}

function openTables(dir: string): Tables {
  const environment = open<Buffer, Buffer>({
    path: dir,
    noSubdir: false,
    maxDbs: 8,
    encoding: 'binary',
    mapSize: 8 * 2 ** 30,
    overlappingSync: false,
  })
  const table = (name: string): Database<Buffer, Buffer> =>
    environment.openDB({ name, encoding: 'binary', keyEncoding: 'binary' })
  return { environment, log: table('log'), positions: table('positions'), state: table('state') }
}

function writeVarint(bytes: Buffer, at: number, value: number): number {
  let rest = ((value << 1) ^ (value >> 31)) >>> 0
  while (rest > 127) {
    bytes[at++] = (rest & 127) | 128
    rest >>>= 7
  }
  bytes[at++] = rest
  return at
}

function varintBytes(value: number): number {
  let rest = ((value << 1) ^ (value >> 31)) >>> 0
  let count = 1
  while (rest > 127) {
    rest >>>= 7
    count++
  }
  return count
}

class Batch {
  readonly #bytes = Buffer.allocUnsafe(1 << 23)
  #at = headerBytes
  #baseTimestamp = 0
  count = 0

  add(key: string, timestamp: number, value: unknown): void {
    if (this.count === 0) this.#baseTimestamp = timestamp
    const packed = packr.pack(value)
    const delta = timestamp - this.#baseTimestamp
    const length =
      2 +
      varintBytes(delta) +
      varintBytes(this.count) +
      varintBytes(key.length) +
      key.length +
      varintBytes(packed.length) +
      packed.length
    const bytes = this.#bytes
    let at = writeVarint(bytes, this.#at, length)
    bytes[at++] = 0
    at = writeVarint(bytes, at, delta)
    at = writeVarint(bytes, at, this.count)
    at = writeVarint(bytes, at, key.length)
    at += bytes.write(key, at, 'latin1')
    at = writeVarint(bytes, at, packed.length)
    bytes.set(packed, at)
    at += packed.length
    bytes[at++] = 0
    this.#at = at
    this.count++
  }

  take(baseOffset: number): Buffer {
    const bytes = this.#bytes
    bytes.writeBigInt64BE(BigInt(baseOffset), 0)
    bytes.writeBigInt64BE(BigInt(this.#baseTimestamp), 27)
    bytes.writeInt32BE(this.count, 57)
    bytes.writeUInt32BE(crc32c(bytes.subarray(attributesAt, this.#at)), 17)
    const batch = bytes.subarray(0, this.#at)
    this.#at = headerBytes
    this.count = 0
    return batch
  }
}

function batchKey(topic: number, baseOffset: number): Buffer {
  const key = Buffer.alloc(16)
  key.writeUInt32BE(topic, 0)
  key.writeBigUInt64BE(BigInt(baseOffset), 8)
  return key
}

/** Reads one batch after the other and hands out every record, decoded. */
class Decoder {
  #bytes: Buffer = Buffer.alloc(0)
  #at = 0

  #varint(): number {
    let byte = this.#bytes[this.#at++] as number
    if (byte < 128) return (byte >>> 1) ^ -(byte & 1)
    let rest = byte & 127
    let shift = 7
    do {
      byte = this.#bytes[this.#at++] as number
      rest |= (byte & 127) << shift
      shift += 7
    } while (byte > 127)
    return (rest >>> 1) ^ -(rest & 1)
  }

  /** Returns how many records the batch held. */
  read(
    log: Database<Buffer, Buffer>,
    offset: number,
    each: (key: string, timestamp: number, value: Click) => void,
  ): number {
    const shared = log.getBinaryFast(batchKey(1, offset)) as Buffer
    const bytes = Buffer.from(shared.buffer, shared.byteOffset, shared.length)
    if (crc32c(bytes.subarray(attributesAt)) !== bytes.readUInt32BE(17)) throw new Error(`corrupt batch at ${offset}`)
    const count = bytes.readInt32BE(57)
    const baseTimestamp = Number(bytes.readBigInt64BE(27))
    this.#bytes = bytes
    this.#at = headerBytes
    for (let i = 0; i < count; i++) {
      this.#varint()
      this.#at++
      const timestamp = baseTimestamp + this.#varint()
      this.#varint()
      const keyEnd = this.#varint() + this.#at
      const key = bytes.toString('latin1', this.#at, keyEnd)
      this.#at = keyEnd
      const valueEnd = this.#varint() + this.#at
      const value = packr.unpack(bytes, { start: this.#at, end: valueEnd }) as Click
      this.#at = valueEnd
      this.#varint()
      each(key, timestamp, value)
    }
    return count
  }
}

export async function produce({ dir, records, recordsPerCommit }: JobOptions): Promise<JobResult> {
  const { environment, log } = openTables(dir)
  const startedMs = performance.now()
  const batch = new Batch()
  for (let next = 0; next < records;) {
    const from = next
    next = environment.transactionSync(() => {
      let offset = from
      const commitEnd = Math.min(records, from + recordsPerCommit)
      while (offset < commitEnd) {
        const baseOffset = offset
        const batchEnd = Math.min(commitEnd, baseOffset + recordsPerBatch)
        for (; offset < batchEnd; offset++) batch.add(clickKey(offset), clickTimestamp(offset), clickValue(offset))
        log.putSync(batchKey(1, baseOffset), batch.take(baseOffset))
      }
      return offset
    })
  }
  const recordsPerSecond = records / ((performance.now() - startedMs) / 1_000)
  await environment.close()
  return { recordsPerSecond, fingerprint: String(records) }
}

export async function read({ dir, records }: JobOptions): Promise<JobResult> {
  const { environment, log } = openTables(dir)
  const decoder = new Decoder()
  const startedMs = performance.now()
  let total = 0
  const each = (key: string, timestamp: number, value: Click): void => {
    total += key.length + value.ms + (timestamp & 1)
  }
  for (let position = 0; position < records;) position += decoder.read(log, position, each)
  const recordsPerSecond = records / ((performance.now() - startedMs) / 1_000)
  await environment.close()
  return { recordsPerSecond, fingerprint: String(total) }
}

interface Row {
  readonly start: number
  readonly page: string
  count: number
  timestamp: number
}

export async function count({ dir, records, recordsPerCommit }: JobOptions): Promise<JobResult> {
  const { environment, log, positions, state } = openTables(dir)
  const source = new Subject<{ key: string; timestamp: number; value: Click }>()
  const windows = new Map<number, Map<string, Row>>()
  const dirty = new Set<Row>()
  const output = new Batch()
  let outputOffset = 0
  source
    .pipe(
      filter(({ value }) => value.status === 200),
      map(({ value, timestamp }) => ({ key: value.page, value, timestamp })),
    )
    .subscribe(({ key: page, timestamp }) => {
      const start = timestamp - (timestamp % windowMs)
      let pages = windows.get(start)
      if (pages === undefined) windows.set(start, (pages = new Map()))
      let row = pages.get(page)
      if (row === undefined) pages.set(page, (row = { start, page, count: 0, timestamp: 0 }))
      row.count++
      if (timestamp > row.timestamp) row.timestamp = timestamp
      dirty.add(row)
      output.add(page, row.timestamp, { window: start, count: row.count })
    })
  const decoder = new Decoder()
  const each = (key: string, timestamp: number, value: Click): void => source.next({ key, timestamp, value })
  const startedMs = performance.now()
  for (let position = 0; position < records;) {
    const from = position
    while (position - from < recordsPerCommit && position < records) position += decoder.read(log, position, each)
    environment.transactionSync(() => {
      if (output.count > 0) {
        const added = output.count
        log.putSync(batchKey(10, outputOffset), output.take(outputOffset))
        outputOffset += added
      }
      for (const row of dirty) {
        const key = Buffer.allocUnsafe(8 + row.page.length)
        key.writeDoubleBE(row.start, 0)
        key.write(row.page, 8, 'latin1')
        state.putSync(key, packr.pack([row.count, row.timestamp]))
      }
      positions.putSync(Buffer.from('count'), batchKey(1, position))
    })
    dirty.clear()
  }
  const recordsPerSecond = records / ((performance.now() - startedMs) / 1_000)
  await environment.close()
  const rows = [...windows.values()].flatMap((pages) => [...pages.values()])
  return { recordsPerSecond, fingerprint: fingerprintOf(rows.map((row) => [row.start, row.page, row.count] as const)) }
}
