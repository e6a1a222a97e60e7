/**
 * The row that summarises the catalogue: how many topics and stores there are, and which ids come next.
 *
 * A row that damage hides looks like one that was never written, and a topic that is created again begins at offset 0.
 * So the rows of the catalogue are counted, and a digest tells an old row from the newest.
 */
import { readInt32, readInt64, writeInt32, writeInt64 } from '../../core/bytes.ts'
import { noRows, type RowSum } from './row-sum.ts'

export interface CatalogueRow {
  /** Raised by every change of a topic. */
  readonly version: number
  /** Of the next topic or store: ids are never used again. */
  readonly nextId: number
  readonly nextProducerId: number
  /** Of the next start of an application. */
  readonly nextEpoch: number
  readonly topics: RowSum
  readonly stores: RowSum
}

/** Of a log without topics. */
export const emptyCatalogue: CatalogueRow = {
  version: 0,
  nextId: 1,
  nextProducerId: 0,
  nextEpoch: 1,
  topics: noRows,
  stores: noRows,
}

const rowBytes = 44

export function encodeCatalogue(catalogue: CatalogueRow): Buffer {
  const { version, nextId, nextProducerId, nextEpoch, topics, stores } = catalogue
  const row = Buffer.allocUnsafe(rowBytes)
  writeInt64(row, 0, version)
  writeInt64(row, 8, nextProducerId)
  writeInt64(row, 16, nextEpoch)
  writeInt32(row, 24, nextId)
  writeInt32(row, 28, topics.count)
  writeInt32(row, 32, topics.digest)
  writeInt32(row, 36, stores.count)
  writeInt32(row, 40, stores.digest)
  return row
}

/** Undefined when the bytes are not such a row. */
export function decodeCatalogue(row: Buffer): CatalogueRow | undefined {
  if (row.length !== rowBytes) return undefined
  return {
    version: readInt64(row, 0),
    nextProducerId: readInt64(row, 8),
    nextEpoch: readInt64(row, 16),
    nextId: readInt32(row, 24),
    topics: { count: readInt32(row, 28), digest: readInt32(row, 32) },
    stores: { count: readInt32(row, 36), digest: readInt32(row, 40) },
  }
}
