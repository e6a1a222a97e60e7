/**
 * The click count by hand: the ceiling that millrace measures itself against.
 *
 * Same libraries and the same promises (record batches with a checksum that is checked on read, MessagePack values, RxJS
 * operators, one durable transaction for state, outputs and position), but one partition, state in plain Maps, and every
 * shortcut that a single program may take.
 */
import { filter, map, Subject } from 'rxjs'
import { type Click, fingerprintOf, type JobOptions, type JobResult, windowMs } from '../workload.ts'
import { Batch, packr } from './batch.ts'
import { Decoder } from './decoder.ts'
import { batchKey, openTables } from './tables.ts'

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
