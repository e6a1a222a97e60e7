/**
 * The file of a new log: LMDB's own layout of an environment with databases that hold nothing, as of its first commit.
 *
 * LMDB makes a database only inside a transaction that code of ours has to be in the middle of, and a worker thread may
 * be terminated in the middle (docs/decisions/0012-no-code-under-lmdbs-mutex.md). Three pages that are written as they
 * are need no transaction. A test holds them against those that LMDB makes.
 */
import { emptyMeta, pageHeaderBytes, pageHeader, rootedMeta } from './meta-pages.ts'

const leafPage = 0x02
/** Of a row that holds a database. */
const databaseRow = 0x02
const rowHeaderBytes = 8
/** What LMDB keeps of a database: its last field says where its tree begins. */
const databaseBytes = 48
const noRoot = 0xffff_ffff_ffff_ffffn

/** @param names of the databases */
export function emptyDataFile(names: readonly string[], pageBytes: number): Buffer {
  const page = Buffer.alloc(pageBytes)
  // LMDB stores names with the zero byte that ends them.
  const keys = names.map((name) => Buffer.from(`${name}\0`)).toSorted((a, b) => Buffer.compare(a, b))
  pageHeader(page, { number: 2, transaction: 1, flags: leafPage })
  let start = pageBytes
  keys.forEach((key, index) => {
    start -= (rowHeaderBytes + key.length + databaseBytes + 1) & ~1
    page.writeUInt16LE(databaseBytes, start)
    page.writeUInt16LE(databaseRow, start + 4)
    page.writeUInt16LE(key.length, start + 6)
    key.copy(page, start + rowHeaderBytes)
    page.writeBigUInt64LE(noRoot, start + rowHeaderBytes + key.length + databaseBytes - 8)
    page.writeUInt16LE(start - pageHeaderBytes, pageHeaderBytes + 2 * index)
  })
  page.writeUInt16LE(2 * keys.length, 20)
  page.writeUInt16LE(start - pageHeaderBytes, 22)
  return Buffer.concat([emptyMeta(pageBytes), rootedMeta(pageBytes, keys.length), page])
}
